import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { countedFetch } from './counted-fetch.ts';

class FakeRequest {
  static last: FakeRequest;
  readonly sent: unknown[] = [];
  readonly headers: Record<string, string> = {};
  upload: { onprogress?: (event: { loaded: number; total: number }) => void } = {};
  onload?: () => void;
  onerror?: () => void;
  aborted = false;
  opened: string[] = [];
  status = 200;
  responseText = 'done';
  constructor() {
    FakeRequest.last = this;
  }
  open(method: string, address: string) {
    this.opened = [method, address];
  }
  setRequestHeader(name: string, value: string) {
    this.headers[name] = value;
  }
  getAllResponseHeaders() {
    return 'Content-Type: text/plain\r\nX-Two: a:b\r\nT:x\r\n: none\r\nnonsense\r\n';
  }
  send(body: unknown) {
    this.sent.push(body);
  }
  abort() {
    this.aborted = true;
  }
}

const plain = vi.fn(() => Promise.resolve(new Response('plain')));
beforeEach(() => {
  plain.mockClear();
  vi.stubGlobal('XMLHttpRequest', FakeRequest);
  vi.stubGlobal('fetch', plain);
});
afterEach(() => vi.unstubAllGlobals());

const send = (init: object) => countedFetch('https://hub.example/x', init);
const hint = (part?: number, numParts?: number, progressCallback: (share: number) => void = vi.fn()) => ({
  progressCallback,
  ...(part === undefined ? {} : { part, numParts }),
});

describe('what is sent to a hub', () => {
  it('goes by fetch where progress is not wanted, or the length is not known', async () => {
    const stream = new ReadableStream();
    for (const init of [
      { method: 'PUT', body: 'text' },
      { body: stream, progressHint: hint() },
      { progressHint: hint() },
    ]) {
      expect(await (await send(init)).text()).toBe('plain');
      expect(plain).toHaveBeenLastCalledWith('https://hub.example/x', init);
    }
  });

  it.each([['text'], [new Blob(['blob'])], [new ArrayBuffer(3)]])('tells how far it is: %o', async (body) => {
    const told: number[] = [];
    const sending = send({
      method: 'PUT',
      body,
      headers: { 'X-One': 'a' },
      progressHint: hint(undefined, undefined, (share) => told.push(share)),
    });
    const { last } = FakeRequest;
    expect([last.opened, last.headers, last.sent]).toEqual([
      ['PUT', 'https://hub.example/x'],
      { 'x-one': 'a' },
      [body],
    ]);
    last.upload.onprogress!({ loaded: 1, total: 4 });
    last.upload.onprogress!({ loaded: 0, total: 0 });
    last.onload!();
    const response = await sending;
    expect([response.status, await response.text(), [...response.headers]]).toEqual([
      200,
      'done',
      [
        ['content-type', 'text/plain'],
        ['t', 'x'],
        ['x-two', 'a:b'],
      ],
    ]);
    expect(told).toEqual([0.25, 1]);
    expect(plain).not.toHaveBeenCalled();
  });

  it('in parts is told as the share of all of them', () => {
    const told: number[] = [];
    const callback = (share: number) => told.push(share);
    for (const [part, loaded] of [
      [1, 4],
      [2, 2],
      [2, 4],
    ] as const) {
      void send({ body: 'text', progressHint: hint(part, 4, callback) });
      FakeRequest.last.upload.onprogress!({ loaded, total: 4 });
    }
    expect(told).toEqual([0.25, 0.375, 0.5]);
  });

  it('in one part, without a count of parts, is told as its own share', () => {
    const told: number[] = [];
    void send({ body: 'text', progressHint: hint(1, undefined, (share) => told.push(share)) });
    FakeRequest.last.upload.onprogress!({ loaded: 1, total: 4 });
    expect(told).toEqual([0.25]);
  });

  it.each([204, 304])('an answer %i has no body', async (status) => {
    const sending = send({ body: 'text', progressHint: hint() });
    Object.assign(FakeRequest.last, { status, responseText: '' });
    FakeRequest.last.onload!();
    expect((await sending).body).toBeNull();
    expect(FakeRequest.last.opened[0]).toBe('GET');
  });

  it('ends at once where it is stopped, before or meanwhile, and fails as fetch does', async () => {
    const stop = new AbortController();
    const sending = send({ body: 'text', signal: stop.signal, progressHint: hint() });
    stop.abort(new Error('stopped'));
    await expect(sending).rejects.toThrow('stopped');
    expect(FakeRequest.last.aborted).toBe(true);
    const before = FakeRequest.last;
    await expect(send({ body: 'text', signal: stop.signal, progressHint: hint() })).rejects.toThrow(
      'stopped',
    );
    expect(FakeRequest.last === before || FakeRequest.last.sent.length === 0).toBe(true);
    const failing = send({ body: 'text', signal: new AbortController().signal, progressHint: hint() });
    FakeRequest.last.onerror!();
    await expect(failing).rejects.toThrow(TypeError);
  });
});
