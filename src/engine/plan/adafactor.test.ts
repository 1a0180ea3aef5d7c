/** Adafactor in the engine: what its state holds, and whose state it takes. Its numbers are held by the goldens. */
import { describe, expect, test } from 'vitest';
import { EngineError } from '../../base/errors.ts';
import { expectSameState } from '../../../tests/support/same-state.ts';
import type { OptimizerName } from '../engine.ts';
import { SlabLayout } from './slab-layout.ts';
import { parseTiny, tinyEngineStudent, tinyMicroBatch, tinyUpdate } from './testing/tiny-engine.ts';
import { createTwinEngine } from './twin/twin-engine.ts';

const student = tinyEngineStudent({ feed_forward_proj: 'gated-gelu', tie_word_embeddings: false });
const open = (optimizer: OptimizerName) =>
  createTwinEngine({ ...student, optimizer }, { precision: 'single' });
const batches = [tinyMicroBatch(student.config)];

describe('Adafactor', () => {
  test('keeps a row and a column for each matrix, and all of a vector', async () => {
    const engine = open('adafactor');
    expect((await engine.read()).expAvgSqRow).toBeUndefined();
    await engine.step(batches, tinyUpdate);
    const { expAvg, expAvgSq, expAvgSqRow, expAvgSqCol } = await engine.read();
    expect(expAvg.size).toBe(0);
    const { d_model, vocab_size } = student.config;
    expect(expAvgSqRow!.get('shared.weight')).toHaveLength(vocab_size);
    expect(expAvgSqCol!.get('shared.weight')).toHaveLength(d_model);
    expect([...expAvgSq.keys()].every((name) => name.includes('layer_norm'))).toBe(true);
    expect(expAvgSq.size + expAvgSqRow!.size).toBe(student.weights.size);
  });

  test('resumes from its state to the byte', async () => {
    const [one, other] = [open('adafactor-relative'), open('adafactor-relative')];
    await one.step(batches, tinyUpdate);
    other.restore(await one.read());
    for (const engine of [one, other]) await engine.step(batches, { ...tinyUpdate, step: 2 });
    expectSameState(await one.read(), await other.read());
  });

  test('changes nothing where a loss is not finite', async () => {
    const engine = open('adafactor');
    const broken = new Map(student.weights);
    broken.set('lm_head.weight', new Float32Array(broken.get('lm_head.weight')!.length).fill(Infinity));
    engine.restore({ weights: broken, expAvg: new Map(), expAvgSq: new Map(), step: 0 });
    const before = await engine.read();
    await expect(engine.step(batches, tinyUpdate)).rejects.toThrow('not a finite number');
    expectSameState(await engine.read(), before);
  });

  test('and AdamW each refuse the other state in words, and stay as they were', async () => {
    const [adam, factored] = [open('adamw'), open('adafactor')];
    for (const engine of [adam, factored]) await engine.step(batches, tinyUpdate);
    const [adamState, factoredState] = [await adam.read(), await factored.read()];
    expect(() => adam.restore(factoredState)).toThrow(EngineError);
    expect(() => adam.restore(factoredState)).toThrow(
      'The state has the averages of Adafactor, and this run is trained with AdamW.',
    );
    expect(() => factored.restore(adamState)).toThrow('averages of AdamW');
    const [first] = factoredState.expAvgSqRow!.keys();
    const short = new Map(factoredState.expAvgSqRow).set(first!, new Float32Array(1));
    expect(() => factored.restore({ ...factoredState, expAvgSqRow: short })).toThrow('1 values instead of');
    expectSameState(await adam.read(), adamState);
    expectSameState(await factored.read(), factoredState);
  });

  test('takes less memory: no moments as large as the weights', () => {
    const large = parseTiny({ vocab_size: 4096, d_model: 128 });
    const [adam, factored] = (['adamw', 'adafactor'] as const).map(
      (optimizer) => new SlabLayout(large, new Set(), null, optimizer).bytesOfAll,
    );
    expect(factored).toBeLessThan(0.55 * adam!);
  });
});
