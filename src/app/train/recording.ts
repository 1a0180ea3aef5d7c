/** The run that was recorded with the sample (scripts/make-recording.mjs), as the charts take a run. */
import { z } from '../../base/schemas.ts';
import { siteUrl } from '../../base/site.ts';
import { recipeSchema } from '../../distill/recipe.ts';
import type { MetricsPoint } from '../../distill/run-state.ts';
import type { RunRecord } from '../../store/records.ts';
import type { Metrics } from '../state/studio-store.ts';

const count = z.int().min(0);
const tally = z.object({ correct: count, total: count });
const column = z.array(z.number());

const schema = z.object({
  format: z.literal('stillroom-recording-1'),
  student: z.string(),
  engine: z.string(),
  trainRows: count,
  testRows: count,
  recipe: recipeSchema,
  accuracy: z.object({ base: tally, distilled: tally, teacher: tally.nullable() }),
  evaluations: z.array(tally.extend({ step: count })),
  columns: z.object({
    answerLoss: column,
    rationaleLoss: column,
    loss: column,
    learningRate: column,
    gradNorm: column,
    tokens: column,
    elapsedMs: column,
  }),
});

export interface Recording {
  run: RunRecord;
  metrics: Metrics;
}

/** The recording in the shape of a run that has ended. @throws where the value is none. */
export function readRecording(value: unknown): Recording {
  const { columns, recipe, accuracy, evaluations, student, trainRows, testRows } = schema.parse(value);
  const points = columns.answerLoss.map((answerLoss, index): MetricsPoint => ({
    step: index + 1,
    answerLoss,
    rationaleLoss: columns.rationaleLoss[index] ?? null,
    loss: columns.loss[index]!,
    learningRate: columns.learningRate[index]!,
    gradNorm: columns.gradNorm[index]!,
    tokens: columns.tokens[index]!,
    elapsedMs: columns.elapsedMs[index]!,
  }));
  const step = points.length;
  const run: RunRecord = {
    id: 'recording',
    name: 'Recording',
    createdAt: 0,
    heartbeatAt: 0,
    datasetId: 'recording',
    datasetName: 'the sample',
    trainRows,
    testRows,
    studentId: 'recording',
    studentName: student,
    recipe,
    evaluations,
    step,
    engineChoice: null,
    backend: null,
    engine: null,
    rowsSha256: null,
    savedStep: null,
    state: { phase: 'done', step, stopped: false },
    comparison: { ...accuracy, step },
  };
  return { run, metrics: { runId: run.id, points, version: 0 } };
}

let asked: Promise<Recording | null> | null = null;

/** The recording, fetched once; null where it cannot be had, which nothing depends on. */
export function fetchRecording(): Promise<Recording | null> {
  asked ??= fetch(siteUrl('recording.json'))
    .then((response) => (response.ok ? response.json() : null))
    .then((value: unknown) => (value === null ? null : readRecording(value)))
    .catch(() => null);
  return asked;
}
