/** The folder that a run leaves behind: metrics.jsonl, predictions.jsonl, summary.json and model/. */
import { appendFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import type { CompareResult } from '../distill/compare.ts';
import { formatRecipe, type Recipe } from '../distill/recipe.ts';
import type { MetricsPoint } from '../distill/run-state.ts';
import type { EngineDescription } from '../engine/engine.ts';
import { modelCard, type ModelCardFacts } from '../export/model-card.ts';
import { modelFolder, type FolderFile } from '../export/model-folder.ts';
import { metricsJsonLines, predictionsJsonLines } from '../export/tables.ts';
import type { Weights } from '../student/config.ts';
import type { Student } from '../student/folder.ts';
import { countParameters } from '../student/parameters.ts';
import { writeOutput } from './files.ts';

export interface Outcome {
  points: readonly MetricsPoint[];
  /** Null where nothing was tested. */
  result: CompareResult | null;
  description: EngineDescription;
  datasetName: string;
  trainRows: number;
}

export class RunFolder {
  readonly path: string;
  readonly #student: Student;
  readonly #recipe: Recipe;
  #weights: Weights | null = null;

  constructor(path: string, student: Student, recipe: Recipe) {
    this.path = path;
    this.#student = student;
    this.#recipe = recipe;
  }

  /** Makes the folder before anything is computed: a disk that refuses is better found now. */
  async begin(): Promise<void> {
    await writeOutput(join(this.path, 'run.json'), formatRecipe(this.#recipe));
    await writeOutput(join(this.path, 'metrics.jsonl'), '');
  }

  /** Appends a step at once, so that a killed run leaves its curve. */
  addMetrics(point: MetricsPoint): void {
    appendFileSync(join(this.path, 'metrics.jsonl'), metricsJsonLines([point]));
  }

  /** Keeps the weights of a step: in `checkpoint-N/` on the way, the last ones for `model/`. */
  async saveModel(step: number, weights: Weights, last: boolean): Promise<void> {
    this.#weights = weights;
    if (!last) await this.#write(`checkpoint-${step}`, this.#folder(weights, null));
  }

  /** Writes all that is known at the end. */
  async finish(outcome: Outcome): Promise<void> {
    const { points, result, description } = outcome;
    const facts = this.#facts(outcome);
    if (this.#weights) await this.#write('model', this.#folder(this.#weights, modelCard(facts)));
    const predictions = predictionsJsonLines(result?.predictions ?? []);
    await writeOutput(join(this.path, 'predictions.jsonl'), predictions);
    const summary = {
      accuracy: result?.accuracy ?? null,
      engine: description.engine,
      backend: description.backend,
      adapter: description.adapter,
      reason: description.reason,
      student: this.#student.name,
      parameters: facts.parameters,
      trainRows: outcome.trainRows,
      testRows: result?.predictions.length ?? 0,
      steps: facts.steps,
      elapsedMs: facts.elapsedMs,
      first: points[0] ?? null,
      last: points.at(-1) ?? null,
      recipe: this.#recipe,
    };
    await writeOutput(join(this.path, 'summary.json'), `${JSON.stringify(summary, null, 2)}\n`);
  }

  #folder(weights: Weights, card: string | null): FolderFile[] {
    return modelFolder(this.#student, weights, { dtype: 'f32', runFile: formatRecipe(this.#recipe), card });
  }

  async #write(folder: string, files: readonly FolderFile[]): Promise<void> {
    for (const file of files) await writeOutput(join(this.path, folder, file.path), file.bytes);
  }

  #facts({ points, result, description, datasetName, trainRows }: Outcome): ModelCardFacts {
    const first = points[0];
    const last = points.at(-1);
    return {
      name: basename(resolve(this.path)),
      baseStudent: basename(resolve(this.#student.name)),
      parameters: countParameters(this.#student.config),
      recipe: this.#recipe,
      datasetName,
      trainRows,
      steps: last?.step ?? 0,
      accuracy: result?.accuracy ?? null,
      losses: first && last ? { first, last } : null,
      elapsedMs: last?.elapsedMs ?? 0,
      engine: description,
      dtype: 'f32',
    };
  }
}
