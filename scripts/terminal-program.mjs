/** The terminal's program (src/headless/main.ts) and the program of demo pages, bundled where they are older than the sources. */
import { existsSync, mkdirSync, readdirSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root, runPackage } from './install.mjs';

/** What the build itself writes below `src`. */
const generated = join(root, 'src', 'engine', 'wasm', 'generated');

const folder = join(root, 'build', 'headless');

/** The time of the newest change below a path. */
function newest(path) {
  if (path === generated) return 0;
  const stat = statSync(path);
  if (!stat.isDirectory()) return stat.mtimeMs;
  return Math.max(stat.mtimeMs, ...readdirSync(path).map((name) => newest(join(path, name))));
}

/** @returns {string} The program's file, `main.js`; `assets/` and `demo.js` are beside it. Ends the process where the build fails. */
export function buildProgram() {
  const program = join(folder, 'main.js');
  const stamp = join(folder, 'built');
  const sources = [
    'src',
    'scripts/build-kernels.mjs',
    'vite.headless.config.ts',
    'vite.demo.config.ts',
    'package-lock.json',
  ].map((path) => join(root, path));
  const builtAt = existsSync(stamp) && existsSync(program) ? statSync(stamp).mtimeMs : 0;
  if (!sources.some((path) => newest(path) > builtAt)) return program;
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
  mkdirSync(folder, { recursive: true });
  writeFileSync(stamp, startedAt.toISOString());
  // The time before the build: what was edited meanwhile may not be in it.
  utimesSync(stamp, startedAt, startedAt);
  return program;
}
