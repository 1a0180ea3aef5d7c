/**
 * `npm start`: installs what is missing, builds, serves and opens the studio. A studio that is served already is opened
 * instead: beside it a second one, at another address, would have its own store and show none of the runs.
 * Options: --port N (default 7876, the next free one where another program has it), --no-open.
 */
import { join } from 'node:path';
import { ensureInstalled, root, runPackage } from './install.mjs';
import { findPort, studioOptions } from './studio-place.mjs';

const options = studioOptions();
const port = await findPort(options);

ensureInstalled();
console.log('Building the studio …');
// A folder for each port: no start replaces the files that another one serves.
const folder = join(root, 'build', `studio-${port}`);
const build = ['build', '--logLevel', 'warn', '--outDir', folder, '--emptyOutDir'];
if (runPackage('vite/bin/vite.js', build) !== 0) {
  console.error('The build failed; the lines above say where.');
  process.exit(1);
}
const { preview } = await import('vite');
const server = await preview({
  root,
  build: { outDir: folder },
  preview: { port, strictPort: true, open: options.opens },
});
console.log(
  `Stillroom is at ${server.resolvedUrls?.local[0] ?? `http://localhost:${port}/`}  (Ctrl+C ends it)`,
);
