/** What every server of ours keeps, whatever it is written in: one suite, run against each of them. */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text as textOf } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openFolder } from '../../src/headless/files.ts';
import type { GenerateOptions } from '../../src/engine/engine.ts';
import { createWasmEngine } from '../../src/engine/wasm/wasm-engine.ts';
import { startNodeThread } from '../../src/engine/wasm/node-thread.ts';
import { readStudentFolder } from '../../src/student/folder.ts';
import { projectRoot } from '../support/headless.ts';
import { startFakeStore } from './fake-store.ts';
import { waitForStatus, type StartedServer } from './started-server.ts';

export interface StartOptions {
  withoutModel?: boolean;
  /** The model with this `run.json`. */
  runFile?: string;
}

export interface ServerUnderTest {
  /** Starts it on the bundled student; without, it is to be told by `AIP_STORAGE_URI`. */
  start: (env: Record<string, string>, options?: StartOptions) => Promise<StartedServer>;
  /** The files that `AIP_STORAGE_URI` leads to. */
  storedFolder: string;
}

export const studentFolder = join(projectRoot, 'public/students/nano');

/** A model's folder as it is, with this `run.json`; gone when the tests are done. */
export function withRunFile(folder: string, runFile: string): string {
  const copy = mkdtempSync(join(tmpdir(), 'stillroom-served-'));
  cpSync(folder, copy, { recursive: true });
  writeFileSync(join(copy, 'run.json'), runFile);
  copies.push(copy);
  return copy;
}
const copies: string[] = [];
afterAll(() => {
  for (const copy of copies) rmSync(copy, { recursive: true, force: true });
});

/** Answers are cut here, so that 500 of them take seconds. */
export const maxTokens = 12;
export const texts = readFileSync(join(projectRoot, 'public/sample/test.jsonl'), 'utf8')
  .trim()
  .split('\n')
  .map((line) => (JSON.parse(line) as { input: string }).input);

interface Answered {
  status: number;
  headers: Headers;
  body: { predictions?: string[][]; error?: string; status?: string };
}

async function ask(url: string, init: RequestInit): Promise<Answered> {
  const response = await fetch(url, init);
  const body = (await response.json()) as Answered['body'];
  return { status: response.status, headers: response.headers, body };
}

