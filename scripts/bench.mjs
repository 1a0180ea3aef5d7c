/**
 * `npm run bench`: builds the benchmark (bench/) and runs it with the same arguments: --json FILE, --case nano|small,
 * --engine wasm|tfjs-wasm|torch-cpu.
 */
import { join } from 'node:path';
import { ensureInstalled, root, run, runPackage } from './install.mjs';

ensureInstalled();
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
process.exit(
  run(process.execPath, [join(root, 'build', 'bench', 'run.js'), ...process.argv.slice(2)], { cwd }),
);
