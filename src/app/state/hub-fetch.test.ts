import { createHash } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { originFiles } from '../../../tests/support/origin-files.ts';
import { InputError, NoRoomError } from '../../base/errors.ts';
import type { HubCalls, HubReading } from '../../frames/hub.ts';
import type { ClosedFrame } from '../../frames/closed-frame.ts';
import type { HubFile } from '../../hub/file-hash.ts';
import { checkRoom, fetchFile, freeBytes, idOf, UnreachableHub } from './hub-fetch.ts';
import { answered, fetchFiles } from './hub-visit.ts';

const source = { name: 'owner/model', commit: 'c' } as never;

const fileOf = (bytes: Uint8Array, path = 'model.safetensors'): HubFile => ({
  path,
  sizeBytes: bytes.length,
  hash: { algorithm: 'sha256', hex: createHash('sha256').update(bytes).digest('hex') },
});
const content = (length: number) => {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length; at += 1) bytes[at] = at * 7 + (at >> 8);
  return bytes;
};

type Send = (piece: Uint8Array) => void;
type End = { kind: string };

/** A hub whose lines a test plays, one after the other; the last one plays every further line. */
function hubOf(...lines: ((reading: HubReading, send: Send, signal: AbortSignal) => End | Promise<End>)[]) {
  const asked: number[] = [];
  const call = async (
    _name: string,
    reading: HubReading,
    { onProgress, signal }: { onProgress: Send; signal: AbortSignal },
  ) => {
    const line = lines[Math.min(asked.length, lines.length - 1)]!;
    asked.push(reading.fromByte);
    return line(reading, onProgress, signal);
  };
  return { asked, hub: { call, close: () => undefined } as unknown as ClosedFrame<HubCalls> };
}

const sends =
  (bytes: Uint8Array, pieceBytes = 1000) =>
  ({ fromByte }: HubReading, send: Send) => {
    for (let at = fromByte; at < bytes.length; at += pieceBytes) send(bytes.subarray(at, at + pieceBytes));
    return { kind: 'read' };
  };
const breaks = (bytes: Uint8Array, afterBytes: number) => (reading: HubReading, send: Send) => {
  send(bytes.subarray(reading.fromByte, afterBytes));
  return { kind: 'unreachable', problem: 'The line broke.', remedy: 'Try again.' };
};

let refuse: ((name: string) => void) | undefined;
let files: ReturnType<typeof originFiles>;
let estimate: { quota?: number; usage?: number };
let locked: boolean;
const of = (kind: 'student' | 'onnx' = 'student') => ({ kind, signal: new AbortController().signal });
const held = () => [...(files.folders.get('hub')?.values() ?? [])].map(({ length }) => length);

beforeEach(() => {
  refuse = undefined;
  files = originFiles((name) => refuse?.(name));
  estimate = {};
  locked = false;
  vi.stubGlobal('navigator', {
    storage: { getDirectory: files.getDirectory, estimate: () => Promise.resolve(estimate) },
    locks: {
      request: (_name: string, _options: object, work: (lock: object | null) => unknown) =>
        Promise.resolve(work(locked ? null : {})),
    },
  });
});
afterEach(() => vi.unstubAllGlobals());