function predict(server: StartedServer, body: object | string, headers: Record<string, string> = {}) {
  return ask(`${server.url}/predict`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
}

const limited = (instances: unknown[], parameters: object = {}): object => ({
  instances,
  parameters: { max_tokens: maxTokens, ...parameters },
});

/** What the project's engine generates for each prompt by itself. */
export async function reference(
  prompts: readonly string[],
  numBeams: number,
  maxNewTokens: number,
  settings: Partial<GenerateOptions> = {},
) {
  const student = await readStudentFolder(await openFolder(studentFolder), studentFolder);
  const engine = await createWasmEngine(student, {
    threads: 1,
    startThread: startNodeThread,
    reason: 'a reference',
  });
  const found: string[] = [];
  for (const prompt of prompts) {
    const [one] = await engine.generate([student.tokenizer.encode(prompt)], {
      ...settings,
      maxNewTokens,
      numBeams,
    });
    found.push(student.tokenizer.decode(one!.ids));
  }
  engine.dispose();
  return found;
}

export function serverContract(name: string, { start, storedFolder }: ServerUnderTest): void {
  const begun: StartedServer[] = [];
  const begin = async (env: Record<string, string>, options?: StartOptions) => {
    const server = await start(env, options);
    begun.push(server);
    return server;
  };
  afterAll(async () => {
    for (const server of begun) server.kill('SIGKILL');
    await Promise.all(begun.map(({ ended }) => ended));
  });

  describe(`${name}: answers`, () => {
    let server: StartedServer;
    let answers: string[];
    beforeAll(async () => {
      server = await begin({});
      await waitForStatus(server, '/health', 200);
      answers = await reference(
        texts.map((text) => `predict: ${text}`),
        1,
        maxTokens,
      );
    });

    it('says that it is healthy', async () => {
      expect(await (await fetch(`${server.url}/health`)).json()).toEqual({ status: 'healthy' });
    });

    it('answers all test rows as the engine does, 125 at once', async () => {
      const found: string[] = [];
      for (let at = 0; at < texts.length; at += 125) {
        const { status, body } = await predict(server, limited(texts.slice(at, at + 125)));
        expect(status).toBe(200);
        expect(body.predictions).toHaveLength(1);
        found.push(...body.predictions![0]!);
      }
      expect(found).toEqual(answers);
      expect(new Set(answers).size).toBeGreaterThan(100);
    });

    it('answers alone as in company, and 50 clients at once', async () => {
      for (const index of [0, 17, 499]) {
        const { body } = await predict(server, limited([texts[index]]));
        expect(body).toEqual({ predictions: [[answers[index]]] });
      }
      const timesMs: number[] = [];
      const client = async (number: number): Promise<void> => {
        for (let turn = 0; turn < 10; turn += 1) {
          const index = (number * 10 + turn) % texts.length;
          const startedAt = performance.now();
          const { body } = await predict(server, limited([texts[index]]));
          timesMs.push(performance.now() - startedAt);
          expect(body).toEqual({ predictions: [[answers[index]]] });
        }
      };
      await Promise.all(Array.from({ length: 50 }, (_, number) => client(number)));
      timesMs.sort((a, b) => a - b);
      const p95Ms = timesMs[Math.floor(timesMs.length * 0.95)]!;
      console.log(`${name}: 50 clients, ${timesMs.length} requests, p95 ${p95Ms.toFixed(0)} ms`);
      const metrics = await (await fetch(`${server.url}/metrics`)).text();
      const value = (metric: string): number =>
        Number(new RegExp(`^${metric} (\\S+)$`, 'm').exec(metrics)![1]);
      expect(value('stillroom_ready')).toBe(1);
      expect(value('stillroom_queue_rows')).toBe(0);
      expect(value('stillroom_predict_seconds_count')).toBe(507);
      expect(value('stillroom_rows_total')).toBe(1003);
      // Requests of one text each were computed together.
      expect(value('stillroom_batches_total')).toBeLessThan(400);
      expect(metrics).toContain('stillroom_requests_total{route="predict",status="200"} 507\n');
    });

    it('takes objects, and leaves a prefix that is there', async () => {
      const instances = [{ input: texts[0] }, `predict: ${texts[1]}`, { input: texts[2], id: 7 }];
      const { body } = await predict(server, { ...limited(instances), deployedModelId: '1' });
      expect(body).toEqual({ predictions: [answers.slice(0, 3)] });
    });

    it('gives rationales as a second list, searches with beams, and takes whole numbers written as floats', async () => {
      const some = texts.slice(0, 4);
      const explained = await reference(
        some.map((text) => `explain: ${text}`),
        3,
        9,
      );
      const beams = await reference(
        some.map((text) => `predict: ${text}`),
        3,
        9,
      );
      const { body } = await predict(
        server,
        `{"instances": ${JSON.stringify(some)}, "parameters": {"rationale": true, "beams": 3.0, "max_tokens": 9.0}}`,
      );
      expect(body).toEqual({ predictions: [beams, explained] });
    });

    it('chooses answers as the run measured them, with other beams where a request asks for them', async () => {
      const generation = {
        numBeams: 3,
        noRepeatNgramSize: 2,
        repetitionPenalty: 1.4,
        minNewTokens: 5,
        lengthPenalty: 0.5,
        earlyStopping: true,
      };
      const runFile = JSON.stringify({ maxInputTokens: 96, generationMaxTokens: maxTokens, generation });
      const other = await begin({}, { runFile });
      await waitForStatus(other, '/health', 200);
      const some = texts.slice(0, 12);
      const prompts = some.map((text) => `predict: ${text}`);
      const own = await reference(prompts, 3, maxTokens, generation);
      expect((await predict(other, { instances: some })).body).toEqual({ predictions: [own] });
      const single = await reference(prompts, 1, maxTokens, generation);
      const { body } = await predict(other, { instances: some, parameters: { beams: 1 } });
      expect(body).toEqual({ predictions: [single] });
      // The settings do something.
      const plain = answers.slice(0, 12);
      expect(own).not.toEqual(plain);
      expect(single).not.toEqual(plain);
    });

    it.each<[what: string, body: object | string, message: RegExp]>([
      ['no JSON', '{"instances": [', /not JSON/],
      ['deep nesting', '['.repeat(100_000), /./],
      ['no object', '[]', /"instances"/],
      ['no instances', {}, /"instances"/],
      ['no list', { instances: 'a' }, /"instances"/],
      ['none', { instances: [] }, /0 entries.*1 to 128/],
      ['too many', { instances: new Array(129).fill('a') }, /129 entries.*1 to 128/],
      ['a number', { instances: ['a', 7] }, /instances\[1\] is not a text/],
      ['null', { instances: [null] }, /instances\[0\] is not a text/],
      ['an object without input', { instances: ['a', 'b', { text: 'a' }] }, /instances\[2\] is not a text/],
      ['a blank text', { instances: ['a', ' \n'] }, /instances\[1\] is empty/],
      ['half a surrogate pair', '{"instances": ["\\ud800"]}', /instances\[0\] has half/],
      ['an over-long text', { instances: ['a', 'word '.repeat(600)] }, /instances\[1\] has \d+ tokens.*512/],
      ['beams of 9', limited(['a'], { beams: 9 }), /parameters\.beams.*1 to 8/],
      ['beams of 0', limited(['a'], { beams: 0 }), /parameters\.beams/],
      ['beams as a text', limited(['a'], { beams: '2' }), /parameters\.beams/],
      ['beams as a truth', limited(['a'], { beams: true }), /parameters\.beams/],
      ['half a token', limited(['a'], { max_tokens: 1.5 }), /parameters\.max_tokens/],
      ['a rationale of 1', limited(['a'], { rationale: 1 }), /parameters\.rationale/],
      ['another parameter', limited(['a'], { temperature: 1 }), /rationale, beams, max_tokens/],
      ['a list of parameters', { instances: ['a'], parameters: [] }, /"parameters"/],
    ])('refuses %s with 400', async (_, body, message) => {
      const { status, headers, body: said } = await predict(server, body);
      expect(said.error).toMatch(message);
      expect(status).toBe(400);
      expect(headers.get('content-type')).toMatch(/^application\/json/);
    });

    it('refuses bytes that are not UTF-8, and takes parameters of null', async () => {
      const bytes = Buffer.from('{"instances": ["\xff"]}', 'latin1');
      expect((await ask(`${server.url}/predict`, { method: 'POST', body: bytes })).status).toBe(400);
      const { status } = await predict(server, { instances: ['a'], parameters: null });
      expect(status).toBe(200);
    });

    it('refuses bodies over 1 MiB with 413, whether their size is told or not', async () => {
      const large = JSON.stringify({ instances: ['a'.repeat(1 << 20)] });
      expect((await predict(server, large)).status).toBe(413);
      const stream = new ReadableStream({
        start: (controller) => {
          controller.enqueue(new TextEncoder().encode(large));
          controller.close();
        },
      });
      const streamed = { method: 'POST', body: stream, duplex: 'half' } as RequestInit;
      expect((await ask(`${server.url}/predict`, streamed)).status).toBe(413);
    });

    it('says 404 and 405 in JSON', async () => {
      expect((await ask(`${server.url}/secret-path`, {})).status).toBe(404);
      const { status, headers, body } = await ask(`${server.url}/predict`, {});
      expect(status).toBe(405);
      expect(headers.get('allow')).toContain('POST');
      expect(body.error).toBeTruthy();
      expect((await ask(`${server.url}/health`, { method: 'POST' })).status).toBe(405);
    });

    it('logs a line for each request, without its text or its path', async () => {
      await predict(server, limited(['zanzibar', 'zanzibar']));
      await sleep(200);
      const lines = server.output().trim().split('\n');
      const logged = JSON.parse(lines.at(-1)!) as Record<string, unknown>;
      expect(logged).toMatchObject({ route: 'predict', status: 200, rows: 2, error: null });
      expect(logged['elapsedMs']).toBeGreaterThan(0);
      for (const text of ['zanzibar', 'secret-path', texts[0]!]) expect(server.output()).not.toContain(text);
    });
  });

  describe(`${name}: its environment and its end`, () => {
    it('follows Vertex AI: routes, and a model from Cloud Storage; 503 until it is loaded', async () => {
      const store = await startFakeStore(storedFolder, 'models', 'runs/7/model');
      try {
        const server = await begin(
          {
            AIP_HEALTH_ROUTE: '/v1/alive',
            AIP_PREDICT_ROUTE: '/v1/models/m:predict',
            AIP_STORAGE_URI: 'gs://models/runs/7/model',
            STORAGE_EMULATOR_HOST: store.host,
          },
          { withoutModel: true },
        );
        const loading = await waitForStatus(server, '/v1/alive', 503);
        expect(await loading.json()).toEqual({ status: 'loading' });
        const url = `${server.url}/v1/models/m:predict`;
        const body = JSON.stringify(limited([texts[0]]));
        const early = await ask(url, { method: 'POST', body });
        expect(early.status).toBe(503);
        expect(early.headers.get('retry-after')).toBe('1');
        store.release();
        await waitForStatus(server, '/v1/alive', 200);
        expect((await ask(url, { method: 'POST', body })).status).toBe(200);
        expect((await ask(`${server.url}/predict`, { method: 'POST', body })).status).toBe(404);
        expect(store.tokens).toEqual([]);
      } finally {
        await store.close();
      }
    });

    it('ends where the model cannot be read, and says why', async () => {
      const store = await startFakeStore(storedFolder, 'models', 'here');
      store.release();
      try {
        const server = await begin(
          { AIP_STORAGE_URI: 'gs://models/elsewhere', STORAGE_EMULATOR_HOST: store.host },
          { withoutModel: true },
        );
        expect((await server.ended).code).toBeGreaterThan(0);
        expect(server.output()).toContain('gs://models/elsewhere');
      } finally {
        await store.close();
      }
    });

    it.each(['bits', 'end'] as const)('ends where a stored file comes otherwise (%s)', async (spoil) => {
      const store = await startFakeStore(storedFolder, 'models', 'here');
      store.spoil = spoil;
      store.release();
      try {
        const server = await begin(
          { AIP_STORAGE_URI: 'gs://models/here', STORAGE_EMULATOR_HOST: store.host },
          { withoutModel: true },
        );
        expect((await server.ended).code).toBeGreaterThan(0);
        expect(server.output()).toMatch(
          spoil === 'bits' ? /not those that were stored/ : /\d+ of \d+ bytes came/,
        );
      } finally {
        await store.close();
      }
    });

    it('refuses a setting that is none, by name', async () => {
      const server = await begin({ STILLROOM_BATCH_ROWS: 'many' });
      expect((await server.ended).code).toBe(2);
      expect(server.output()).toContain('STILLROOM_BATCH_ROWS');
    });

    it('asks for a token, refuses where the queue is full, and finishes on SIGTERM what it has', async () => {
      const server = await begin({
        STILLROOM_TOKEN: 'open sesame',
        STILLROOM_BATCH_WAIT_MS: '5000',
        STILLROOM_QUEUE_ROWS: '4',
      });
      await waitForStatus(server, '/health', 200);
      const withToken = { Authorization: 'Bearer open sesame' };
      for (const authorization of [null, 'Bearer open', 'Basic open sesame']) {
        const headers = authorization === null ? undefined : { Authorization: authorization };
        const refused = await predict(server, limited([texts[0]]), headers);
        expect(refused.status).toBe(401);
        expect(refused.headers.get('www-authenticate')).toBe('Bearer');
      }
      expect((await fetch(`${server.url}/metrics`)).status).toBe(401);
      expect((await fetch(`${server.url}/metrics`, { headers: withToken })).status).toBe(200);
      // Four texts wait for a batch that would take sixteen.
      const waiting = predict(server, limited(texts.slice(0, 4)), withToken);
      await sleep(500);
      const full = await predict(server, limited([texts[4]]), withToken);
      expect(full.status).toBe(503);
      expect(full.headers.get('retry-after')).toBe('1');
      const askedAt = performance.now();
      server.kill('SIGTERM');
      const { status, body } = await waiting;
      expect(status).toBe(200);
      expect(body.predictions![0]).toHaveLength(4);
      // It does not wait for more texts once it is to end.
      expect(performance.now() - askedAt).toBeLessThan(4000);
      expect(await server.ended).toEqual({ code: 0, signal: null });
      await expect(fetch(`${server.url}/health`)).rejects.toThrow();
    });

    it('waits for no client for ever: one that stops sending is told so, and none keeps the server from its end', async () => {
      const server = await begin({ STILLROOM_BODY_WAIT_MS: '300' });
      await waitForStatus(server, '/health', 200);
      const begun = (sent: string): Socket => {
        const socket = connect(Number(new URL(server.url).port), '127.0.0.1');
        // Silent ones are cut off where the server ends.
        socket.on('error', () => undefined);
        socket.write(sent);
        return socket;
      };
      const head = 'POST /predict HTTP/1.1\r\nHost: x\r\nContent-Length: 5000\r\n';
      const said = await textOf(begun(`${head}\r\n{"instances": [`));
      expect(said).toMatch(/^HTTP\/1\.1 408 /);
      expect(said).toMatch(/\{"error":"The body did not come within 300 ms\..*"\}$/);
      const silent = [begun(''), begun(head)];
      await sleep(100);
      server.kill('SIGTERM');
      expect(await server.ended).toEqual({ code: 0, signal: null });
      expect(server.output()).not.toContain('Traceback');
      for (const socket of silent) socket.destroy();
    });

    it('answers others where a client goes away, and again at its place after it was killed in the middle', async () => {
      const server = await begin({ STILLROOM_BATCH_WAIT_MS: '1500', STILLROOM_BATCH_ROWS: '5' });
      await waitForStatus(server, '/health', 200);
      const expected = await reference(
        texts.slice(0, 4).map((text) => `predict: ${text}`),
        1,
        maxTokens,
      );
      const leaving = new AbortController();
      const left = ask(`${server.url}/predict`, {
        method: 'POST',
        body: JSON.stringify(limited([texts[9]])),
        signal: leaving.signal,
      });
      await sleep(200);
      leaving.abort();
      await expect(left).rejects.toThrow();
      const stayed = await predict(server, limited(texts.slice(0, 4)));
      expect(stayed.body).toEqual({ predictions: [expected] });
      const waiting = predict(server, limited([texts[0]]));
      // Told at once, so that nobody takes it for an answer that is none.
      const broken = expect(waiting).rejects.toThrow();
      await sleep(200);
      server.kill('SIGKILL');
      await broken;
      expect((await server.ended).signal).toBe('SIGKILL');
      const again = await begin({ AIP_HTTP_PORT: new URL(server.url).port });
      await waitForStatus(again, '/health', 200);
      const { body } = await predict(again, limited([texts[0]]));
      expect(body).toEqual({ predictions: [[expected[0]]] });
    });
  });
}
