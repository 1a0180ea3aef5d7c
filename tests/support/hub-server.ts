/**
 * A model hub for tests, on two origins as the real one: the hub, and where large files lie, which it sends on to. It
 * answers what Hugging Face's client asks (2.17), and does on demand what goes wrong in life.
 */
import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What a request was, as `GET /path bytes=0- token`. */
export interface HubRequest {
  at: 'hub' | 'cdn';
  method: string;
  path: string;
  range: string | null;
  authorization: string | null;
}

export interface HubServer {
  url: string;
  /** Where the large files are. */
  cdnUrl: string;
  requests: HubRequest[];
  /** The commit of a repository's branch, else of its main. */
  commitOf(name: string, branch?: string): string;
  /** What a repository's main holds now; null where there is none. */
  filesOf(name: string): ReadonlyMap<string, Uint8Array> | null;
  /** Whether a repository that was made is private. */
  isPrivate(name: string): boolean;
  /** Somebody else commits to a repository. */
  commitBeside(name: string): void;
  /** Of the next answers so many break off: the first after so many bytes, the others at once. */
  breakAfter(bytes: number, times?: number): void;
  /** Answers with more bytes than this stop after so many; null lets them continue. */
  holdAfter(bytes: number | null): void;
  /** The next requests of paths that end so are answered with this status; null ends it. */
  refuse(status: number | null, pathEnd?: string): void;
  /** Large files that are sent break off in the middle: a browser itself tries some of them again. */
  breakUploads(areBroken: boolean): void;
  /** Large files that are sent are not read to their end until this is ended. */
  holdUploads(isHeld: boolean): void;
  /** Large files come with one byte changed. */
  damage(isDamaged: boolean): void;
  /** Ranges are not answered: the whole file comes. */
  withoutRanges(): void;
  close(): Promise<void>;
}

export interface HubRepository {
  files: ReadonlyMap<string, Uint8Array>;
  /** Read with this token alone. */
  token?: string;
  license?: string;
  /** Files of other branches than main, by their names. */
  branches?: Readonly<Record<string, ReadonlyMap<string, Uint8Array>>>;
}

/** Files from this size on lie on the other origin, and are listed with their SHA-256. */
const largeBytes = 100_000;

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
const gitSha1 = (bytes: Uint8Array): string =>
  createHash('sha1').update(`blob ${bytes.length}\0`).update(bytes).digest('hex');

/**
 * @param repositories By name; those of rows begin with `datasets/`.
 * @param writingToken What may make and change repositories; others only read.
 * @param hasOneOrigin Large files come from the hub's own origin, as from a mirror.
 */