describe('a file of a hub', () => {
  it('comes whole, is told as it comes, and is kept until its pieces are cleared', async () => {
    const bytes = content(2500);
    const { hub, asked } = hubOf(sends(bytes));
    const told: number[] = [];
    const blob = await fetchFile(hub, source, fileOf(bytes), of(), (got) => told.push(got));
    expect(new Uint8Array(await blob.arrayBuffer())).toEqual(bytes);
    expect([told, asked, held()]).toEqual([[0, 1000, 2000, 2500], [0], [2500]]);
    // What is there whole is asked for no more.
    const again = await fetchFile(hub, source, fileOf(bytes), of(), (got) => told.push(got));
    expect([again.size, told.at(-1), asked]).toEqual([2500, 2500, [0]]);
  });

  it('is written in pieces of four megabytes', async () => {
    const bytes = content(9_000_000);
    const { hub } = hubOf(sends(bytes, 1_000_000));
    const blob = await fetchFile(hub, source, fileOf(bytes), of(), () => undefined);
    expect([blob.size, held()]).toEqual([9_000_000, [4_000_000, 4_000_000, 1_000_000]]);
    expect(Buffer.compare(Buffer.from(await blob.arrayBuffer()), bytes)).toBe(0);
  });

  it('resumes from what had come when the line broke', async () => {
    const bytes = content(3000);
    const { hub, asked } = hubOf(breaks(bytes, 700), breaks(bytes, 1900), sends(bytes));
    const blob = await fetchFile(hub, source, fileOf(bytes), of(), () => undefined);
    expect([blob.size, asked, held()]).toEqual([3000, [0, 700, 1900], [700, 1200, 1100]]);
  });

  it('is given up after some tries that bring nothing, in the hub’s words', async () => {
    vi.useFakeTimers();
    const bytes = content(10);
    const { hub, asked } = hubOf(breaks(bytes, 4));
    const failing = fetchFile(hub, source, fileOf(bytes), of(), () => undefined);
    const failed = expect(failing).rejects.toThrow(new UnreachableHub('The line broke.', 'Try again.'));
    await vi.runAllTimersAsync();
    await failed;
    vi.useRealTimers();
    expect([asked, held()]).toEqual([[0, 4, 4, 4], [4]]);
  });

  it('with other bytes than the hub lists is not kept, nor with more', async () => {
    const bytes = content(50);
    const other = bytes.toReversed();
    for (const come of [other, content(60)]) {
      const { hub } = hubOf(sends(come, 100));
      await expect(fetchFile(hub, source, fileOf(bytes), of(), () => undefined)).rejects.toThrow(
        'owner/model/model.safetensors came with other bytes than the hub lists. They are not kept.',
      );
      expect(held()).toEqual([]);
    }
  });

  it('that comes without end takes no more room than a byte over its size', async () => {
    const bytes = content(50);
    const got: number[] = [];
    const { hub } = hubOf(sends(content(5000), 40));
    await expect(fetchFile(hub, source, fileOf(bytes), of(), (at) => got.push(at))).rejects.toThrow(
      'other bytes',
    );
    expect(Math.max(...got)).toBe(51);
  });

  it('of a model in this tab keeps its pieces; a student has bytes of its own', async () => {
    const bytes = content(30);
    const { hub } = hubOf(sends(bytes));
    const blob = await fetchFile(hub, source, fileOf(bytes), of('onnx'), () => undefined);
    expect(new Uint8Array(await blob.arrayBuffer())).toEqual(bytes);
    expect([...files.folders.keys()]).toEqual(['hub-models']);
  });

  it('is not read to its end once a person stops it', async () => {
    const bytes = content(30);
    const stop = new AbortController();
    const { hub } = hubOf((reading, send) => {
      const end = sends(bytes)(reading, send);
      stop.abort(new Error('stopped'));
      return end;
    });
    await expect(
      fetchFile(hub, source, fileOf(bytes), { kind: 'student', signal: stop.signal }, () => undefined),
    ).rejects.toThrow('stopped');
    expect(held()).toEqual([30]);
  });
});

describe('a disk that is full', () => {
  const bytes = content(40);
  const fetch = (error: unknown) => {
    refuse = () => {
      throw error;
    };
    const { hub } = hubOf(sends(bytes));
    return fetchFile(hub, source, fileOf(bytes), of(), () => undefined);
  };

  it.each([
    ['says so', new DOMException('full', 'QuotaExceededError'), {}],
    ['breaks the pipe', new Error('The data pipe is closed'), {}],
    ['has less room than the file', new Error('odd'), { quota: 100, usage: 61 }],
  ])('ends the fetching where the browser %s, and keeps nothing of it', async (_how, error, room) => {
    estimate = room;
    await expect(fetch(error)).rejects.toThrow(NoRoomError);
    expect(held()).toEqual([]);
  });

  it.each([{}, { quota: 100, usage: 60 }])('is not what every failed write is (%o)', async (room) => {
    estimate = room;
    await expect(fetch(new Error('odd'))).rejects.toThrow('odd');
  });

  it('ends the line at once, while more would come', async () => {
    refuse = () => {
      throw new DOMException('full', 'QuotaExceededError');
    };
    const large = content(4_000_001);
    const { hub } = hubOf(async (_reading, send, signal) => {
      send(large.subarray(0, 4_000_000));
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
      throw signal.reason;
    });
    await expect(fetchFile(hub, source, fileOf(large), of(), () => undefined)).rejects.toThrow(NoRoomError);
  });
});

