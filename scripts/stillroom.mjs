#!/usr/bin/env node
/**
 * `npx stillroom` of the package: without a command it serves the built studio and opens it (--port N, --no-open); with
 * one it is the terminal's door (`npx stillroom train …`). Uses nothing but Node itself and the files beside it.
 */
import { createReadStream, readFileSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import { dirname, extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { securityHeaders } from './headers.mjs';
import { runProgram } from './run-program.mjs';
import { listening, openInBrowser, studioOptions } from './studio-place.mjs';

const folder = dirname(dirname(fileURLToPath(import.meta.url)));
const studio = join(folder, 'studio');
const args = process.argv.slice(2);
const [first] = args;

if (first === '--version') {
  console.log(JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')).version);
} else if (
  first === undefined ||
  first === '--port' ||
  first.startsWith('--port=') ||
  first === '--no-open'
) {
  await openStudio();
} else {
  runProgram(join(folder, 'terminal', 'main.js'), args, { STILLROOM_DOOR: 'npx stillroom' });
}

const types = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css',
  '.json': 'application/json',
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
  '.wasm': 'application/wasm',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.woff2': 'font/woff2',
  '.webmanifest': 'application/manifest+json',
  '.txt': 'text/plain; charset=utf-8',
};

/** The file that an address names; null where it names none within the studio. */
function fileOf(url) {
  try {
    const path = decodeURIComponent(new URL(url, 'http://localhost').pathname);
    const inside = normalize(path === '/' ? '/index.html' : path);
    const file = join(studio, inside);
    if (!file.startsWith(studio) || !statSync(file, { throwIfNoEntry: false })?.isFile()) return null;
    return { file, page: inside.slice(1).replaceAll('\\', '/') };
  } catch {
    // An address that is none.
    return null;
  }
}

async function openStudio() {
  const options = studioOptions(args);
  const server = createServer((request, response) => {
    const found = fileOf(request.url ?? '/');
    if (found === null || (request.method !== 'GET' && request.method !== 'HEAD')) {
      response.writeHead(found === null ? 404 : 405, { 'Content-Type': 'text/plain' }).end('not here');
      return;
    }
    const { file, page } = found;
    response.writeHead(200, {
      ...securityHeaders({ development: false, page }),
      'Content-Type': types[extname(file)] ?? 'application/octet-stream',
      'Content-Length': statSync(file).size,
      'Cache-Control': 'no-cache',
    });
    if (request.method === 'HEAD') response.end();
    else createReadStream(file).pipe(response);
  });
  // This machine alone.
  const { port } = await listening(
    options,
    (wanted) =>
      new Promise((resolve, reject) => {
        server.once('error', reject);
        server.listen(wanted, 'localhost', () => {
          server.off('error', reject);
          resolve();
        });
      }),
  );
  const url = `http://localhost:${port}/`;
  console.log(`Stillroom is at ${url}  (Ctrl+C ends it)`);
  if (options.opens) openInBrowser(url);
}