export async function startHub(
  repositories: Readonly<Record<string, HubRepository>>,
  hasOneOrigin = false,
  writingToken: string | null = null,
): Promise<HubServer> {
  const requests: HubRequest[] = [];
  const blobs = new Map<string, Uint8Array>();
  /** By `name branch`; a commit of every branch, the newest. */
  const commits = new Map<string, { id: string; files: ReadonlyMap<string, Uint8Array> }>();
  const made = new Map<string, HubRepository & { isPrivate: boolean }>();
  const keep = (key: string, files: ReadonlyMap<string, Uint8Array>): string => {
    const id = createHash('sha1')
      .update(`${key} ${commits.get(key)?.id ?? ''}`)
      .digest('hex');
    commits.set(key, { id, files });
    for (const bytes of files.values()) blobs.set(sha256(bytes), bytes);
    return id;
  };
  for (const [name, { files, branches = {} }] of Object.entries(repositories)) {
    keep(`${name} main`, files);
    for (const [branch, some] of Object.entries(branches)) keep(`${name} ${branch}`, some);
  }
  let breaks = { bytes: 0, times: 0 };
  let heldBytes = Infinity;
  let held: (() => void)[] = [];
  let refusal: { status: number; pathEnd: string } | null = null;
  let brokenUploads = false;
  let heldUploads = false;
  let isDamaged = false;
  let hasRanges = true;
  let cdnUrl = '';

  const json = (response: ServerResponse, status: number, body: unknown, code?: string): void => {
    response.writeHead(status, {
      'Content-Type': 'application/json',
      ...(code === undefined ? {} : { 'X-Error-Code': code }),
    });
    response.end(JSON.stringify(body));
  };

  const send = (request: IncomingMessage, response: ServerResponse, whole: Uint8Array): void => {
    let part = whole;
    const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '');
    if (range !== null && hasRanges) {
      const first = Number(range[1]);
      const last = range[2] === '' ? whole.length - 1 : Math.min(Number(range[2]), whole.length - 1);
      part = whole.subarray(first, last + 1);
      response.statusCode = 206;
      response.setHeader('Content-Range', `bytes ${first}-${last}/${whole.length}`);
    }
    response.setHeader('ETag', `"${sha256(whole)}"`);
    response.setHeader('Content-Length', part.length);
    if (part.length > heldBytes) {
      response.write(part.subarray(0, heldBytes));
      const rest = part.subarray(heldBytes);
      held.push(() => response.end(rest));
      return;
    }
    if (breaks.times > 0 && part.length > breaks.bytes) {
      const sent = part.subarray(0, breaks.bytes);
      breaks = { bytes: 0, times: breaks.times - 1 };
      // Through to the other end before the line is cut.
      response.write(sent, () => setImmediate(() => response.destroy()));
      return;
    }
    response.end(part);
  };

  const hear = (at: HubRequest['at'], request: IncomingMessage, response: ServerResponse): string | null => {
    const path = decodeURIComponent(new URL(request.url ?? '/', 'http://hub').pathname);
    const { range, authorization } = request.headers;
    // As the real ones: pages of any origin are let in.
    response.setHeader('Access-Control-Allow-Origin', '*');
    response.setHeader('Access-Control-Allow-Headers', 'Authorization, Content-Type, Range, Accept');
    response.setHeader('Access-Control-Allow-Methods', 'GET, POST, PUT');
    response.setHeader(
      'Access-Control-Expose-Headers',
      'Content-Range, ETag, Link, X-Error-Code, X-Linked-Size, X-Linked-ETag, X-Repo-Commit',
    );
    if (request.method === 'OPTIONS') {
      response.end();
      return null;
    }
    requests.push({
      at,
      method: request.method ?? '',
      path,
      range: range ?? null,
      authorization: authorization ?? null,
    });
    if (refusal === null || !path.endsWith(refusal.pathEnd)) return path;
    json(response, refusal.status, { error: 'refused' });
    return null;
  };

  const sendLarge = (request: IncomingMessage, response: ServerResponse, path: string): void => {
    const bytes = blobs.get(path.split('/').at(-1)!);
    if (bytes === undefined) {
      json(response, 404, {});
      return;
    }
    if (!isDamaged) {
      send(request, response, bytes);
      return;
    }
    const damaged = Uint8Array.from(bytes);
    damaged[damaged.length >> 1]! ^= 1;
    send(request, response, damaged);
  };

  const bodyOf = async (request: IncomingMessage): Promise<Buffer> => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    return Buffer.concat(chunks);
  };

  const cdn = createServer((request, response) => {
    const path = hear('cdn', request, response);
    if (path === null) return;
    if (request.method !== 'PUT') {
      sendLarge(request, response, path);
      return;
    }
    void bodyOf(request).then((bytes) => {
      const isWhole = path.endsWith(sha256(bytes));
      if (isWhole) blobs.set(sha256(bytes), bytes);
      json(response, isWhole ? 200 : 400, {});
    });
  });

  const typeOf = (files: ReadonlyMap<string, Uint8Array>): unknown => {
    const config = files.get('config.json');
    return config && (JSON.parse(Buffer.from(config).toString()) as Record<string, unknown>)['model_type'];
  };

  const search = (asked: URLSearchParams): unknown[] =>
    [...commits]
      .filter(([key, { files }]) => {
        const [name = ''] = key.split(' ');
        const words = asked.get('search') ?? '';
        return !name.startsWith('datasets/') && name.includes(words) && typeOf(files) === asked.get('filter');
      })
      .map(([key], index) => ({
        _id: key,
        id: key.split(' ')[0],
        private: false,
        gated: false,
        likes: 0,
        downloads: 100 - index,
        lastModified: '2026-01-01T00:00:00.000Z',
        safetensors: { total: 1000 },
      }));

  /** Makes and changes repositories; null where the request is none of these. */
  const write = async (request: IncomingMessage, response: ServerResponse, path: string): Promise<void> => {
    if (writingToken === null || request.headers.authorization !== `Bearer ${writingToken}`) {
      json(response, 401, { error: 'Invalid username or password.' });
      return;
    }
    const body = await bodyOf(request);
    if (path === '/api/repos/create') {
      const asked = JSON.parse(body.toString()) as Record<'name' | 'organization' | 'visibility', string>;
      const name = `${asked.organization}/${asked.name}`;
      if (commits.has(`${name} main`)) {
        json(response, 409, { error: 'You already created this model repo' });
        return;
      }
      const isPrivate = asked.visibility === 'private';
      made.set(name, { files: new Map(), isPrivate, ...(isPrivate ? { token: writingToken } : {}) });
      keep(`${name} main`, new Map());
      json(response, 200, { url: `${url}/${name}`, id: name });
      return;
    }
    const [, name = ''] = /^(?:\/api\/models)?\/([^/]+\/[^/.]+)/.exec(path) ?? [];
    const head = commits.get(`${name} main`);
    if (head === undefined) {
      json(response, 404, { error: 'Repository not found' }, 'RepoNotFound');
      return;
    }
    if (path.includes('/preupload/')) {
      const { files } = JSON.parse(body.toString()) as { files: { path: string; size: number }[] };
      const modes = files.map(({ path: file, size }) => ({
        path: file,
        shouldIgnore: false,
        uploadMode: size < largeBytes ? 'regular' : 'lfs',
      }));
      json(response, 200, { files: modes });
    } else if (path.endsWith('/objects/batch')) {
      const { objects } = JSON.parse(body.toString()) as { objects: { oid: string; size: number }[] };
      const wanted = objects.map((one) =>
        blobs.has(one.oid) ? one : { ...one, actions: { upload: { href: `${cdnUrl}/${one.oid}` } } },
      );
      json(response, 200, { transfer: 'basic', objects: wanted });
    } else {
      type Value = Record<'path' | 'content' | 'oid' | 'parentCommit', string>;
      const lines = body
        .toString()
        .split('\n')
        .map((line) => JSON.parse(line) as { key: string; value: Value });
      const parent = lines[0]?.value.parentCommit;
      if (parent !== undefined && parent !== head.id) {
        json(response, 412, { error: 'A commit has happened since. Please refresh and try again.' });
        return;
      }
      const files = new Map(head.files);
      for (const { key, value } of lines) {
        if (key === 'file') files.set(value.path, Buffer.from(value.content, 'base64'));
        if (key === 'lfsFile') files.set(value.path, blobs.get(value.oid)!);
      }
      const commitOid = keep(`${name} main`, files);
      json(response, 200, { commitOid, commitUrl: `${url}/${name}/commit/${commitOid}`, hookOutput: '' });
    }
  };

  const hub = createServer((request, response) => {
    const path = hear('hub', request, response);
    if (path === null) return;
    if (path.startsWith('/blob/') && request.method === 'PUT') {
      if (heldUploads) return;
      if (brokenUploads) {
        request.once('data', () => request.destroy());
        return;
      }
      void bodyOf(request).then((bytes) => {
        blobs.set(sha256(bytes), bytes);
        json(response, 200, {});
      });
      return;
    }
    if (path.startsWith('/blob/')) {
      sendLarge(request, response, path);
      return;
    }
    if (request.method === 'POST') {
      void write(request, response, path);
      return;
    }
    if (path === '/api/models') {
      json(response, 200, search(new URL(request.url ?? '/', 'http://hub').searchParams));
      return;
    }
    const match =
      /^(?:\/api)?\/(?:models\/)?((?:datasets\/)?[^/]+(?:\/[^/]+)?)\/(revision|tree|resolve)\/(refs\/\w+\/\w+|[^/]+)(?:\/(.+))?$/.exec(
        path,
      );
    const [, name = '', what, revision = '', file] = match ?? [];
    const repository = repositories[name] ?? made.get(name);
    const { authorization } = request.headers;
    // As the real one: who may not know hears neither yes nor no.
    if (repository === undefined && authorization === undefined) {
      json(response, 401, { error: 'Invalid username or password.' });
      return;
    }
    if (repository === undefined) {
      json(response, 404, { error: 'Repository not found' }, 'RepoNotFound');
      return;
    }
    const { token, license } = repository;
    if (token !== undefined && authorization !== `Bearer ${token}`) {
      json(response, 401, { error: 'Invalid username or password.' });
      return;
    }
    const found = [...commits].find(
      ([key, { id }]) => key === `${name} ${revision}` || (key.startsWith(`${name} `) && id === revision),
    )?.[1];
    if (found === undefined) {
      json(response, 404, { error: `Invalid rev id: ${revision}` }, 'RevisionNotFound');
      return;
    }
    const { id: commit, files } = found;
    switch (what) {
      case 'revision': {
        json(response, 200, {
          _id: '1',
          id: name.replace('datasets/', ''),
          sha: commit,
          private: token !== undefined,
          lastModified: '2026-01-01T00:00:00.000Z',
          cardData: license === undefined ? null : { license },
        });
        return;
      }
      case 'tree': {
        json(
          response,
          200,
          [...files].map(([path, bytes]) => ({
            type: 'file',
            path,
            size: bytes.length,
            oid: gitSha1(bytes),
            ...(bytes.length < largeBytes
              ? {}
              : { lfs: { oid: sha256(bytes), size: bytes.length, pointerSize: 134 } }),
          })),
        );
        return;
      }
      default: {
        const bytes = files.get(file ?? '');
        if (bytes === undefined) {
          json(response, 404, { error: 'Entry not found' }, 'EntryNotFound');
          return;
        }
        response.setHeader('X-Repo-Commit', commit);
        if (bytes.length < largeBytes) {
          send(request, response, bytes);
          return;
        }
        response.writeHead(302, { Location: `${cdnUrl}/${sha256(bytes)}` });
        response.end();
      }
    }
  });

  const listen = async (server: Server): Promise<string> => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  };
  const url = await listen(hub);
  const files = await listen(cdn);
  cdnUrl = hasOneOrigin ? `${url}/blob` : files;
  return {
    url,
    cdnUrl,
    requests,
    commitOf: (name, branch = 'main') => commits.get(`${name} ${branch}`)!.id,
    filesOf: (name) => commits.get(`${name} main`)?.files ?? null,
    isPrivate: (name) => made.get(name)?.isPrivate === true,
    commitBeside: (name) => void keep(`${name} main`, commits.get(`${name} main`)!.files),
    breakAfter: (bytes, times = 1) => {
      breaks = { bytes, times };
    },
    holdAfter: (bytes) => {
      heldBytes = bytes ?? Infinity;
      if (bytes !== null) return;
      for (const goOn of held) goOn();
      held = [];
    },
    refuse: (status, pathEnd = '') => {
      refusal = status === null ? null : { status, pathEnd };
    },
    breakUploads: (areBroken) => {
      brokenUploads = areBroken;
    },
    holdUploads: (isHeld) => {
      heldUploads = isHeld;
    },
    damage: (value) => {
      isDamaged = value;
    },
    withoutRanges: () => {
      hasRanges = false;
    },
    close: async () => {
      for (const server of [hub, cdn]) {
        server.closeAllConnections();
        await new Promise((resolve) => server.close(resolve));
      }
    },
  };
}