describe('room', () => {
  it('is what the browser leaves, and not known where it does not say', async () => {
    expect(await freeBytes()).toBeNull();
    estimate = { quota: 10 };
    expect(await freeBytes()).toBe(10);
    estimate = { quota: 10, usage: 4 };
    expect(await freeBytes()).toBe(6);
  });

  it('must be there before anything is asked for: twice for a student, without what has come', async () => {
    const [one, other] = [fileOf(content(100)), fileOf(content(30), 'b')];
    const needs = async (freeBytes: number, kind: 'student' | 'onnx') => {
      estimate = { quota: freeBytes };
      return checkRoom([one, other], kind).then(
        () => 'enough',
        (error: unknown) => (error as Error).message,
      );
    };
    expect(await needs(260, 'student')).toBe('enough');
    expect(await needs(259, 'student')).toContain('no room for 260 bytes more');
    expect(await needs(130, 'onnx')).toBe('enough');
    expect(await needs(129, 'onnx')).toContain('no room for 130 bytes more');
    files.folders.set('hub', new Map([[`${idOf(one)}.0`, content(60)]]));
    expect(await needs(200, 'student')).toBe('enough');
    expect(await needs(199, 'student')).toContain('200 bytes');
    estimate = {};
    await checkRoom([one], 'student');
  });
});

describe('several files', () => {
  const [one, other] = [content(1000), content(500)];
  const wanted = [fileOf(one, 'a'), fileOf(other, 'b')];
  const line = (reading: HubReading, send: Send) =>
    sends(reading.file.path === 'a' ? one : other, 250)(reading, send);

  it('come one after the other, and their bytes are told together', async () => {
    const told: [number, number | null][] = [];
    const fetched = await fetchFiles(hubOf(line).hub, source, wanted, {
      signal: of().signal,
      onProgress: (gotBytes, leftMs) => told.push([gotBytes, leftMs]),
    });
    expect(fetched.map(({ file, blob }) => [file.path, blob.size])).toEqual([
      ['a', 1000],
      ['b', 500],
    ]);
    // Drawn ten times a second; the last is always told.
    expect(told.at(-1)).toEqual([1500, 0]);
  });

  it('say how long it will take, by what came since it began', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
    const [file] = wanted as [HubFile];
    files.folders.set('hub', new Map([[`${idOf(file)}.0`, one.slice(0, 200)]]));
    const told: [number, number | null][] = [];
    const fetching = fetchFiles(
      hubOf(async (_reading, send) => {
        await vi.advanceTimersByTimeAsync(150);
        send(one.subarray(200, 600));
        await vi.advanceTimersByTimeAsync(50);
        send(one.subarray(600));
        return { kind: 'read' };
      }).hub,
      source,
      [file],
      { signal: of().signal, onProgress: (gotBytes, leftMs) => told.push([gotBytes, leftMs]) },
    );
    // Breathing between two pieces takes timers, too.
    for (let turn = 0; turn < 50; turn += 1) await vi.advanceTimersByTimeAsync(0);
    vi.useRealTimers();
    await fetching;
    expect(told[0]).toEqual([200, null]);
    expect(told.at(-1)).toEqual([1000, 0]);
  });

  it('are fetched by one tab at a time', async () => {
    locked = true;
    await expect(
      fetchFiles(hubOf(line).hub, source, wanted, { signal: of().signal, onProgress: () => undefined }),
    ).rejects.toThrow(InputError);
  });

  it('are not begun where all together have no room', async () => {
    estimate = { quota: 2999 };
    const { hub, asked } = hubOf(line);
    const fetching = (): Promise<unknown> =>
      fetchFiles(hub, source, wanted, { signal: of().signal, onProgress: () => undefined });
    await expect(fetching()).rejects.toThrow(NoRoomError);
    expect(asked).toEqual([]);
    estimate = { quota: 3000 };
    await fetching();
  });
});

it('what a hub did not answer is an error in its words', () => {
  expect(answered({ kind: 'found', name: 'x' })).toEqual({ kind: 'found', name: 'x' });
  expect(() => answered({ kind: 'unreachable', problem: 'No line.', remedy: 'Wait.' } as never)).toThrow(
    'No line.',
  );
});
