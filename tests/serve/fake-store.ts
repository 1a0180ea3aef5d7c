/** Cloud Storage's JSON API as far as a server reads it: a folder's files as objects of a bucket, listed by pages. */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import type { AddressInfo } from 'node:net';

export interface FakeStore {
  /** What `STORAGE_EMULATOR_HOST` is set to. */
  host: string;
  /** Answers what was held back until now, and all that comes. */
  release: () => void;
  /** What is spoilt on its way: bits of one byte of every file, or its last byte is lost. */
  spoil: 'bits' | 'end' | null;
  /** The `Authorization` headers that came. */
  tokens: string[];
  close: () => Promise<void>;
}

const objectsOfPage = 2;

/** Serves the files of a folder as `gs://bucket/prefix/…`; each request waits for `release`. */
export async function startFakeStore(folder: string, bucket: string, prefix: string): Promise<FakeStore> {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => name.replaceAll('\\', '/'))
    .filter((name) => statSync(join(folder, name)).isFile());
  let release = (): void => undefined;
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  const tokens: string[] = [];
  const api = `/storage/v1/b/${bucket}/o`;
  const server = createServer((request, response) => {
    const { authorization } = request.headers;
    if (authorization !== undefined) tokens.push(authorization);
    const url = new URL(request.url ?? '', 'http://store');
    void released.then(() => {
      if (url.pathname === api) {
        const asked = url.searchParams.get('prefix') ?? '';
        const found = names.map((name) => `${prefix}/${name}`).filter((name) => name.startsWith(asked));
        const at = Number(url.searchParams.get('pageToken') ?? 0);
        const next = at + objectsOfPage;
        response.setHeader('Content-Type', 'application/json');
        response.end(
          JSON.stringify({
            items: found.slice(at, next).map((name) => ({
              name,
              ...stored(readFileSync(join(folder, name.slice(prefix.length + 1)))),
            })),
            ...(next < found.length ? { nextPageToken: String(next) } : {}),
          }),
        );
        return;
      }
      const object = decodeURIComponent(url.pathname.slice(api.length + 1));
      const name = object.slice(prefix.length + 1);
      if (!url.pathname.startsWith(`${api}/`) || !names.includes(name)) {
        response.statusCode = 404;
        response.end();
        return;
      }
      const bytes = readFileSync(join(folder, name));
      if (store.spoil === 'bits') bytes[bytes.length >> 1]! ^= 4;
      response.end(store.spoil === 'end' ? bytes.subarray(0, -1) : bytes);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const store: FakeStore = {
    spoil: null,
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    release,
    tokens,
    close: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
  return store;
}

/** What a listing says of an object. */
function stored(bytes: Buffer): { size: string; md5Hash: string } {
  return { size: String(bytes.length), md5Hash: createHash('md5').update(bytes).digest('base64') };
}
