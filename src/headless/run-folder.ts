/** The folder that a run leaves behind: metrics.jsonl, predictions.jsonl, summary.json and model/. */
import { existsSync, readdirSync } from 'node:fs';
import { basename, join, relative, resolve, sep } from 'node:path';
import { InputError } from '../base/errors.ts';
import type { CompareResult } from '../distill/compare.ts';
import { formatRecipe, type Recipe } from '../distill/recipe.ts';
import type { MetricsPoint } from '../distill/run-state.ts';
import type { EngineDescription } from '../engine/engine.ts';
import { modelCard, type ModelCardFacts } from '../export/model-card.ts';
import { modelFolder } from '../export/model-folder.ts';
import { metricsJsonLines, predictionsJsonLines } from '../export/tables.ts';
import type { Weights } from '../student/config.ts';
import type { Student } from '../student/folder.ts';
import { countParameters } from '../student/parameters.ts';
import { appendOutput, removeOutput, writeOutput } from './files.ts';

/** What is known of a run before it begins. */
export interface RunFacts {
  student: Student;
  recipe: Recipe;
  datasetName: string;
  trainRows: number;
  engine: EngineDescription;
}

/** What a run writes at its end: from an earlier run, it would pass for this one's. */
const leftovers = /^(?:model|checkpoint-\d+|summary\.json|predictions\.jsonl)$/;

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
   * @throws InputError where the student itself would go; StorageError where the disk refuses.
   */
  async begin(): Promise<void> {
    const [inside] = relative(resolve(this.path), resolve(this.#run.student.name)).split(sep);
    if (inside !== undefined && leftovers.test(inside)) {
      throw new InputError(
        `the student is in ${inside}, which a new run in --out replaces.`,
        'Choose another --out.',
        { file: this.path },
      );
    }
    await writeOutput(join(this.path, 'run.json'), formatRecipe(this.#run.recipe));
    await writeOutput(join(this.path, 'metrics.jsonl'), '');
    for (const name of readdirSync(this.path)) {
      if (leftovers.test(name)) await removeOutput(join(this.path, name));
    }
  }

  /** Appends a step at once, so that a killed run leaves its curve. @throws StorageError where the disk refuses. */
  addMetrics(point: MetricsPoint): void {
    this.#first ??= point;
    this.#last = point;
    appendOutput(join(this.path, 'metrics.jsonl'), metricsJsonLines([point]));
  }

  /** Writes the weights of a step: to `checkpoint-N/` on the way, the last ones to `model/`. */
  async saveModel(step: number, weights: Weights, last: boolean): Promise<void> {
    const { student, recipe } = this.#run;
    const files = modelFolder(student, weights, {
      dtype: 'f32',
      runFile: formatRecipe(recipe),
      card: last ? modelCard(this.#facts(null)) : null,
    });
    const folder = last ? 'model' : `checkpoint-${step}`;
    for (const file of files) await writeOutput(join(this.path, folder, file.path), file.bytes);
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
    await writeOutput(join(this.path, 'summary.json'), `${JSON.stringify(summary, null, 2)}\n`);
  }

  #facts(result: CompareResult | null): ModelCardFacts {
    const { student, recipe, datasetName, trainRows, engine } = this.#run;
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
      dtype: 'f32',
    };
  }
}
