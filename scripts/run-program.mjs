/**
 * Runs the terminal's bundled program as its own process, with the GPU that it is to see. Uses nothing but Node
 * itself: it is in the package too (scripts/package.mjs).
 */
import { spawn, spawnSync } from 'node:child_process';
import { constants } from 'node:os';
import { join } from 'node:path';
import { gpuWish } from './gpu-wish.mjs';
import { softwareGpuEnv } from './software-gpu.mjs';

/**
 * Ends this process as the program ends.
 * @param {string} program Its file.
 * @param {readonly string[]} args
 * @param {Record<string, string>} more Variables of its environment.
 */
export function runProgram(program, args, more = {}) {
  // The Vulkan loader reads its variables when a process starts, so a machine without a driver is found out here. Asked
  // for WebGPU by name, a Chromium's SwiftShader will do; else the program is told not to look again.
  const wish = gpuWish(args);
  const env = { ...process.env, ...more };
  if (wish !== 'none' && !hasGpu()) {
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
}

function hasGpu() {
  const probe = join(import.meta.dirname, 'has-gpu.mjs');
  return spawnSync(process.execPath, [probe], { stdio: 'ignore' }).status === 0;
}
