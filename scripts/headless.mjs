/**
 * `npm run headless -- COMMAND …`: the studio's job from a terminal. Installs and builds what is missing, then runs
 * the bundled program (src/headless/main.ts) with the same arguments, standard input and exit code.
 */
import { existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ensureInstalled, root, run, runPackage } from './install.mjs';
import { softwareGpuEnv } from './software-gpu.mjs';

/** The time of the newest change below a path. */
function newest(path) {
  const stat = statSync(path);
  if (!stat.isDirectory()) return stat.mtimeMs;
  return Math.max(stat.mtimeMs, ...readdirSync(path).map((name) => newest(join(path, name))));
}

ensureInstalled();
const program = join(root, 'build', 'headless', 'main.js');
const stamp = join(root, 'build', 'headless', 'built');
const sources = ['src', 'vite.headless.config.ts', 'package-lock.json'].map((path) => join(root, path));
const builtAt = existsSync(stamp) && existsSync(program) ? statSync(stamp).mtimeMs : 0;
if (sources.some((path) => newest(path) > builtAt)) {
  const startedAt = new Date();
  const code = runPackage(
    'vite/bin/vite.js',
    ['build', '--config', 'vite.headless.config.ts', '--logLevel', 'warn'],
    // Standard output is for results alone.
    { stdio: ['ignore', 2, 2] },
  );
  if (code !== 0) {
    console.error('The build failed; the lines above say where.');
    process.exit(1);
  }
  mkdirSync(join(root, 'build', 'headless'), { recursive: true });
  writeFileSync(stamp, startedAt.toISOString());
}

// Asked for WebGPU by name on a machine without a GPU driver: a Chromium's SwiftShader will do. The loader reads these
// variables when the process starts, so they are set before it does.
const args = process.argv.slice(2);
const asksForGpu = args.some(
  (arg, index) => arg === '--backend=webgpu' || (arg === '--backend' && args[index + 1] === 'webgpu'),
);
const software =
  asksForGpu && run(process.execPath, [join(root, 'scripts', 'has-gpu.mjs')], { stdio: 'ignore' }) !== 0
    ? softwareGpuEnv()
    : null;

// npm runs scripts in the project's root; paths are meant from where the person is.
const cwd = process.env.INIT_CWD ?? process.cwd();
process.exit(run(process.execPath, [program, ...args], { cwd, env: { ...process.env, ...software } }));
