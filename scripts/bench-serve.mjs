/**
 * `npm run bench -- --serve`: many clients at once, for a while, against a server of a student; every answer is held
 * against the one that the same text had when it was asked alone. Prints requests a second, p50, p95 and wrong answers,
 * and ends with 1 where there are any. Without `--url` it starts `headless serve` on the bundled student (`--student
 * DIR` on another); `--url http://localhost:7080` asks a server that runs, the exported one in Python for example.
 * `--clients` (50), `--seconds` (30), `--max-tokens` (12).
 */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { root } from './install.mjs';

const port = 7099;
const started = `http://127.0.0.1:${port}`;

const agent = new Agent({ keepAlive: true });

/** The status and the JSON of an answer. */
function ask(url, body) {
  return new Promise((resolve, reject) => {
    const sent = request(url, { agent, method: body === undefined ? 'GET' : 'POST' }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part) => (text += part));
      response.on('error', reject).on('end', () => resolve({ status: response.statusCode, body: text }));
    });
    sent.on('error', reject);
    sent.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

async function waitUntilHealthy(url, ended) {
  for (let tries = 0; tries < 1200; tries += 1) {
    if (ended()) throw new Error('The server ended before it was ready.');
    const { status } = await ask(`${url}/health`).catch(() => ({ status: 0 }));
    if (status === 200) return;
    await sleep(100);
  }
  throw new Error(`${url}/health did not answer 200 within two minutes.`);
}

/** Clients that ask one text after the other until the time is over. */
async function load(url, { texts, clients, seconds, maxTokens }) {
  const predict = async (text) => {
    const { status, body } = await ask(`${url}/predict`, {
      instances: [text],
      parameters: { max_tokens: maxTokens },
    });
    return status === 200 ? JSON.parse(body).predictions[0][0] : `status ${status}: ${body}`;
  };
  console.log(`Asking ${texts.length} texts alone …`);
  const alone = [];
  for (const text of texts) alone.push(await predict(text));
  const failed = alone.find((answer) => answer.startsWith('status '));
  if (failed !== undefined) throw new Error(`The server does not answer: ${failed}`);
  console.log(`${clients} clients for ${seconds} s …`);
  const timesMs = [];
  let wrong = 0;
  const startedAt = performance.now();
  const client = async (number) => {
    for (let turn = number; performance.now() - startedAt < seconds * 1000; turn += clients) {
      const index = turn % texts.length;
      const askedAt = performance.now();
      const answer = await predict(texts[index]).catch((error) => String(error));
      timesMs.push(performance.now() - askedAt);
      if (answer !== alone[index]) wrong += 1;
    }
  };
  await Promise.all(Array.from({ length: clients }, (_, number) => client(number)));
  const elapsedMs = performance.now() - startedAt;
  timesMs.sort((a, b) => a - b);
  const at = (share) => timesMs[Math.floor((timesMs.length - 1) * share)].toFixed(1);
  console.log(
    `${timesMs.length} requests, ${Math.round((timesMs.length / elapsedMs) * 1000)} a second; ` +
      `p50 ${at(0.5)} ms, p95 ${at(0.95)} ms, slowest ${at(1)} ms; ${wrong} wrong`,
  );
  return wrong;
}

/** @returns The exit code. */
export async function benchServe(args) {
  const { values } = parseArgs({
    args,
    options: {
      serve: { type: 'boolean' },
      url: { type: 'string' },
      student: { type: 'string', default: join(root, 'public', 'students', 'nano') },
      clients: { type: 'string', default: '50' },
      seconds: { type: 'string', default: '30' },
      'max-tokens': { type: 'string', default: '12' },
    },
  });
  const texts = readFileSync(join(root, 'public', 'sample', 'test.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line).input);
  const url = values.url ?? started;
  const server =
    values.url === undefined
      ? spawn(
          process.execPath,
          [
            join(root, 'scripts', 'headless.mjs'),
            'serve',
            '--student',
            values.student,
            '--port',
            String(port),
          ],
          { stdio: ['ignore', 'ignore', 'inherit'] },
        )
      : null;
  let hasEnded = false;
  const ended = new Promise((resolve) => server?.once('exit', resolve));
  void ended.then(() => (hasEnded = true));
  try {
    await waitUntilHealthy(url, () => hasEnded);
    const wrong = await load(url, {
      texts,
      clients: Number(values.clients),
      seconds: Number(values.seconds),
      maxTokens: Number(values['max-tokens']),
    });
    return wrong === 0 ? 0 : 1;
  } catch (error) {
    console.error(error.message);
    return 1;
  } finally {
    agent.destroy();
    if (server !== null && !hasEnded) {
      server.kill('SIGTERM');
      await ended;
    }
  }
}
