import { expect, test } from 'vitest';
import { oneAtATime } from './one-at-a-time.ts';

test('a read that is slow is never overtaken by the one asked for after it', async () => {
  const finish: (() => void)[] = [];
  const done: number[] = [];
  let begun = 0;
  const read = oneAtATime(async () => {
    const time = (begun += 1);
    await new Promise<void>((resolve) => finish.push(resolve));
    done.push(time);
  });
  const first = read();
  await Promise.resolve();
  const second = read();
  const third = read();
  expect(begun).toBe(1);
  finish[0]?.();
  await first;
  await Promise.resolve();
  // The two that waited share one read, which began after both had asked.
  expect(begun).toBe(2);
  finish[1]?.();
  await Promise.all([second, third]);
  expect(done).toEqual([1, 2]);
});

test('a failure is told to who asked for it, and the next read is made all the same', async () => {
  let time = 0;
  const read = oneAtATime(() => ((time += 1) === 1 ? Promise.reject(new Error('lost')) : Promise.resolve()));
  const first = read();
  await expect(first).rejects.toThrow('lost');
  await expect(read()).resolves.toBeUndefined();
});
