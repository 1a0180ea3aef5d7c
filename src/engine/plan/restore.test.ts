/** A state that is read piece by piece as it is written into the slabs. */
import { expect, test } from 'vitest';
import { expectSameState } from '../../../tests/support/same-state.ts';
import { EngineError, LostWeightsError, UnreadableError } from '../../base/errors.ts';
import { initialiseAdapters, type Lora } from '../../student/lora/lora.ts';
import { expectedParameters, sizeOf } from '../../student/parameters.ts';
import { stateOf, type Engine, type EngineState } from '../engine.ts';
import { sourceOf, type StateSource } from '../state-source.ts';
import type { Executor } from './executor.ts';
import { SlabLayout } from './slab-layout.ts';
import { SlabState } from './slab-state.ts';
import { tinyEngineStudent, tinyMicroBatch, tinyUpdate } from './testing/tiny-engine.ts';
import { createTwinEngine } from './twin/twin-engine.ts';

const student = tinyEngineStudent();
const { config } = student;
const lora: Lora = { rank: 2, alpha: 4, dropout: 0, targets: ['q', 'v'], baseDtype: 'float32' };

const makeEngine = (changes = {}) => createTwinEngine({ ...student, ...changes }, { precision: 'single' });
const step = (engine: Engine, at: number) =>
  engine.step([tinyMicroBatch(config, at)], { ...tinyUpdate, step: at });

/** In pieces of three floats, so that tensors end in the middle of one. */
function inPieces(
  state: EngineState,
  before: (name: string, at: number) => void = () => undefined,
): StateSource {
  const source = sourceOf(state);
  return {
    ...source,
    async *pieces(tensor) {
      for await (const whole of source.pieces(tensor)) {
        for (let at = 0; at < whole.length; at += 3) {
          before(tensor.name, at);
          yield whole.slice(at, at + 3);
        }
      }
    },
  };
}

test.each([
  ['AdamW', {}],
  ['Adafactor', { optimizer: 'adafactor' }],
  [
    'frozen weights',
    { frozen: new Set([...student.weights.keys()].filter((name) => name.startsWith('encoder'))) },
  ],
  ['adapters', { adapters: { lora, weights: initialiseAdapters(config, lora, 1) } }],
] as const)('is the whole of it, and trains on to the byte: %s', async (_name, changes) => {
  const [whole, second] = [makeEngine(changes), makeEngine(changes)];
  for (const at of [1, 2]) await step(whole, at);
  await step(second, 1); // Of which nothing may be left.
  const state = await whole.read();
  await second.restoreFrom(inPieces(state));
  expectSameState(await second.read(), state);
  expect(await step(second, 3)).toEqual(await step(whole, 3));
  expectSameState(await second.read(), await whole.read());
});

test('without averages leaves none', async () => {
  const [engine, fresh] = [makeEngine(), makeEngine()];
  await step(engine, 1);
  await engine.restoreFrom(inPieces(stateOf(student.weights)));
  for (const one of [engine, fresh]) await step(one, 1);
  expectSameState(await engine.read(), await fresh.read());
});

test('of the base student lets the base answer in the place of adapters', async () => {
  const engine = makeEngine({ adapters: { lora, weights: initialiseAdapters(config, lora, 1) } });
  for (const at of [1, 2]) await step(engine, at);
  const { answer } = tinyMicroBatch(config);
  const base = await makeEngine().evaluate(answer);
  expect(await engine.evaluate(answer)).not.toEqual(base);
  await engine.restoreFrom(inPieces(stateOf(student.weights)));
  expect(await engine.evaluate(answer)).toEqual(base);
});

test('that does not fit is refused before anything is read, and leaves the engine as it was', async () => {
  const engine = makeEngine();
  await step(engine, 1);
  const before = await engine.read();
  const unread = () => expect.unreachable('nothing is read');
  const short = new Map(student.weights).set('shared.weight', new Float32Array(3));
  await expect(engine.restoreFrom(inPieces(stateOf(short), unread))).rejects.toThrow(
    /shared\.weight has 3 values instead of/,
  );
  const { weights, expAvg } = before;
  const half = { ...before, expAvg: new Map([...expAvg].slice(1)) };
  await expect(engine.restoreFrom(inPieces(half, unread))).rejects.toBeInstanceOf(EngineError);
  const other = { ...stateOf(weights, 1), expAvgSqRow: new Map([['shared.weight', new Float32Array(1)]]) };
  await expect(engine.restoreFrom(inPieces(other, unread))).rejects.toThrow('averages of Adafactor');
  expectSameState(await engine.read(), before);
});

test('that cannot be read to its end is a loss of the weights: the engine computes nothing with parts of two', async () => {
  const engine = makeEngine();
  await step(engine, 1);
  const state = await engine.read();
  let reads = 0;
  const failing = inPieces(state, () => {
    reads += 1;
    if (reads > 9) throw new UnreadableError('The disk is gone.', 'Resume again.');
  });
  const error = await engine.restoreFrom(failing).catch((problem: unknown) => problem);
  expect(error).toBeInstanceOf(LostWeightsError);
  expect(String(error)).toMatch(
    /could not be put back on the engine \(The disk is gone\..*Resume the run from its last checkpoint/,
  );
  await expect(step(engine, 2)).rejects.toBe(error);
  await expect(engine.evaluate(tinyMicroBatch(config).answer)).rejects.toBe(error);
  await expect(engine.generate([Int32Array.of(1)], { maxNewTokens: 2, numBeams: 1 })).rejects.toBe(error);
  await expect(engine.read()).rejects.toBe(error);
  expect(() => engine.restore(state)).toThrow(LostWeightsError);
  // Whoever recovers asks what it was, and frees it.
  expect(engine.describe().engine).toBe('twin');
  engine.dispose();
});

test('has arrived before more than 21 MB of it are on their way', async () => {
  const large = { ...config, vocab_size: 3_000_000 };
  const weights = new Map(
    expectedParameters(large).map(({ name, shape }) => [name, new Float32Array(sizeOf(shape))]),
  );
  let [onTheWay, most, written] = [0, 0, 0];
  const executor = {
    clearSlab: () => undefined,
    writeSlab: (_slab, _part, _at, values) => {
      onTheWay += values.byteLength;
      written += values.byteLength;
      most = Math.max(most, onTheWay);
    },
    arrival: () => {
      onTheWay = 0;
      return Promise.resolve();
    },
  } satisfies Partial<Executor>;
  await new SlabState(large, executor as unknown as Executor, new SlabLayout(large)).writeFrom(
    sourceOf(stateOf(weights)),
  );
  expect(written).toBeGreaterThan(90e6);
  expect(most).toBeLessThan(21e6);
});
