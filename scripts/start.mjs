/**
 * `npm start`: installs what is missing, builds, serves and opens the studio. A studio that is served already is opened
 * instead: beside it a second one, at another address, would have its own store and show none of the runs. Of several
 * starts at once one builds and serves; the others wait for it and open it.
 * Options: --port N (default 7876, the next free one where another program has it), --no-open.
 */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { ensureInstalled, root, runPackage } from './install.mjs';
import { ownFolder, removeLeft, takeTurn } from './start-lock.mjs';
import { findPort, listening, studioOptions } from './studio-place.mjs';

const options = studioOptions();
const buildFolder = join(root, 'build');
const letGo = await takeTurn(buildFolder);
await findPort(options);

ensureInstalled();
removeLeft(buildFolder);
console.log('Building the studio …');
const folder = ownFolder(buildFolder);
process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
process.once('SIGINT', () => process.exit(130));
const build = ['build', '--logLevel', 'warn', '--outDir', folder, '--emptyOutDir'];
if (runPackage('vite/bin/vite.js', build) !== 0) {
  console.error('The build failed; the lines above say where.');
  process.exit(1);
}
const { preview } = await import('vite');
const { served, port } = await listening(options, (port) =>
  preview({
    root,
    build: { outDir: folder },
    preview: { port, strictPort: true, open: options.opens },
  }),
);
letGo();
console.log(
  `Stillroom is at ${served.resolvedUrls?.local[0] ?? `http://localhost:${port}/`}  (Ctrl+C ends it)`,
);
