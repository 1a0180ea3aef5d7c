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

const run = {
  id: 'run',
  step: 0,
  savedStep: null,
  evaluations: [],
  recipe: notebookRecipe,
  comparison: null,
  state: { phase: 'training', step: 0, steps: 9 },
} as unknown as RunRecord;

it('keeps every point once where a pause falls within a flush', async () => {
  const told: number[] = [];
  const wire = new Wire((message) => {
    if (message.type === 'run' && message.event.type === 'metrics') {
      told.push(...message.event.points.map(({ step }) => step));
    }
  });
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

it('keeps the points that are taken again where the run goes back to its checkpoint within a flush', async () => {
  await writeRun(run);
  const journal = new RunJournal(run, new Wire(() => undefined));
  await journal.metrics(point(1), description);
  await journal.metrics(point(2), description);
  const flushing = journal.flush();
  // The flush has taken its points, and is not done.
  await Promise.resolve();
  journal.rewind({ ...run, step: 0 });
  await journal.metrics({ ...point(1), loss: 9 }, description);
  await flushing;
  await journal.metrics({ ...point(2), loss: 9 }, description);
  await journal.flush();
  const stored = await readMetrics('run');
  expect(stored.filter(({ loss }) => loss === 9).map(({ step }) => step)).toEqual([1, 2]);
});
