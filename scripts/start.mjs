/**
 * `npm start`: installs what is missing, builds, serves and opens the studio. A studio that is served already is opened
 * instead: beside it a second one, at another address, would have a store of its own and show none of the runs.
 * Options: --port N (default 7876, the next free one where another program has it), --no-open.
 */
import { createServer } from 'node:net';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ensureInstalled, root, run, runPackage } from './install.mjs';

/** The studio's own: what a browser stores belongs to the port, and Vite's would be shared with other projects. */
const ownPort = 7876;
const portsToTry = 20;

const { values } = parseArgs({
  options: {
    port: { type: 'string', default: String(ownPort) },
    'no-open': { type: 'boolean', default: false },
  },
});
const wanted = Number(values.port);
if (!Number.isInteger(wanted) || wanted < 1 || wanted > 65535) {
  console.error(`--port ${values.port} is not a port. Give a whole number from 1 to 65535.`);
  process.exit(1);
}
const hasDisplay =
  process.platform !== 'linux' || Boolean(process.env.DISPLAY ?? process.env.WAYLAND_DISPLAY);
const opens = hasDisplay && !values['no-open'];

let port = wanted;
for (; !(await isFree(port)); port += 1) {
  if (await isStudio(port)) {
    const url = `http://localhost:${port}/`;
    console.log(`Stillroom is served already, at ${url}. End that one first to start this copy of it.`);
    if (opens) openInBrowser(url);
    process.exit(0);
  }
  if (port === wanted + portsToTry) {
    console.error(`The ports ${wanted} to ${port} are all in use. Name a free one with --port N.`);
    process.exit(1);
  }
}

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
  preview: { port, strictPort: true, open: opens },
});
console.log(
  `Stillroom is at ${server.resolvedUrls?.local[0] ?? `http://localhost:${port}/`}  (Ctrl+C ends it)`,
);

/** Whether nothing listens on a port of this machine, by either kind of address. */
async function isFree(candidate) {
  for (const host of ['127.0.0.1', '::1']) {
    const taken = await new Promise((resolve) => {
      const probe = createServer();
      probe.once('error', (error) => resolve(error.code === 'EADDRINUSE' || error.code === 'EACCES'));
      probe.listen(candidate, host, () => probe.close(() => resolve(false)));
    });
    if (taken) return false;
  }
  return true;
}

/** Whether a studio answers there. */
async function isStudio(candidate) {
  try {
    const response = await fetch(`http://localhost:${candidate}/manifest.webmanifest`, {
      signal: AbortSignal.timeout(2000),
    });
    return response.ok && (await response.json()).name === 'Stillroom';
  } catch {
    return false;
  }
}

function openInBrowser(url) {
  const [program, ...args] =
    process.platform === 'darwin'
      ? ['open', url]
      : process.platform === 'win32'
        ? ['cmd', '/c', 'start', '""', url]
        : ['xdg-open', url];
  run(program, args, { stdio: 'ignore' });
}
