/** A store with a very small student, a few rows and a run that was trained on them, for tests of what is done with runs. */
import type { Watch } from '../../distill/ports.ts';
import { recipeSchema, type Recipe } from '../../distill/recipe.ts';
import type { MetricsPoint } from '../../distill/run-state.ts';
import type { EngineState } from '../../engine/engine.ts';
import { writeCheckpoint } from '../../store/checkpoints.ts';
import { openDatabase } from '../../store/database.ts';
import type { RunRecord } from '../../store/records.ts';
import { appendMetrics, readRun, writePredictions, writeRun } from '../../store/runs.ts';
import { parseT5Config } from '../../student/config.ts';
import { tinyConfig, tinyFolder, tinyTensors } from '../../student/testing/tiny-student.ts';
import { importFiles } from '../import-data.ts';
import { importStudent } from '../import-student.ts';
import type { NewRun } from '../protocol.ts';
import { newRecord } from '../stored-run.ts';

export const watch: Watch = { report: () => undefined, signal: new AbortController().signal };

export async function emptyStore(): Promise<void> {
  const database = await openDatabase();
  for (const store of database.objectStoreNames) await database.clear(store);
}

/** A dropped folder. */
export function folderOf(
  name: string,
  files: ReadonlyMap<string, Uint8Array>,
): { path: string; file: File }[] {
  return [...files].map(([path, bytes]) => ({
    path: `${name}/${path}`,
    file: new File([bytes.slice()], path),
  }));
}

/** @returns The student's id. */
export async function bringStudent(name = 'tiny', files = tinyFolder()): Promise<string> {
  const command = { type: 'import-student', files: folderOf(name, files), baseId: null } as const;
  return (await importStudent(command, watch.report)).studentId;
}

/** A dataset of these inputs, all with one label, each with itself and ` c` as its rationale. @returns Its id. */
export async function bringRows(
  inputs: Readonly<Record<string, readonly string[]>>,
  label = 'ab',
): Promise<string> {
  const files = Object.entries(inputs).map(([split, texts]) => {
    const lines = texts.map((input) => JSON.stringify({ input, label, rationale: `${input} c` }));
    return { file: new File([lines.join('\n')], `mine-${split}.jsonl`), split: null };
  });
  const command = { type: 'import-files', datasetId: null, files } as const;
  return (await importFiles(command, watch.report)).datasetId;
}

export const rowsOfTest = { train: ['aa', 'bb', 'cc', 'dd'], test: ['ee', 'ff'] };

/** A run to come, of four steps, on four training rows and two test rows. */
export async function newRun(keys: Partial<Recipe> = {}): Promise<NewRun> {
  return {
    datasetId: await bringRows(rowsOfTest),
    studentId: await bringStudent(),
    recipe: recipeSchema.parse({
      steps: 4,
      batchSize: 2,
      evalEvery: 0,
      saveEvery: 2,
      generationMaxTokens: 4,
      ...keys,
    }),
    testRows: null,
    engine: null,
    backend: null,
  };
}

const config = parseT5Config(JSON.stringify(tinyConfig()), 'config.json');
const floats = (seed: number) =>
  new Map([...tinyTensors(tinyConfig(), seed)].map(([name, { data }]) => [name, data]));
/** What was on the engine after a step: other weights after each. */
export const stateAt = (step: number): EngineState => ({
  weights: floats(10 + step),
  expAvg: floats(20 + step),
  expAvgSq: floats(30 + step),
  step,
});

export const pointAt = (step: number): MetricsPoint => ({
  step,
  learningRate: 0.1,
  answerLoss: 1 / step,
  rationaleLoss: 2 / step,
  loss: 1.5 / step,
  gradNorm: 1,
  tokens: 40,
  elapsedMs: 100 * step,
});

/** A run with checkpoints of steps 2 and 4 and a comparison of the last one, all of it stored. */
export async function trainedRun(
  changes: Partial<RunRecord> = {},
  keys: Partial<Recipe> = {},
): Promise<RunRecord> {
  const record = await newRecord(await newRun(keys));
  const engine = { engine: 'wasm', backend: 'wasm', adapter: 'two threads' } as const;
  let run: RunRecord = {
    ...record,
    name: 'copper-heron',
    engine: { ...engine, reason: 'a test', parameters: 1, bytesHeld: 1 },
    state: { phase: 'done', step: 4, stopped: false },
    step: 4,
    comparison: {
      base: { correct: 0, total: 2 },
      distilled: { correct: 1, total: 2 },
      teacher: null,
      step: 4,
    },
  };
  await writeRun(run);
  await appendMetrics(run.id, [1, 2, 3, 4].map(pointAt));
  const said = { label: 'ab', teacher: null, base: 'a', teacherRationale: null };
  await writePredictions(run.id, [
    { ...said, row: 0, input: 'ee', distilled: 'ab', rationale: 'ee c' },
    { ...said, row: 1, input: 'ff', distilled: 'b', rationale: 'c' },
  ]);
  for (const step of [2, 4]) {
    const told = { elapsedMs: 100 * step, engine, accuracy: null, loss: 1.5 / step };
    await writeCheckpoint(run.id, stateAt(step), config, told, () => (run = { ...run, savedStep: step }));
  }
  run = { ...run, ...changes };
  await writeRun(run);
  return (await readRun(run.id))!;
}
