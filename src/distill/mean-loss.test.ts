import { expect, test, vi } from 'vitest';
import { createTwinEngine } from '../engine/plan/twin/twin-engine.ts';
import { randomBatch, tinyEngineStudent } from '../engine/plan/testing/tiny-engine.ts';
import type { Engine } from '../engine/engine.ts';
import { meanLoss } from './mean-loss.ts';
import type { TaskRow } from './tasks.ts';

test('is the mean over all target tokens, whatever the batches', async () => {
  const student = tinyEngineStudent();
  const engine = createTwinEngine(student);
  const lengths = Array.from({ length: 13 }, (_, row) => [3 + (row % 5), 1 + (row % 4)] as const);
  const answers = randomBatch(student.config, 1, lengths);
  const rationales = randomBatch(student.config, 2, lengths);
  const rows = lengths.map((_, row): TaskRow => {
    const explained = row % 2 === 0;
    return {
      answerInput: answers.inputs[row]!,
      answerTarget: answers.targets[row]!,
      rationaleInput: explained ? rationales.inputs[row]! : null,
      rationaleTarget: explained ? rationales.targets[row]! : null,
    };
  });
  const run = async (some: readonly TaskRow[]) => {
    const done: number[] = [];
    const work = meanLoss(engine, some);
    for (;;) {
      const next = await work.next();
      if (next.done) return { ...next.value, done };
      done.push(next.value);
    }
  };
  const measured = await run(rows);
  expect(measured.done).toEqual([10, 13]);
  expect(measured.answer).toBeCloseTo((await engine.evaluate(answers)).loss, 10);
  const even = (values: readonly Int32Array[]) => values.filter((_, row) => row % 2 === 0);
  const explained = { inputs: even(rationales.inputs), targets: even(rationales.targets) };
  expect(measured.rationale).toBeCloseTo((await engine.evaluate(explained)).loss, 10);
  const bare = rows.map((row) => ({ ...row, rationaleInput: null, rationaleTarget: null }));
  expect((await run(bare)).rationale).toBeNull();
});

test('counts the time in the engine alone', async () => {
  let nowMs = 1000;
  const clock = vi.spyOn(performance, 'now').mockImplementation(() => nowMs);
  const engine = {
    evaluate: () => {
      nowMs += 40;
      return Promise.resolve({ loss: 1, tokens: 1 });
    },
  } as unknown as Engine;
  const ids = Int32Array.of(1);
  const row: TaskRow = { answerInput: ids, answerTarget: ids, rationaleInput: ids, rationaleTarget: ids };
  const work = meanLoss(
    engine,
    Array.from({ length: 11 }, () => row),
  );
  for (;;) {
    const next = await work.next();
    // What whoever listens does is not the engine's.
    nowMs += 500;
    if (!next.done) continue;
    // Two batches of two tasks.
    expect(next.value.elapsedMs).toBe(160);
    break;
  }
  clock.mockRestore();
});
