/** A static host as plain as they come: files under a subpath, no header of the studio's. */
import { createServer, type Server } from 'node:http';
import { readFileSync, statSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { extname, join, normalize } from 'node:path';

const types: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.json': 'application/json',
  '.wasm': 'application/wasm',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.woff2': 'font/woff2',
  '.webmanifest': 'application/manifest+json',
};

export interface PlainHost {
  /** `http://localhost:PORT/some/path/`. */
  address: string;
  /** Paths that were asked for. */
  asked: string[];
  /** Serves another folder from now on, as another project on the same port does; null answers 404 to everything. */
  serve(folder: string | null): void;
  close(): Promise<void>;
}

/** Serves `folder` under `/some/path/` on a free port. */
export async function openPlainHost(folder: string): Promise<PlainHost> {
  const prefix = '/some/path/';
  let served: string | null = folder;
  const asked: string[] = [];
  const server = createServer((request, response) => {
    const path = decodeURIComponent(new URL(request.url ?? '/', 'http://localhost').pathname);
    asked.push(path);
    const inside = normalize(path.slice(prefix.length) || 'index.html');
    const file = served === null || !path.startsWith(prefix) ? null : join(served, inside);
    if (file === null || inside.startsWith('..') || !statSync(file, { throwIfNoEntry: false })?.isFile()) {
      response.writeHead(404, { 'Content-Type': 'text/plain' }).end('not here');
      return;
    }
    response.writeHead(200, { 'Content-Type': types[extname(file)] ?? 'application/octet-stream' });
    response.end(readFileSync(file));
  });
  await listen(server);
  return {
    address: new URL(prefix, addressOf(server)).href,
    asked,
    serve: (next) => {
      served = next;
    },
    close: () => closed(server),
  };
}

/** A server of another origin that answers everybody (CORS and CORP open), and counts who asked. */
export async function openOpenServer(): Promise<{
  address: string;
  asked: () => number;
  close: () => Promise<void>;
}> {
  let asked = 0;
  const server = createServer((_, response) => {
    asked += 1;
    response.writeHead(200, {
      'Access-Control-Allow-Origin': '*',
      'Cross-Origin-Resource-Policy': 'cross-origin',
    });
    response.end('taken');
  });
  await listen(server);
  return { address: addressOf(server), asked: () => asked, close: () => closed(server) };
}

function listen(server: Server): Promise<void> {
  return new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
}

function addressOf(server: Server): string {
  return `http://localhost:${(server.address() as AddressInfo).port}/`;
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.closeAllConnections();
    server.close(() => resolve());
  });
}
