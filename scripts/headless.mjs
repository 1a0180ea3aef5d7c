/**
 * `npm run headless -- COMMAND …`: the studio's job from a terminal. Installs and builds what is missing, then runs
 * the bundled program (src/headless/main.ts) with the same arguments, standard input and exit code.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { gpuWish } from './gpu-wish.mjs';
import { ensureInstalled, root, run, runPackage } from './install.mjs';
import { softwareGpuEnv } from './software-gpu.mjs';

/** What the build itself writes below `src`. */
const generated = join(root, 'src', 'engine', 'wasm', 'generated');

/** The time of the newest change below a path. */
function newest(path) {
  if (path === generated) return 0;
  const stat = statSync(path);
  if (!stat.isDirectory()) return stat.mtimeMs;
  return Math.max(stat.mtimeMs, ...readdirSync(path).map((name) => newest(join(path, name))));
}

ensureInstalled();
const program = join(root, 'build', 'headless', 'main.js');
const stamp = join(root, 'build', 'headless', 'built');
const sources = [
  'src',
  'scripts/build-kernels.mjs',
  'vite.headless.config.ts',
  'vite.demo.config.ts',
  'package-lock.json',
].map((path) => join(root, path));
const builtAt = existsSync(stamp) && existsSync(program) ? statSync(stamp).mtimeMs : 0;
if (sources.some((path) => newest(path) > builtAt)) {
  const startedAt = new Date();
  for (const config of ['vite.headless.config.ts', 'vite.demo.config.ts']) {
    const code = runPackage(
      'vite/bin/vite.js',
      ['build', '--config', config, '--logLevel', 'warn'],
      // Standard output is for results alone.
      { stdio: ['ignore', 2, 2] },
    );
    if (code !== 0) {
      console.error('The build failed; the lines above say where.');
      process.exit(1);
    }
  }
  mkdirSync(join(root, 'build', 'headless'), { recursive: true });
  writeFileSync(stamp, startedAt.toISOString());
  // The time before the build: what was edited meanwhile may not be in it.
  utimesSync(stamp, startedAt, startedAt);
}

// The Vulkan loader reads its variables when a process starts, so a machine without a driver is found out here. Asked
// for WebGPU by name, a Chromium's SwiftShader will do; else the program is told not to look again.
const args = process.argv.slice(2);
const wish = gpuWish(args);
const env = { ...process.env };
if (
  wish !== 'none' &&
  run(process.execPath, [join(root, 'scripts', 'has-gpu.mjs')], { stdio: 'ignore' }) !== 0
) {
  Object.assign(env, wish === 'named' ? softwareGpuEnv() : { STILLROOM_GPU: 'none' });
}

// npm runs scripts in the project's root; paths are meant from where the person is.
const cwd = process.env.INIT_CWD ?? process.cwd();
// The channel tells the program when we are gone, however we ended.
const child = spawn(process.execPath, [program, ...args], {
  cwd,
  env,
  stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
});
// Ctrl+C reaches the program from the terminal, which signals the whole group; it decides what to end, and we wait for
// its exit code. (npm passes on the same signal once more, to us alone.) Other signals come to us alone.
process.on('SIGINT', () => undefined);
for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
child.once('error', (error) => {
  console.error(`Could not start ${process.execPath}: ${error.message}`);
  process.exit(1);
});
child.once('exit', (code, signal) => process.exit(code ?? 128 + constants.signals[signal]));
