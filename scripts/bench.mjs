/**
 * `npm run bench`: builds the benchmark (bench/) and runs it with the same arguments; bench/run.ts says which. Where
 * the GPU is asked for and the machine has none, a Chromium's SwiftShader is used. `--serve`: bench-serve.mjs instead;
 * `--import`: bench-import.mjs.
 */
import { join } from 'node:path';
import { benchImport } from './bench-import.mjs';
import { benchServe } from './bench-serve.mjs';
import { ensureInstalled, root, run, runPackage } from './install.mjs';
import { softwareGpuEnv } from './software-gpu.mjs';

ensureInstalled();
if (process.argv.includes('--import')) process.exit(await benchImport(process.argv.slice(2)));
if (process.argv.includes('--serve')) process.exit(await benchServe(process.argv.slice(2)));
const code = runPackage(
  'vite/bin/vite.js',
  ['build', '--config', 'bench/vite.config.ts', '--logLevel', 'warn'],
  { stdio: ['ignore', 2, 2] },
);
if (code !== 0) {
  console.error('The build failed; the lines above say where.');
  process.exit(1);
}
const cwd = process.env.INIT_CWD ?? process.cwd();
const args = process.argv.slice(2);
const env = { ...process.env };
// The Vulkan loader reads its variables when a process starts.
const hasGpu = () => run(process.execPath, [join(root, 'scripts', 'has-gpu.mjs')], { stdio: 'ignore' }) === 0;
if ((args.includes('--gpu') || args.includes('--memory')) && !hasGpu()) Object.assign(env, softwareGpuEnv());
process.exit(run(process.execPath, [join(root, 'build', 'bench', 'run.js'), ...args], { cwd, env }));
