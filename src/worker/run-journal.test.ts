import 'fake-indexeddb/auto';
import { expect, it } from 'vitest';
import { notebookRecipe } from '../distill/recipe.ts';
import type { MetricsPoint } from '../distill/run-state.ts';
import type { EngineDescription } from '../engine/engine.ts';
import type { RunRecord } from '../store/records.ts';
import { readMetrics, writeRun } from '../store/runs.ts';
import { RunJournal } from './run-journal.ts';
import { Wire } from './wire.ts';

const description = {} as EngineDescription;
const point = (step: number) => ({ step, loss: 1 / step }) as MetricsPoint;

it('keeps every point once where a pause falls within a flush', async () => {
  const told: number[] = [];
  const wire = new Wire((message) => {
    if (message.type === 'run' && message.event.type === 'metrics') {
      told.push(...message.event.points.map(({ step }) => step));
    }
  });
  const run = {
    id: 'run',
    step: 0,
    savedStep: null,
    evaluations: [],
    recipe: notebookRecipe,
    comparison: null,
    state: { phase: 'training', step: 0, steps: 9 },
  } as unknown as RunRecord;
  await writeRun(run);
  const journal = new RunJournal(run, wire);
  // The first is flushed at once; the second comes meanwhile, and then the pause.
  const first = journal.metrics(point(1), description);
  const flushing = journal.flush();
  const second = journal.metrics(point(2), description);
  const pause = journal.state({ phase: 'paused', step: 2 });
  await journal.metrics(point(3), description);
  await Promise.all([first, flushing, second, pause]);
  await journal.flush();
  expect((await readMetrics('run')).map(({ step }) => step)).toEqual([1, 2, 3]);
  expect(told).toEqual([1, 2, 3]);
});
