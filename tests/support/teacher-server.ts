/** A teacher's server for tests: it answers in the interface that it is asked in, and does on demand what real ones do. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Asked {
  path: string;
  headers: IncomingMessage['headers'];
  body: Record<string, unknown>;
  /** Everything that was said, as one text. */
  said: string;
  /** How many requests came before this one. */
  before: number;
}

export type Behaviour =
  | {
      kind: 'answer';
      text: string;
      finish?: 'stop' | 'length';
      usage?: { input: number; output: number } | null;
      /** How many times it is in a whole answer; missing for once. */
      answers?: number;
    }
  | { kind: 'status'; status: number; headers?: Record<string, string>; body?: unknown }
  /** The answer begins and the connection breaks. */
  | { kind: 'cut'; text: string }
  /** An answer whose pieces come slowly. */
  | { kind: 'drip'; text: string; everyMs: number }
  | { kind: 'hang' }
  | { kind: 'raw'; type: string; body: string };

export interface TeacherServer {
  url: string;
  asked: Asked[];
  /** Requests that are being answered. */
  open: () => number;
  close: () => Promise<void>;
}

/**
 * Starts it on a free port.
 * @param behave Says what to do with each request; may take its time.
 * @param letsPagesIn Whether it answers pages of other origins, as most do; it exposes no own header to them.
 */
