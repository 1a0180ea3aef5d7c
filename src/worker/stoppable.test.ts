import { expect, test } from 'vitest';
import { Stoppable } from './stoppable.ts';

test('what a person stops ends without a failure and without a result, and the next begins afresh', async () => {
  const work = new Stoppable('A student is being reduced.');
  const stopped = work.run(async () => {
    await work.stop();
    work.check();
    return 'done';
  });
  await expect(stopped).resolves.toBeNull();
  const next = work.run(() => {
    work.check();
    return Promise.resolve('done');
  });
  await expect(next).resolves.toBe('done');
});

test('failures stay failures, and a second is refused meanwhile', async () => {
  const work = new Stoppable('A student is being reduced.');
  await expect(work.run(() => Promise.reject(new Error('broken')))).rejects.toThrow('broken');
  const first = work.run(() => Promise.resolve('first'));
  await expect(work.run(() => Promise.resolve('second'))).rejects.toThrow(/being reduced/);
  await expect(first).resolves.toBe('first');
});
