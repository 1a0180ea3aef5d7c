/**
 * `npm start`: installs what is missing, builds, serves and opens the studio.
 * Options: --port N (default 4173, the next free one where it is taken), --no-open.
 */
import { parseArgs } from 'node:util';
import { ensureInstalled, root, runPackage } from './install.mjs';

const { values } = parseArgs({
  options: { port: { type: 'string', default: '4173' }, 'no-open': { type: 'boolean', default: false } },
});

ensureInstalled();
console.log('Building the studio …');
if (runPackage('vite/bin/vite.js', ['build', '--logLevel', 'warn']) !== 0) {
  console.error('The build failed; the lines above say where.');
  process.exit(1);
}

const hasDisplay =
  process.platform !== 'linux' || Boolean(process.env.DISPLAY ?? process.env.WAYLAND_DISPLAY);
const { preview } = await import('vite');
const server = await preview({
  root,
  preview: { port: Number(values.port), open: hasDisplay && !values['no-open'] },
});
const url = server.resolvedUrls?.local[0] ?? `http://localhost:${values.port}/`;
console.log(`Stillroom is at ${url}  (Ctrl+C ends it)`);
