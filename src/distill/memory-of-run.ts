/** What a run takes on the engine that will run it, by the plan's own count: the one figure of app and terminal. */
import { formatBytes } from '../base/units.ts';
import { runMemory, type DeviceModel, type RunMemory, type RunShape } from '../engine/plan/run-memory.ts';
import { defaultLora } from '../student/lora/lora.ts';
import type { T5Config } from '../student/config.ts';
import { answersAtOnce } from './answer.ts';
import { untrainedParameters } from './engine-student.ts';
import type { Recipe } from './recipe.ts';

/** Tokens of the longest row. */
export interface RowLengths {
  inputTokens: number;
  targetTokens: number;
}

/** @throws EngineError where one weight is larger than a binding, InputError where adapters do not suit the student. */
export function memoryOfRun(
  config: T5Config,
  recipe: Recipe,
  lengths: RowLengths,
  model: DeviceModel,
): RunMemory {
  return runMemory(config, shapeOf(config, recipe, lengths), model);
}

function shapeOf(config: T5Config, recipe: Recipe, lengths: RowLengths): RunShape {
  const { method, batchSize, accumulation, dropout, lora, optimizer, generationMaxTokens, generation } =
    recipe;
  return {
    method,
    batchSize,
    accumulation,
    ...lengths,
    dropout,
    lora,
    optimizer,
    generationTokens: generationMaxTokens,
    generationRows: answersAtOnce,
    generation,
    frozen: untrainedParameters(config, recipe),
  };
}

/** A change of the recipe that makes it fit, and what it takes then. */
export interface Relief {
  key: 'optimizer' | 'lora' | 'half-base';
  words: string;
  memory: RunMemory;
}

/** Whether a run stays within what its engine can have. */
export function fitsIn({ limitBytes }: DeviceModel, { peakBytes, steadyBytes }: RunMemory): boolean {
  // The trained weights that are kept for the comparison lie beside the engine's memory.
  return steadyBytes <= limitBytes && peakBytes <= 2 * limitBytes;
}

/** What would make a run fit that does not: batches are cut already, down to single rows. */
export function reliefs(config: T5Config, recipe: Recipe, lengths: RowLengths, model: DeviceModel): Relief[] {
  const lora = { ...defaultLora, targets: [...defaultLora.targets], baseDtype: 'float32' as const };
  const half = { ...(recipe.lora ?? lora), baseDtype: 'float16' as const };
  const changes: { key: Relief['key']; words: string; recipe: Recipe }[] = [
    { key: 'optimizer', words: 'Adafactor', recipe: { ...recipe, optimizer: 'adafactor' } },
    { key: 'lora', words: 'LoRA (rank 8)', recipe: { ...recipe, lora, freeze: [] } },
    {
      key: 'half-base',
      words: `LoRA (rank ${half.rank}) with the base in half precision`,
      recipe: { ...recipe, lora: half, freeze: [] },
    },
  ];
  return changes
    .filter(({ key }) => isChange(key, recipe))
    .map(({ key, words, recipe: changed }) => {
      return { key, words, memory: memoryOfRun(config, changed, lengths, model) };
    })
    .filter(({ memory }) => fitsIn(model, memory));
}

function isChange(key: Relief['key'], { lora, optimizer }: Recipe): boolean {
  if (key === 'optimizer') return optimizer === 'adamw';
  return key === 'lora' ? lora === null : lora?.baseDtype !== 'float16';
}

/** What would fit, in a sentence. */
export function reliefWords(found: readonly Relief[]): string {
  if (found.length === 0) return 'Choose a student with fewer pieces or layers, or shorter texts.';
  const each = found.map(({ words, memory }) => `${words}, which takes ${formatBytes(memory.steadyBytes)}`);
  return `Train with ${each.join('; or with ')}.`;
}
