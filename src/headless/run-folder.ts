/** The folder that a run leaves behind: metrics.jsonl, predictions.jsonl, summary.json, model/, and its checkpoints. */
import { existsSync } from 'node:fs';
import { basename, join, relative, resolve, sep } from 'node:path';
import { InputError } from '../base/errors.ts';
import type { CompareResult } from '../distill/compare.ts';
import { formatRecipe, type Recipe } from '../distill/recipe.ts';
import type { MetricsPoint } from '../distill/run-state.ts';
import type { EngineDescription, EngineState } from '../engine/engine.ts';
import { modelCard, type ModelCardFacts } from '../export/model-card.ts';
import { modelFolder } from '../export/model-folder.ts';
import { metricsJsonLines, predictionsJsonLines } from '../export/tables.ts';
import type { Student } from '../student/folder.ts';
import type { WrittenFloat } from '../student/safetensors.ts';
import { countParameters } from '../student/parameters.ts';
import { CheckpointFolder } from './checkpoint-folder.ts';
import {
  appendOutput,
  flushOutput,
  namesIn,
  readText,
  removeOutput,
  renameOutput,
  replaceOutput,
  writeOutput,
} from './files.ts';
import { jobFileName } from './job-file.ts';
import { lockFileName } from './run-lock.ts';

/** What is known of a run before it begins. */
export interface RunFacts {
  student: Student;
  recipe: Recipe;
  datasetName: string;
  trainRows: number;
  engine: EngineDescription;
  /** Precision of the weights in `model/`; checkpoints are f32. */
  dtype: WrittenFloat;
}

/** What a run writes on its way and at its end: from an earlier run, it would pass for this one's. */
const leftovers = /^(?:model|checkpoint-\d+|summary\.json|predictions\.jsonl)(?:\.tmp)?$/;

/**
 * Refuses a place that a run may not replace, before anything is computed or removed.
 * @throws InputError where it is a file, holds something else than a run, or holds the student itself.
 */
export async function checkOut(path: string, student: string): Promise<void> {
  // A lock alone is no run; whether somebody holds it is asked where it is taken.
  const names = (await namesIn(path)).filter((name) => !name.startsWith(lockFileName));
  const [inside] = relative(resolve(path), resolve(student)).split(sep);
  if (inside !== undefined && leftovers.test(inside)) {
    throw new InputError(
      `the student is in ${inside}, which a new run in --out replaces.`,
      'Choose another --out.',
      { file: path },
    );
  }
  const isRun =
    names.includes(jobFileName) || (names.includes('run.json') && names.includes('metrics.jsonl'));
  if (names.length === 0 || isRun) return;
  throw new InputError(
    'this folder is not empty and holds no run, so nothing in it is replaced.',
    'Choose another --out, or empty it.',
    { file: path },
  );
}

export class RunFolder {
  readonly path: string;
  readonly #run: RunFacts;
  #first: MetricsPoint | null = null;
  #last: MetricsPoint | null = null;

  constructor(path: string, run: RunFacts) {
    this.path = path;
    this.#run = run;
  }

