/** Another student in the place of an engine's own: on the twin, and where something goes wrong. */
import { describe, expect, test } from 'vitest';
import { expectSameState } from '../../../tests/support/same-state.ts';
import { describeStandIn, standInStudent } from '../../../tests/support/stand-in-suite.ts';
import { LostWeightsError } from '../../base/errors.ts';
import { PlanEngine } from './plan-engine.ts';
import { tinyMicroBatch, tinyUpdate } from './testing/tiny-engine.ts';
import { createTwinEngine } from './twin/twin-engine.ts';
import { TwinExecutor } from './twin/twin-executor.ts';

describeStandIn('the twin lets another student answer', (student) =>
  createTwinEngine(student, { precision: 'single', poison: true }),
);

describe('where something goes wrong', () => {
  const { trained, base } = standInStudent('whole');

  /** After a step, on an executor of which something is replaced. */
  async function scene(change: (executor: TwinExecutor) => object) {
    let executor: TwinExecutor | null = null;
    const engine = new PlanEngine(trained, {
      createExecutor: (layout) => (executor = new TwinExecutor(layout, { precision: 'single' })),
      reason: 'A test.',
    });
    await engine.step([tinyMicroBatch(trained.config)], tinyUpdate);
    const state = await engine.read();
    Object.assign(executor!, change(executor!));
    return { engine, state };
  }

  test('a device without room for a copy has it in memory of the host', async () => {
    const { engine, state } = await scene(() => ({ setAside: () => Promise.resolve(null) }));
    const putBack = await engine.standIn(base.weights);
    const { answer } = tinyMicroBatch(trained.config);
    const alone = createTwinEngine(base, { precision: 'single' });
    expect(await engine.evaluate(answer)).toEqual(await alone.evaluate(answer));
    await putBack();
    expectSameState(await engine.read(), state);
  });

  /** Refuses the third and every later write, until it is told otherwise. */
  const writingTwice = (executor: TwinExecutor) => {
    const write = executor.writeSlab.bind(executor);
    let writes = 0;
    return {
      writeSlab: (...values: Parameters<typeof write>) => {
        if ((writes += 1) > 2) throw new RangeError('no memory');
        write(...values);
      },
    };
  };

  test('a stand-in that stops in the middle leaves the engine as it was', async () => {
    const { engine, state } = await scene(writingTwice);
    await expect(engine.standIn(base.weights)).rejects.toThrow('no memory');
    expectSameState(await engine.read(), state);
  });

  test('weights that cannot be put back are lost, in words, and nothing is trained on', async () => {
    const { engine } = await scene((executor) => ({
      ...writingTwice(executor),
      setAside: () => Promise.resolve(null),
    }));
    const failure = await engine.standIn(base.weights).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(LostWeightsError);
    expect(String(failure)).toContain('(no memory)');
    await expect(engine.step([tinyMicroBatch(trained.config)], tinyUpdate)).rejects.toThrow(
      'another student’s turn',
    );

    const later = await scene(() => ({
      setAside: () => Promise.resolve(() => Promise.reject(new Error('the GPU is gone.'))),
    }));
    const putBack = await later.engine.standIn(base.weights);
    await expect(putBack()).rejects.toThrow(LostWeightsError);
    await expect(later.engine.step([tinyMicroBatch(trained.config)], tinyUpdate)).rejects.toThrow(
      'another student’s turn',
    );
  });
});
