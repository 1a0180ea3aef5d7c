/**
 * Cloud Storage, Artifact Registry, Cloud Build and Vertex AI at one address, as far as deploy/vertex.py asks them:
 * what is made is there until it is deleted, and every request is kept.
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Recorded {
  method: string;
  /** Without the query. */
  path: string;
  query: URLSearchParams;
  /** JSON as it was sent; the text of other bodies. */
  body: unknown;
}

export interface FakeGoogle {
  origin: string;
  requests: Recorded[];
  /** What is there: names of resources. */
  there: Set<string>;
  /** The bytes of objects. */
  objects: Map<string, Buffer>;
  /** `METHOD path` of a request that is refused, and of an operation that fails once it was taken. */
  refuse: RegExp | null;
  breakDown: RegExp | null;
  /** Forgets requests, resources and faults. */
  reset: () => void;
  close: () => Promise<void>;
}

interface Operation {
  name: string;
  done: true;
  response?: object;
  error?: { code: number; message: string };
}

const parent = 'projects/p/locations/us-central1';
const type = (name: string): string => `type.googleapis.com/google.cloud.aiplatform.v1.${name}`;

export async function startFakeGoogle(): Promise<FakeGoogle> {
  let operationCount = 0;
  /** The model's. */
  let displayName = '';
  /** Builds by the names of their operations: each is done when it is asked for again. */
  const builds = new Map<string, object>();
  const answered: Recorded[] = [];
  const fake: FakeGoogle = {
    origin: '',
    requests: answered,
    there: new Set(),
    objects: new Map(),
    refuse: null,
    breakDown: null,
    reset: () => {
      answered.length = 0;
      fake.there.clear();
      fake.objects.clear();
      fake.refuse = null;
      fake.breakDown = null;
    },
    close: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
  /** An operation that is done at once, or that fails. */
  const operation = (line: string, response: object): Operation => {
    const name = `${parent}/operations/${(operationCount += 1)}`;
    const fails = fake.breakDown?.test(line) === true;
    return fails
      ? { name, done: true, error: { code: 8, message: 'There is no machine left.' } }
      : { name, done: true, response };
  };
  const made = (name: string): void => void fake.there.add(name);
  const answer = (request: Recorded, raw: Buffer): object | null => {
    const { method, path, query, body } = request;
    const line = `${method} ${path}`;
    // A model is read as `models/7@1`, its version named.
    const resource = path.replace(/^\/v1\//, '');
    if (builds.has(resource)) return builds.get(resource)!;
    if (line === 'POST /storage/v1/b') {
      made((body as { name: string }).name);
      return { name: (body as { name: string }).name };
    }
    if (path.startsWith('/upload/storage/v1/b/')) {
      const { name, bytes } = multipart(raw);
      made(name);
      fake.objects.set(name, bytes);
      return { name, bucket: path.split('/')[5], size: String(bytes.length) };
    }
    if (method === 'DELETE' && path.startsWith('/storage/v1/b/')) {
      const [bucket, object] = path.slice('/storage/v1/b/'.length).split('/o/');
      return fake.there.delete(object ?? bucket!) ? {} : null;
    }
    switch (line) {
      case `POST /v1/${parent}/repositories`:
        made(`${parent}/repositories/${query.get('repositoryId')}`);
        return operation(line, {});
      case `POST /v1/${parent}/builds`: {
        const metadata = { build: { logUrl: 'https://logs.example/7' } };
        const done = { ...operation(line, {}), metadata };
        builds.set(done.name, done);
        // A build that fails leaves no image.
        if (done.error === undefined) made(packageOf(body));
        return { name: done.name, metadata };
      }
      case `POST /v1/${parent}/models:upload`:
        made(`${parent}/models/7`);
        displayName = (body as { model: { displayName: string } }).model.displayName;
        return operation(line, {
          '@type': type('UploadModelResponse'),
          model: `${parent}/models/7`,
          modelVersionId: '1',
        });
      case `POST /v1/${parent}/endpoints`:
        made(`${parent}/endpoints/9`);
        return operation(line, { '@type': type('Endpoint'), name: `${parent}/endpoints/9` });
      case `POST /v1/${parent}/endpoints/9:deployModel`:
        made('deployment 5');
        return operation(line, { '@type': type('DeployModelResponse'), deployedModel: { id: '5' } });
      case `POST /v1/${parent}/endpoints/9:undeployModel`:
        fake.there.delete('deployment 5');
        return operation(line, { '@type': type('UndeployModelResponse') });
      case `POST /v1/${parent}/endpoints/9:predict`:
        return { predictions: [['sea']], deployedModelId: '5' };
      case `GET /v1/${parent}/models/7`:
        return {
          name: `${parent}/models/7`,
          displayName,
          versionId: '1',
          supportedDeploymentResourcesTypes: ['DEDICATED_RESOURCES'],
        };
      case `GET /v1/${parent}/endpoints/9`:
        return {
          name: `${parent}/endpoints/9`,
          displayName: 'student',
          ...(fake.there.has('deployment 5')
            ? { deployedModels: [{ id: '5', model: `${parent}/models/7` }], trafficSplit: { 5: 100 } }
            : {}),
        };
      default:
        if (method !== 'DELETE' || !fake.there.delete(resource)) return null;
        return operation(line, { '@type': 'type.googleapis.com/google.protobuf.Empty' });
    }
  };
  const server = createServer((incoming, response) => {
    void bytesOf(incoming).then((raw) => {
      const url = new URL(incoming.url ?? '', 'http://google');
      const isJson = incoming.headers['content-type']?.startsWith('application/json') === true;
      const text = raw.toString('utf8');
      const request: Recorded = {
        method: incoming.method ?? '',
        path: decodeURIComponent(url.pathname).replace(/@\d+$/, ''),
        query: url.searchParams,
        body: isJson && text !== '' ? JSON.parse(text) : text,
      };
      answered.push(request);
      const refused = fake.refuse?.test(`${request.method} ${request.path}`) === true;
      const found = refused ? null : answer(request, raw);
      response.statusCode = refused ? 403 : found === null ? 404 : 200;
      response.setHeader('Content-Type', 'application/json');
      response.end(
        JSON.stringify(
          found ?? { error: { code: response.statusCode, message: refused ? 'You may not.' : 'Not found.' } },
        ),
      );
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  fake.origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return fake;
}

/** Where the image of a build is kept: `HOST/p/REPOSITORY/NAME:TAG`. */
function packageOf(build: unknown): string {
  const [, , repository, name] = (build as { images: string[] }).images[0]!.split('/');
  return `${parent}/repositories/${repository}/packages/${name!.split(':')[0]}`;
}

async function bytesOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

/** Name and bytes of an upload: a part of JSON, then a part with the object (RFC 2046). */
function multipart(raw: Buffer): { name: string; bytes: Buffer } {
  const boundary = raw.subarray(0, raw.indexOf('\r\n'));
  const second = raw.indexOf(boundary, boundary.length);
  const json = raw.subarray(raw.indexOf('\r\n\r\n') + 4, second).toString('utf8');
  const from = raw.indexOf('\r\n\r\n', second) + 4;
  const bytes = raw.subarray(from, raw.lastIndexOf(boundary) - 2);
  return { name: (JSON.parse(json) as { name: string }).name, bytes };
}
