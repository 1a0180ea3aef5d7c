import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Caller } from './calls.ts';
import { frameReady } from './handshake.ts';
import { beFrame } from './inside.ts';

/** A frame's window: what it listens to, what it says to its page, and the policy that it puts on itself. */
const page = { postMessage: vi.fn() };
let listen: ((event: unknown) => void) | null;
let policies: { httpEquiv?: string; content?: string }[];
const ports: MessagePort[] = [];

beforeEach(() => {
  listen = null;
  policies = [];
  page.postMessage.mockClear();
  vi.stubGlobal('self', globalThis);
  vi.stubGlobal('parent', page);
  vi.stubGlobal('location', { origin: 'https://studio.example' });
  vi.stubGlobal('addEventListener', (_name: string, heard: (event: unknown) => void) => (listen = heard));
  vi.stubGlobal('removeEventListener', () => (listen = null));
  vi.stubGlobal('document', {
    createElement: () => ({}),
    head: { append: (meta: object) => policies.push(meta) },
  });
});
afterEach(() => {
  for (const port of ports.splice(0)) port.close();
  vi.unstubAllGlobals();
});

const closing = { type: 'stillroom-close-frame', reach: ['https://hub.example'] };
const hear = (part: object = {}) => {
  const { port1, port2 } = new MessageChannel();
  ports.push(port1, port2);
  listen!({ source: page, origin: 'https://studio.example', data: closing, ports: [port2], ...part });
  return port1;
};

it('a frame closes itself to all but the named origins before it answers, once', async () => {
  beFrame({ say: () => Promise.resolve('here') });
  expect(page.postMessage).toHaveBeenCalledWith(frameReady, 'https://studio.example');
  const caller = new Caller<{ say: { request: null; result: string; progress: never } }>(hear());
  expect(policies).toEqual([
    { httpEquiv: 'Content-Security-Policy', content: 'connect-src https://hub.example' },
  ]);
  expect(await caller.call('say', null)).toBe('here');
  expect(listen).toBeNull();
});

it.each([
  ['another window', { source: {} }],
  ['another origin', { origin: 'https://elsewhere.example' }],
  ['another message', { data: { type: 'hello' } }],
  ['no message', { data: null }],
  ['no port', { ports: [] }],
])('ignores messages from elsewhere: %s', (_what, part) => {
  beFrame({});
  hear(part);
  expect(policies).toEqual([]);
  expect(listen).not.toBeNull();
});

it('is no frame where it is a page of its own', () => {
  vi.stubGlobal('parent', globalThis);
  beFrame({});
  expect(listen).toBeNull();
});
