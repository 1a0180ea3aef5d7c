/** How much a run will take of the browser's storage, before it begins. */
import type { Recipe } from '../distill/recipe.ts';
import type { T5Config } from '../student/config.ts';
import { adapterParameters } from '../student/lora/lora.ts';
import { expectedParameters, sizeOf } from '../student/parameters.ts';
import { frozenParameters } from '../student/reduce/freeze.ts';
import { newestKept } from './checkpoints.ts';

const bytesPerFloat = 4;
/** A point in the database: eight numbers under their names. */
const bytesPerPoint = 200;

export interface RunSize {
  /** Weights and the optimiser's averages, of what is trained; of adapters alone where there are any. */
  checkpointBytes: number;
  /** The newest ones, the best, and the one that is being written. */
  checkpoints: number;
  /** At most, curves included. */
  totalBytes: number;
}

/** Of the averages that the optimiser keeps of a weight. */
function momentValues(shape: readonly number[], { optimizer }: Recipe): number {
  if (optimizer === 'adamw') return 2 * sizeOf(shape);
  return shape.reduce((sum, size) => sum + size, 0);
}

export function runSize(config: T5Config, recipe: Recipe, testRows: number): RunSize {
  const { lora, freeze } = recipe;
  const frozen = lora === null ? frozenParameters(config, freeze) : new Set<string>();
  let values = 0;
  for (const { name, shape } of lora === null
    ? expectedParameters(config)
    : adapterParameters(config, lora)) {
    values += sizeOf(shape) + (frozen.has(name) ? 0 : momentValues(shape, recipe));
  }
  const measured = recipe.evalEvery > 0 && recipe.evalEvery <= recipe.steps && testRows > 0;
  const checkpoints = newestKept + (measured ? 1 : 0) + 1;
  const checkpointBytes = values * bytesPerFloat;
  const totalBytes = checkpoints * checkpointBytes + recipe.steps * bytesPerPoint;
  return { checkpointBytes, checkpoints, totalBytes };
}
