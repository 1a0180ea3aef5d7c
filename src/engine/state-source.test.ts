import { expect, it } from 'vitest';
import { stateOf } from './engine.ts';
import { readState, readTold, sourceOf } from './state-source.ts';

const state = stateOf(
  new Map([
    ['a', Float32Array.of(1, 2)],
    ['b', Float32Array.of(3)],
  ]),
  5,
);

it('says how many bytes are read, of how many, and reads the same', async () => {
  const told: [number, number][] = [];
  expect(await readState(readTold(sourceOf(state), (...far) => told.push(far)))).toEqual(state);
  expect(told[0]).toEqual([8, 12]);
  expect(told.at(-1)).toEqual([12, 12]);
});

it('ends between two pieces with the reason of its signal', async () => {
  const given = new AbortController();
  const reading = readTold(sourceOf(state), () => given.abort(new Error('no more')), given.signal);
  await expect(readState(reading)).rejects.toThrow('no more');
});
