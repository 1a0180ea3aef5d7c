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
    }
  | { kind: 'status'; status: number; headers?: Record<string, string>; body?: unknown }
  /** The answer begins and the connection breaks. */
  | { kind: 'cut'; text: string }
  | { kind: 'hang' }
  | { kind: 'raw'; type: string; body: string };

export interface TeacherServer {
  url: string;
  asked: Asked[];
  /** Requests that are being answered. */
  open: () => number;
  close: () => Promise<void>;
}

/** Starts it on a free port. @param behave Says what to do with each request; may take its time. */
export async function startTeacher(
  behave: (asked: Asked) => Behaviour | Promise<Behaviour>,
): Promise<TeacherServer> {
  const asked: Asked[] = [];
  let open = 0;
  const server = createServer((request, response) => {
    open += 1;
    response.on('close', () => (open -= 1));
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

function saidIn(body: Record<string, unknown>): string {
  if (typeof body.prompt === 'string') return body.prompt;
  const messages = body.messages as { content: string }[];
  return messages.map(({ content }) => content).join('\n\n');
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
  const tokens = usage && { prompt_tokens: usage.input, completion_tokens: usage.output };
  const isChat = path.endsWith('/chat/completions');
  if (body.stream !== true) {
    const choice = { ...(isChat ? { message: { content: text } } : { text }), finish_reason: finish };
    const whole = JSON.stringify({ choices: [choice], ...(tokens && { usage: tokens }) });
    return { type: 'application/json', chunks: [whole.slice(0, 20), whole.slice(20), '', ''] };
  }
  const event = (value: unknown): string => `data: ${JSON.stringify(value)}\n\n`;
  const words = text.match(/\s*\S+/g) ?? [''];
  const part = (word: string): object => (isChat ? { delta: { content: word } } : { text: word });
  return {
    type: 'text/event-stream',
    chunks: [
      ...words.map((word) => event({ choices: [{ ...part(word), finish_reason: null }] })),
      event({ choices: [{ ...part(''), finish_reason: finish }] }),
      ...(tokens ? [event({ choices: [], usage: tokens })] : []),
      'data: [DONE]\n\n',
    ],
  };
}
