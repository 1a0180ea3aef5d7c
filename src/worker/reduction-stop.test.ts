import { expect, test } from 'vitest';
import { checkStop, stoppable, stopReduction } from './reduction-stop.ts';

test('what a person stops ends without a failure and without a result, and the next begins afresh', async () => {
  const stopped = stoppable(async () => {
    await stopReduction();
    checkStop();
    return 'done';
  });
  await expect(stopped).resolves.toBeNull();
  const next = stoppable(() => {
    checkStop();
    return Promise.resolve('done');
  });
  await expect(next).resolves.toBe('done');
});

test('failures stay failures, and a second is refused meanwhile', async () => {
  await expect(stoppable(() => Promise.reject(new Error('broken')))).rejects.toThrow('broken');
  const first = stoppable(() => Promise.resolve('first'));
  await expect(stoppable(() => Promise.resolve('second'))).rejects.toThrow(/being reduced/);
  await expect(first).resolves.toBe('first');
});