  /**
   * Makes the folder before anything is computed: a disk that refuses is better found now. What an earlier run left
   * in it goes.
   * @param job The text of `job.json`.
   * @throws StorageError where the disk refuses.
   */
  async begin(job: string): Promise<void> {
    await writeOutput(join(this.path, jobFileName), job);
    await writeOutput(join(this.path, 'run.json'), formatRecipe(this.#run.recipe));
    await writeOutput(join(this.path, 'metrics.jsonl'), '');
    for (const name of await namesIn(this.path)) {
      if (leftovers.test(name)) await removeOutput(join(this.path, name));
    }
  }

  /**
   * Makes the folder what it was at a step: lines of later steps go, and so does what an earlier end wrote, all but
   * the model, which stays until there is a newer one.
   * @throws InputError where lines of earlier steps are missing; StorageError where the disk refuses.
   */
  async goOn(step: number): Promise<void> {
    const file = join(this.path, 'metrics.jsonl');
    const points = pointsOf(await readText(file)).slice(0, step);
    if (points.length < step || points.some((point, index) => point.step !== index + 1)) {
      throw new InputError(
        `it should hold a line for each of the first ${step} steps and does not.`,
        'Put the file back as the run wrote it, or train again.',
        { file },
      );
    }
    this.#first = points[0] ?? null;
    this.#last = points.at(-1) ?? null;
    await replaceOutput(file, metricsJsonLines(points));
    for (const name of ['summary.json', 'predictions.jsonl']) await removeOutput(join(this.path, name));
  }

  /** Appends a step at once, so that a killed run leaves its curve. @throws StorageError where the disk refuses. */
  addMetrics(point: MetricsPoint): void {
    this.#first ??= point;
    this.#last = point;
    appendOutput(join(this.path, 'metrics.jsonl'), metricsJsonLines([point]));
  }

  /** Writes a checkpoint. Its lines of metrics are on the disk before it is. @throws StorageError where that refuses. */
  async saveCheckpoint(step: number, elapsedMs: number, state: EngineState): Promise<void> {
    const { student, recipe, engine } = this.#run;
    await flushOutput(join(this.path, 'metrics.jsonl'));
    const { engine: name, backend, adapter } = engine;
    // After the last step nothing asks for the moments again.
    const kept = step < recipe.steps ? state : { ...state, expAvg: new Map(), expAvgSq: new Map() };
    const beside = modelFolder(student, state.weights, {
      dtype: 'f32',
      runFile: formatRecipe(recipe),
      card: null,
    });
    const facts = { step, elapsedMs, engine: { engine: name, backend, adapter } };
    await new CheckpointFolder(this.path).write(facts, kept, student.config, beside);
  }

  /** Writes the weights at the end of training to `model/`; an earlier one stays until this one is whole. */
  async saveModel({ weights }: EngineState): Promise<void> {
    const { student, recipe, dtype } = this.#run;
    const files = modelFolder(student, weights, {
      dtype,
      runFile: formatRecipe(recipe),
      card: modelCard(this.#facts(null)),
    });
    const folder = join(this.path, 'model');
    await removeOutput(`${folder}.tmp`);
    for (const file of files) {
      await writeOutput(join(`${folder}.tmp`, file.path), file.bytes);
      await flushOutput(join(`${folder}.tmp`, file.path));
    }
    await removeOutput(folder);
    await renameOutput(`${folder}.tmp`, folder);
  }

  /** Writes all that is known at the end. `result`: null where nothing was tested. */
  async finish(result: CompareResult | null): Promise<void> {
    const facts = this.#facts(result);
    const card = join(this.path, 'model', 'README.md');
    if (existsSync(card)) await writeOutput(card, modelCard(facts));
    const predictions = predictionsJsonLines(result?.predictions ?? []);
    await writeOutput(join(this.path, 'predictions.jsonl'), predictions);
    const { engine, student, recipe, trainRows } = this.#run;
    const summary = {
      accuracy: facts.accuracy,
      engine: engine.engine,
      backend: engine.backend,
      adapter: engine.adapter,
      reason: engine.reason,
      student: student.name,
      parameters: facts.parameters,
      trainRows,
      testRows: result?.predictions.length ?? 0,
      steps: facts.steps,
      elapsedMs: facts.elapsedMs,
      first: this.#first,
      last: this.#last,
      recipe,
    };
    await replaceOutput(join(this.path, 'summary.json'), `${JSON.stringify(summary, null, 2)}\n`);
    // All steps are taken and their weights are in model/: nothing is left to go on with.
    if (facts.steps < recipe.steps) return;
    const checkpoints = new CheckpointFolder(this.path);
    for (const step of await checkpoints.steps()) await checkpoints.remove(step);
  }

  #facts(result: CompareResult | null): ModelCardFacts {
    const { student, recipe, datasetName, trainRows, engine, dtype } = this.#run;
    const [first, last] = [this.#first, this.#last];
    return {
      name: basename(resolve(this.path)),
      baseStudent: basename(resolve(student.name)),
      parameters: countParameters(student.config),
      recipe,
      datasetName,
      trainRows,
      steps: last?.step ?? 0,
      accuracy: result?.accuracy ?? null,
      losses: first && last ? { first, last } : null,
      elapsedMs: last?.elapsedMs ?? 0,
      engine,
      dtype,
    };
  }
}

/** The points of `metrics.jsonl`; a last line that was cut off is none. */
function pointsOf(text: string): MetricsPoint[] {
  const lines = text.split('\n').slice(0, -1);
  return lines.flatMap((line) => {
    try {
      return [JSON.parse(line) as MetricsPoint];
    } catch {
      return [];
    }
  });
}
