/** The folder that a run leaves behind: metrics.jsonl, predictions.jsonl, summary.json, model/, and its checkpoints. */
import { existsSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { CheckpointError, InputError } from '../base/errors.ts';
import type { CompareResult } from '../distill/compare.ts';
import { wholeWeights } from '../distill/engine-student.ts';
import type { KeptReading } from '../data/kept-reading.ts';
import { formatRecipe, type Recipe } from '../distill/recipe.ts';
import type { RunSoFar } from '../distill/ports.ts';
import type { Evaluation, MetricsPoint } from '../distill/run-state.ts';
import { hasStalled, keptSteps } from '../distill/selection.ts';
import { saveEveryMs } from '../distill/session.ts';
import { mostSteps } from '../distill/steps-ahead.ts';
import type { EngineDescription } from '../engine/engine.ts';
import { readState, weightsAlone, type StateSource } from '../engine/state-source.ts';
import { cardFiles, modelCard, type ModelCardFacts } from '../export/model-card.ts';
import { adapterFolder, modelFolder, type FolderFile } from '../export/model-folder.ts';
import { metricsJsonLines, predictionsJsonLines } from '../export/tables.ts';
import type { RoundingCheck } from '../jobs/rounding.ts';
import type { Student } from '../student/folder.ts';
import { initialiseAdapters } from '../student/lora/lora.ts';
import type { WrittenFloat } from '../formats/safetensors-writer.ts';
import type { Weights } from '../student/config.ts';
import { countParameters } from '../student/parameters.ts';
import { CheckpointFolder, type FoundCheckpoint } from './checkpoint-folder.ts';
import { evaluationsFile, evaluationsIn, metricsFile, pointsIn, pointsUntil } from './curve-files.ts';
import {
  appendOutput,
  flushOutput,
  namesIn,
  removeOutput,
  renameOutput,
  replaceOutput,
  writeOutput,
} from './files.ts';
import { jobFileName } from './job-file.ts';
import { leftovers } from './run-place.ts';

/** What is known of a run before it begins. */
export interface RunFacts {
  student: Student;
  recipe: Recipe;
  datasetName: string;
  trainRows: number;
  /** How its rows were read, where something was said. */
  reading: KeptReading | null;
  /** What was noticed of the training rows, in words. */
  notes?: readonly string[];
  /** The student's name on a hub, where it is from there. */
  baseModel?: string | null;
  /** Precision of the weights in `model/`; checkpoints are f32. */
  dtype: WrittenFloat;
}

export class RunFolder {
  readonly path: string;
  readonly #run: RunFacts;
  /** What computes; another one after a GPU was lost. */
  engine: EngineDescription | null = null;
  #whole: Weights | null = null;
  #first: MetricsPoint | null = null;
  #last: MetricsPoint | null = null;
  #savedStep: number | null = null;
  #evaluations: Evaluation[] = [];
  /** Of the weights in `model/`, where they are not the last. */
  #takenStep: number | null = null;

  constructor(path: string, run: RunFacts) {
    this.path = path;
    this.#run = run;
  }

  get soFar(): RunSoFar {
    return { step: this.#last?.step ?? 0, savedStep: this.#savedStep, evaluations: this.#evaluations };
  }

  /** Time spent in steps so far. */
  get elapsedMs(): number {
    return this.#last?.elapsedMs ?? 0;
  }

  /**
   * As `newest` of checkpoint-folder.ts. Where checkpoints were made and are gone, nothing is begun again with step 1
   * unasked: the curve would go too.
   * @throws CheckpointError as there, and where all that were made are gone.
   */
  async newestCheckpoint(tell: (words: string) => void): Promise<FoundCheckpoint | null> {
    const found = await new CheckpointFolder(this.path).newest(tell);
    if (found !== null) return found;
    const points = await this.#points();
    if (!existsSync(join(this.path, 'model')) && !hadCheckpoint(points, this.#run.recipe)) return null;
    throw this.#withoutCheckpoint('The checkpoints of it are gone', points);
  }

  /**
   * The checkpoint that a person resumes from; null for the beginning. A run that has taken a step begins again only where
   * that is asked for: its curve goes, and it may have been hours.
   * @param fromStart It is asked for; what is damaged goes then.
   * @throws CheckpointError where none is whole and it is not asked for; InputError where one is whole and it is.
   */
  async checkpointToResume(
    tell: (words: string) => void,
    fromStart: boolean,
  ): Promise<FoundCheckpoint | null> {
    const checkpoints = new CheckpointFolder(this.path);
    const damaged: string[] = [];
    let found: FoundCheckpoint | null = null;
    try {
      found = await checkpoints.newest((words) => damaged.push(words));
      damaged.forEach(tell);
    } catch (error) {
      if (!(error instanceof CheckpointError)) throw error;
      damaged.forEach(tell);
    }
    if (found !== null) {
      if (!fromStart) return found;
      throw new InputError(
        `the checkpoint of step ${found.state.step} is whole, so that it need not begin again.`,
        'Leave --from-start out, or train again with another --out.',
        { file: this.path },
      );
    }
    const points = await this.#points();
    const steps = await checkpoints.steps();
    if (fromStart) {
      for (const step of steps) await checkpoints.remove(step);
      return null;
    }
    if (steps.length === 0 && points.length === 0 && !existsSync(join(this.path, 'model'))) return null;
    throw this.#withoutCheckpoint(
      steps.length === 0 ? 'There is no checkpoint in it' : 'No checkpoint in it is whole',
      points,
    );
  }

  #points(): Promise<MetricsPoint[]> {
    return pointsIn(this.path);
  }

  #withoutCheckpoint(what: string, points: readonly MetricsPoint[]): CheckpointError {
    const model = existsSync(join(this.path, 'model')) ? ', and so is model/' : '';
    return new CheckpointError(
      `${this.path}: ${what}; its curve up to step ${points.at(-1)?.step ?? 0} is still there${model}.`,
      `Nothing was removed. Put a checkpoint back, or begin again with step 1, which replaces the curve: train --resume ${this.path} --from-start`,
    );
  }

  /**
   * Makes the folder before anything is computed: a disk that refuses is better found now. What an earlier run left
   * in it goes. What a link there leads to is left as it is: the link is replaced.
   * @param job The text of `job.json`.
   * @throws StorageError where the disk refuses.
   */
  async begin(job: string): Promise<void> {
    await replaceOutput(join(this.path, jobFileName), job);
    await replaceOutput(join(this.path, 'run.json'), formatRecipe(this.#run.recipe, this.#run.reading));
    await replaceOutput(join(this.path, metricsFile), '');
    for (const name of await namesIn(this.path)) {
      if (leftovers.test(name)) await removeOutput(join(this.path, name));
    }
  }

  /**
   * Makes the folder what it was at a step: lines of later steps go, and so does what an earlier end wrote, all but
   * the model, which stays until there is a newer one.
   * @throws InputError where lines of earlier steps are missing; StorageError where the disk refuses.
   */
  async resumeAt(step: number): Promise<void> {
    const points = await pointsUntil(this.path, step);
    this.#first = points[0] ?? null;
    this.#last = points.at(-1) ?? null;
    this.#savedStep = step === 0 ? null : step;
    await replaceOutput(join(this.path, metricsFile), metricsJsonLines(points));
    const measured = join(this.path, evaluationsFile);
    if (existsSync(measured)) {
      this.#evaluations = (await evaluationsIn(this.path)).filter((one) => one.step <= step);
      await replaceOutput(measured, this.#evaluations.map((one) => `${JSON.stringify(one)}\n`).join(''));
    }
    for (const name of ['summary.json', 'predictions.jsonl']) await removeOutput(join(this.path, name));
  }

  /** Appends a step at once, so that a killed run leaves its curve. @throws StorageError where the disk refuses. */
  addMetrics(point: MetricsPoint): void {
    this.#first ??= point;
    this.#last = point;
    appendOutput(join(this.path, metricsFile), metricsJsonLines([point]));
  }

  /** Appends an accuracy that was measured, so that a resumed run knows that it was. */
  addEvaluation(evaluation: Evaluation): void {
    this.#evaluations = [...this.#evaluations, evaluation];
    appendOutput(join(this.path, evaluationsFile), `${JSON.stringify(evaluation)}\n`);
  }

  /** Writes a checkpoint. Its points and what was measured are on the disk before it is. @throws StorageError where that refuses. */
  async saveCheckpoint(step: number, elapsedMs: number, state: StateSource): Promise<void> {
    const { student, recipe, reading } = this.#run;
    await flushOutput(join(this.path, metricsFile));
    if (this.#evaluations.length > 0) await flushOutput(join(this.path, evaluationsFile));
    const { engine: name, backend, adapter } = this.#engine;
    // After the last step nothing asks for the moments again.
    const kept = step < recipe.steps ? state : weightsAlone(state);
    const runFile = formatRecipe(recipe, reading);
    // For what is beside the weights, which come from the state.
    const beside =
      recipe.lora === null
        ? modelFolder(student, student.weights, { dtype: 'f32', runFile, card: null })
        : adapterFolder(student, recipe.lora, initialiseAdapters(student.config, recipe.lora, recipe.seed), {
            dtype: 'f32',
            runFile,
          });
    const facts = { step, elapsedMs, engine: { engine: name, backend, adapter } };
    const also = keptSteps(recipe, this.#evaluations);
    await new CheckpointFolder(this.path).write(facts, kept, student.config, beside, also);
    this.#savedStep = step;
  }

  /**
   * Writes the weights at the end of training to `model/`, and adapters as they are to `adapter/`; an earlier one stays
   * until this one is whole.
   */
  async saveModel(state: StateSource): Promise<void> {
    const { student, recipe, dtype, reading } = this.#run;
    const runFile = formatRecipe(recipe, reading);
    const card = modelCard(await this.#facts(null));
    const { weights } = await readState(weightsAlone(state));
    if (recipe.lora !== null) {
      await this.#saveFolder('adapter', adapterFolder(student, recipe.lora, weights, { dtype, runFile }));
    }
    const whole = wholeWeights(student, recipe, weights);
    this.#whole = dtype === 'f32' ? null : whole;
    await this.#saveFolder('model', modelFolder(student, whole, { dtype, runFile, card }));
  }

  /** Puts the weights of another step than the last into `model/`. */
  async take(step: number, weights: StateSource): Promise<void> {
    this.#takenStep = step;
    await this.saveModel(weights);
  }

  /** As `openWeights` of checkpoint-folder.ts. */
  openWeights(step: number): Promise<StateSource | null> {
    return new CheckpointFolder(this.path).openWeights(step);
  }

  async #saveFolder(name: 'model' | 'adapter', files: readonly FolderFile[]): Promise<void> {
    const folder = join(this.path, name);
    await removeOutput(`${folder}.tmp`);
    for (const file of files) {
      await writeOutput(join(`${folder}.tmp`, file.path), file.bytes);
      await flushOutput(join(`${folder}.tmp`, file.path));
    }
    await removeOutput(folder);
    await renameOutput(`${folder}.tmp`, folder);
  }

  get dtype(): WrittenFloat {
    return this.#run.dtype;
  }

  /** What was written to `model/`, before it was rounded; null before that. */
  get trainedWeights(): Weights | null {
    return this.#whole;
  }

  /** What rounding does to answers, for the card. */
  rounding: RoundingCheck | null = null;

  /** Writes all that is known at the end. `result`: null where nothing was tested. */
  async finish(result: CompareResult | null): Promise<void> {
    const facts = await this.#facts(result);
    const model = join(this.path, 'model');
    if (existsSync(join(model, 'README.md'))) {
      for (const file of cardFiles(facts)) await replaceOutput(join(model, file.path), file.bytes);
    }
    const predictions = predictionsJsonLines(result?.predictions ?? []);
    await replaceOutput(join(this.path, 'predictions.jsonl'), predictions);
    const { student, recipe, datasetName, trainRows, reading, notes, baseModel } = this.#run;
    const engine = this.#engine;
    const summary = {
      accuracy: facts.accuracy,
      engine: engine.engine,
      backend: engine.backend,
      adapter: engine.adapter,
      reason: engine.reason,
      student: student.name,
      parameters: facts.parameters,
      ...(baseModel === undefined || baseModel === null ? {} : { baseModel }),
      dataset: datasetName,
      ...(reading === null ? {} : { reading }),
      ...(notes === undefined ? {} : { notes }),
      trainRows,
      testRows: result?.predictions.length ?? 0,
      steps: facts.steps,
      ...(this.#takenStep === null ? {} : { takenStep: this.#takenStep }),
      ...(this.#early ? { early: true } : {}),
      ...(this.#takenStep === null && !this.#early ? {} : { chosenBy: facts.chosenBy }),
      elapsedMs: facts.elapsedMs,
      first: this.#first,
      last: this.#last,
      recipe,
    };
    await replaceOutput(join(this.path, 'summary.json'), `${JSON.stringify(summary, null, 2)}\n`);
    // All steps are taken and their weights are in model/: nothing is left to resume.
    if (facts.steps < recipe.steps && !this.#early) return;
    const checkpoints = new CheckpointFolder(this.path);
    for (const step of await checkpoints.steps()) await checkpoints.remove(step);
  }

  get #engine(): EngineDescription {
    if (this.engine !== null) return this.engine;
    throw new Error('No engine was told to the run folder.');
  }

  /** Whether it ended before its last step since the measurements got no better. */
  get #early(): boolean {
    const { steps, patience } = this.#run.recipe;
    return (this.#last?.step ?? 0) < steps && hasStalled(this.#evaluations, patience);
  }

  async #facts(result: CompareResult | null): Promise<ModelCardFacts> {
    const { student, recipe, datasetName, trainRows, reading, notes, baseModel, dtype } = this.#run;
    const engine = this.#engine;
    const [first, last] = [this.#first, this.#last];
    return {
      name: basename(resolve(this.path)),
      form: { kind: 'model' },
      baseStudent: basename(resolve(student.name)),
      baseModel: baseModel ?? null,
      parameters: countParameters(student.config),
      recipe,
      datasetName,
      trainRows,
      ...(reading === null ? {} : { reading }),
      notes: notes ?? null,
      steps: last?.step ?? 0,
      early: this.#early,
      takenStep: this.#takenStep,
      chosenBy: this.#evaluations.at(-1)?.split ?? 'test',
      accuracy: result?.accuracy ?? null,
      losses: first && last ? { first, last } : null,
      elapsedMs: last?.elapsedMs ?? 0,
      curves: {
        points: await this.#points(),
        evaluations: this.#evaluations,
      },
      predictions: result?.predictions ?? [],
      engine,
      dtype,
      rounding: this.rounding,
    };
  }
}

/** Whether steps were taken after a checkpoint was due. (Some are given to the engine before the clock is looked at.) */
function hadCheckpoint(points: readonly MetricsPoint[], { saveEvery }: Recipe): boolean {
  if (saveEvery > 0 && points.length > saveEvery) return true;
  const before = points.at(-mostSteps - 2);
  return before !== undefined && before.elapsedMs > saveEveryMs;
}
