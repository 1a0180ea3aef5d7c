import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { restBetweenLooks, type WaitingScope } from './node-waits.ts';

/** A function of a binding, for what tells it from others: native, with a `prototype`. */
function native(work: () => void): () => void {
  const bound = work.bind(null);
  Object.defineProperty(bound, 'prototype', { value: {} });
  return bound;
}

function opened() {
  const turns: (() => void)[] = [];
  const calls: unknown[][] = [];
  const wait = (...given: unknown[]) => Promise.resolve(void calls.push(given));
  const immediately = (work: (...given: unknown[]) => void, ...given: unknown[]) => {
    turns.push(() => work(...given));
  };
  const scope: WaitingScope = {
    setImmediate: Object.assign(immediately as unknown as typeof setImmediate, {
      __promisify__: setImmediate.__promisify__,
    }),
    GPUBuffer: { prototype: { mapAsync: wait } },
    GPUQueue: { prototype: { onSubmittedWorkDone: wait } },
  };
  restBetweenLooks(scope);
  return { scope, turns, calls };
}

beforeEach(() => vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }));
afterEach(() => vi.useRealTimers());

describe('restBetweenLooks', () => {
  test('the binding looks once a millisecond, not in every turn', () => {
    const { scope, turns } = opened();
    vi.advanceTimersByTime(10);
    let looks = 0;
    const look = native(() => {
      looks += 1;
      scope.setImmediate(look);
    });
    scope.setImmediate(look);
    expect(turns).toHaveLength(0);
    vi.advanceTimersByTime(20);
    expect(looks).toBe(20);
    expect(turns).toHaveLength(0);
  });

  test('what somebody else asks for comes in the next turn, with what is given', () => {
    const { scope, turns } = opened();
    const seen: unknown[] = [];
    scope.setImmediate((...given: unknown[]) => seen.push(given), 1, 'two');
    let done = false;
    scope.setImmediate(() => (done = true));
    // What ends a promise is native too.
    const ended = new Promise<void>((resolve) => scope.setImmediate(resolve));
    expect(turns).toHaveLength(3);
    for (const turn of turns) turn();
    expect(seen).toEqual([[1, 'two']]);
    expect(done).toBe(true);
    return ended;
  });

  test.each([
    ['mapAsync', (scope: WaitingScope) => scope.GPUBuffer.prototype.mapAsync(1)],
    ['onSubmittedWorkDone', (scope: WaitingScope) => scope.GPUQueue.prototype.onSubmittedWorkDone()],
  ])('a wait by %s begins: a look at once, then in every turn for a millisecond', async (_name, wait) => {
    const { scope, turns, calls } = opened();
    vi.advanceTimersByTime(10);
    let looks = 0;
    const look = native(() => (looks += 1));
    scope.setImmediate(look);
    await wait(scope);
    expect(calls).toHaveLength(1);
    expect(turns).toHaveLength(1);
    vi.advanceTimersByTime(0.5);
    expect(looks).toBe(0); // The timer was cancelled, so that there is no second look.
    scope.setImmediate(look);
    expect(turns).toHaveLength(2);
    vi.advanceTimersByTime(1);
    scope.setImmediate(look);
    expect(turns).toHaveLength(2);
    vi.advanceTimersByTime(2);
    expect(looks).toBe(1);
  });

  test('a wait takes what it was given, and gives what it gave', async () => {
    const { scope, calls } = opened();
    await scope.GPUBuffer.prototype.mapAsync(1, 8, 16);
    expect(calls).toEqual([[1, 8, 16]]);
  });

  test('util.promisify still works on setImmediate', async () => {
    const scope = {
      setImmediate,
      GPUBuffer: { prototype: { mapAsync: () => Promise.resolve(undefined) } },
      GPUQueue: { prototype: { onSubmittedWorkDone: () => Promise.resolve(undefined) } },
    };
    restBetweenLooks(scope);
    expect(await promisify(scope.setImmediate)('given')).toBe('given');
  });
});