export async function startTeacher(
  behave: (asked: Asked) => Behaviour | Promise<Behaviour>,
  { letsPagesIn = true } = {},
): Promise<TeacherServer> {
  const asked: Asked[] = [];
  let open = 0;
  const server = createServer((request, response) => {
    open += 1;
    response.on('close', () => (open -= 1));
    if (letsPagesIn) {
      response.setHeader('access-control-allow-origin', request.headers.origin ?? '*');
      response.setHeader(
        'access-control-allow-headers',
        request.headers['access-control-request-headers'] ?? '*',
      );
    }
    if (request.method === 'OPTIONS') {
      response.writeHead(letsPagesIn ? 204 : 405).end();
      return;
    }
    // It says nothing of its models.
    if (request.method !== 'POST') {
      response.writeHead(404).end();
      return;
    }
    void (async () => {
      const body = JSON.parse(await textOf(request)) as Record<string, unknown>;
      const path = request.url ?? '';
      const now = { path, headers: request.headers, body, said: saidIn(body), before: asked.length };
      asked.push(now);
      perform(await behave(now), now, response);
    })();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    asked,
    open: () => open,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function textOf(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request) text += String(chunk);
  return text;
}

/** Everything that is said in a request's body. */
function saidIn(body: Record<string, unknown>): string {
  const texts: string[] = [];
  JSON.stringify(body, (name, value: unknown) => {
    if (['prompt', 'content', 'text', 'system'].includes(name) && typeof value === 'string')
      texts.push(value);
    return value;
  });
  return texts.join('\n\n');
}

function perform(behaviour: Behaviour, asked: Asked, response: ServerResponse): void {
  switch (behaviour.kind) {
    case 'hang':
      return;
    case 'status': {
      const { status, headers, body } = behaviour;
      response.writeHead(status, { 'content-type': 'application/json', ...headers });
      response.end(typeof body === 'string' ? body : JSON.stringify(body ?? { error: { message: 'no' } }));
      return;
    }
    case 'raw':
      response.writeHead(200, { 'content-type': behaviour.type });
      response.end(behaviour.body);
      return;
    case 'drip': {
      const { type, chunks } = inItsShape({ kind: 'answer', text: behaviour.text }, asked);
      response.writeHead(200, { 'content-type': type });
      const timer = setInterval(() => {
        response.write(chunks.shift());
        if (chunks.length > 0) return;
        clearInterval(timer);
        response.end();
      }, behaviour.everyMs);
      response.on('close', () => clearInterval(timer));
      return;
    }
    case 'cut':
    case 'answer': {
      const { type, chunks } = inItsShape(behaviour, asked);
      response.writeHead(200, { 'content-type': type });
      const broken = behaviour.kind === 'cut';
      for (const chunk of broken ? chunks.slice(0, Math.max(1, chunks.length - 2)) : chunks)
        response.write(chunk);
      if (broken) response.destroy();
      else response.end();
      return;
    }
    default:
      behaviour satisfies never;
  }
}

/** An answer as the interface of the request's path has it: whole, or as the chunks of a stream. */
function inItsShape(
  behaviour: Behaviour & { kind: 'answer' | 'cut' },
  { path, body }: Asked,
): { type: string; chunks: string[] } {
  const { text } = behaviour;
  const finish = (behaviour.kind === 'answer' ? behaviour.finish : null) ?? 'stop';
  const given = behaviour.kind === 'answer' ? behaviour.usage : null;
  const usage = given === undefined ? { input: 10, output: text.split(' ').length } : given;
  const words = text.match(/\s*\S+/g) ?? [''];
  const sse = 'text/event-stream';
  if (path.includes(':streamGenerateContent')) {
    const parts = words.map((word) => googlePart(word, null, null));
    return { type: sse, chunks: [...parts, googlePart('', finish, usage)].map(event) };
  }
  const times = (behaviour.kind === 'answer' ? behaviour.answers : null) ?? 1;
  if (path.includes(':generateContent')) {
    const part = googlePart(text, finish, usage);
    return whole({ ...part, candidates: Array.from({ length: times }, () => part.candidates[0]) });
  }
  if (path.endsWith('/api/chat')) {
    const last = {
      done: true,
      done_reason: finish,
      ...(usage && { prompt_eval_count: usage.input, eval_count: usage.output }),
    };
    if (body.stream === false) return whole({ message: { content: text }, ...last });
    const parts = [...words.map((content) => ({ message: { content }, done: false })), last];
    return { type: 'application/x-ndjson', chunks: parts.map((part) => `${JSON.stringify(part)}\n`) };
  }
  if (path.endsWith('/messages')) {
    const reason = finish === 'length' ? 'max_tokens' : 'end_turn';
    const content = [{ type: 'text', text }];
    const counted = { input_tokens: usage?.input, output_tokens: usage?.output };
    if (body.stream !== true) {
      return whole({ type: 'message', content, stop_reason: reason, ...(usage && { usage: counted }) });
    }
    const started = { ...counted, output_tokens: 1 };
    const events: { type: string; [field: string]: unknown }[] = [
      { type: 'message_start', ...(usage && { message: { usage: started } }) },
      ...words.map((word) => ({ type: 'content_block_delta', delta: { type: 'text_delta', text: word } })),
      {
        type: 'message_delta',
        delta: { stop_reason: reason },
        ...(usage && { usage: { output_tokens: usage.output } }),
      },
      { type: 'message_stop' },
    ];
    return { type: sse, chunks: events.map((one) => `event: ${one.type}\n${event(one)}`) };
  }
  const tokens = usage && { prompt_tokens: usage.input, completion_tokens: usage.output };
  const isChat = path.endsWith('/chat/completions');
  if (body.stream !== true) {
    const choice = { ...(isChat ? { message: { content: text } } : { text }), finish_reason: finish };
    return whole({ choices: Array.from({ length: times }, () => choice), ...(tokens && { usage: tokens }) });
  }
  const part = (word: string): object => (isChat ? { delta: { content: word } } : { text: word });
  return {
    type: sse,
    chunks: [
      ...words.map((word) => event({ choices: [{ ...part(word), finish_reason: null }] })),
      event({ choices: [{ ...part(''), finish_reason: finish }] }),
      ...(tokens ? [event({ choices: [], usage: tokens })] : []),
      'data: [DONE]\n\n',
    ],
  };
}

const event = (value: unknown): string => `data: ${JSON.stringify(value)}\n\n`;

function whole(value: unknown): { type: string; chunks: string[] } {
  const text = JSON.stringify(value);
  return { type: 'application/json', chunks: [text.slice(0, 20), text.slice(20), '', ''] };
}

function googlePart(text: string, finish: string | null, usage: { input: number; output: number } | null) {
  const finishReason = finish === 'length' ? 'MAX_TOKENS' : 'STOP';
  return {
    candidates: [{ content: { parts: [{ text }] }, ...(finish === null ? {} : { finishReason }) }],
    ...(usage && { usageMetadata: { promptTokenCount: usage.input, candidatesTokenCount: usage.output } }),
  };
}
