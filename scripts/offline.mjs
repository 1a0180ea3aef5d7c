/**
 * A Vite plugin that writes what a static host needs beside the built studio: the service worker (`offline-worker.js`
 * with the list of all files of the build, the headers and a version that changes when any of them does), and
 * `_headers` for the hosts that read it (Netlify, Cloudflare Pages).
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { frameHeaders, hostHeaders, securityHeaders } from './headers.mjs';

const source = join(import.meta.dirname, 'offline-worker.js');

/** What is of use to a host or to the browser, never to the page. */
const servedOnly = ['service-worker.js', '_headers'];

/** What few visits need, or has megabytes: kept when it was fetched for the first time, not before. */
const isLate = (path) => /^assets\/(?:ort-wasm-|model\.worker|kernels-relaxed)/.test(path);

/** The files of a folder, as addresses below it, each with a hash of its bytes; sorted. */
function hashedFiles(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .map((file) => ({
      path: file.slice(folder.length + 1).replaceAll('\\', '/'),
      hash: createHash('sha256').update(readFileSync(file)).digest('hex'),
    }))
    .filter(({ path }) => !servedOnly.includes(path) && !path.endsWith('.map'))
    .sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** The worker's text for a built folder. */
export function serviceWorkerOf(folder) {
  const files = hashedFiles(folder);
  const text = readFileSync(source, 'utf8');
  const whole = createHash('sha256').update(text);
  for (const { path, hash } of files) whole.update(`${path} ${hash}\n`);
  // The page is asked for by its folder's address, never by its file's name.
  const early = files.filter(({ path }) => !isLate(path));
  const paths = early.map(({ path }) => (path === 'index.html' ? './' : path));
  const latePaths = files.map(({ path }) => path).filter(isLate);
  const headers = securityHeaders({ development: false });
  const pages = frameHeaders();
  whole.update(JSON.stringify([headers, pages]));
  return [
    `const version = '${whole.digest('hex').slice(0, 12)}';`,
    `const files = ${JSON.stringify(paths, null, 1)};`,
    `const lateFiles = ${JSON.stringify(latePaths, null, 1)};`,
    `const headers = ${JSON.stringify(headers, null, 1)};`,
    `const headersOfFrames = ${JSON.stringify(pages, null, 1)};`,
    text,
  ].join('\n');
}

export function offline() {
  let folder = '';
  return {
    name: 'stillroom-offline',
    apply: 'build',
    configResolved(config) {
      folder = resolve(config.root, config.build.outDir);
    },
    // After the files of public/ were copied, too.
    closeBundle() {
      writeFileSync(join(folder, 'service-worker.js'), serviceWorkerOf(folder));
      writeFileSync(join(folder, '_headers'), hostHeaders());
    },
  };
}
