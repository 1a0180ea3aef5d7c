/** `headless plan`: a training step as the compiled engine runs it, or what a run takes. */
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { InputError } from '../base/errors.ts';
import { formatBytes } from '../base/units.ts';
import { parseRecipe, recipeSchema, withBaseDtype, withLora, type Recipe } from '../distill/recipe.ts';
import { fitsIn, memoryOfRun, reliefs, reliefWords } from '../distill/memory-of-run.ts';
import { formatStepPlan } from '../engine/plan/format-plan.ts';
import type { DeviceModel, RunMemory } from '../engine/plan/run-memory.ts';
import { loadKernels } from '../engine/wasm/kernels.ts';
import { wasmModel } from '../engine/wasm/memory-layout.ts';
import { wgslModel } from '../engine/wgsl/wgsl-bytes.ts';
import { parseT5Config, type T5Config } from '../student/config.ts';
import { baseDtypes } from '../student/lora/lora.ts';
import { publishedShapes } from '../student/shapes.ts';
import { oneOf, readOptions, wholeNumber } from './arguments.ts';
import { readText } from './files.ts';
import { studentFolder } from './hub-student.ts';
import { chooseForThisMachine } from './machine.ts';

export async function plan(args: string[]): Promise<void> {
  const options = readOptions('plan', args, {
    student: { type: 'string' },
    shape: { type: 'string' },
    recipe: { type: 'string' },
    engine: { type: 'string' },
    batch: { type: 'string' },
    input: { type: 'string' },
    target: { type: 'string' },
    lora: { type: 'string' },
    'base-dtype': { type: 'string' },
    json: { type: 'boolean' },
  });
  const config = await configOf(options);
  const engine = oneOf('engine', options.engine, ['wasm', 'wgsl'] as const);
  const given = options.recipe === undefined ? null : await readRecipe(options.recipe);
  const rank = wholeNumber('lora', options.lora);
  const baseDtype = oneOf('base-dtype', options['base-dtype'], baseDtypes);
  const adapted = rank === null ? given : withLora(given ?? recipeSchema.parse({}), rank);
  const recipe = baseDtype === null ? adapted : withBaseDtype(adapted ?? recipeSchema.parse({}), baseDtype);
  const asked = {
    batch: wholeNumber('batch', options.batch) ?? given?.batchSize ?? 8,
    inputTokens: wholeNumber('input', options.input) ?? given?.maxInputTokens ?? 64,
    targetTokens: wholeNumber('target', options.target) ?? given?.maxTargetTokens ?? 32,
  };
  if (options.json !== true) {
    console.log(formatStepPlan(config, asked, recipe?.lora ?? null));
    return;
  }
  const memory = await estimate(config, asked, recipe, engine);
  console.log(JSON.stringify(memory));
}

async function configOf({ student, shape }: { student?: string; shape?: string }): Promise<T5Config> {
  if (shape !== undefined && student !== undefined)
    throw new InputError('--student and --shape name two students.', 'Leave one of them out.');
  if (shape !== undefined) {
    const config = publishedShapes.get(shape);
    if (config !== undefined) return config;
    const names = [...publishedShapes.keys()].join(', ');
    throw new InputError(
      `--shape ${shape} is not known.`,
      `Choose ${names}, or name a folder with --student.`,
    );
  }
  if (student === undefined)
    throw new InputError(
      'plan needs a student.',
      'Name its folder with --student DIR, or a published shape with --shape NAME.',
    );
  // The configuration is enough: a plan needs neither weights nor tokenizer.
  const file = join(await studentFolder(student), 'config.json');
  return parseT5Config(await readText(file), file);
}

async function readRecipe(file: string): Promise<Recipe> {
  return parseRecipe(await readText(file), file);
}

/** For the engine that was asked for, or that this machine would take. Says what would fit where this does not. */
async function estimate(
  config: T5Config,
  { batch, inputTokens, targetTokens }: { batch: number; inputTokens: number; targetTokens: number },
  given: Recipe | null,
  asked: 'wasm' | 'wgsl' | null,
): Promise<RunMemory> {
  const recipe = { ...(given ?? recipeSchema.parse({})), batchSize: batch };
  const lengths = { inputTokens, targetTokens };
  const model = await deviceModel(asked);
  const memory = memoryOfRun(config, recipe, lengths, model);
  if (!fitsIn(model, memory)) {
    const { steadyBytes } = memory;
    console.error(
      `This takes ${formatBytes(steadyBytes)}, and WebAssembly has at most ${formatBytes(model.limitBytes)}. ` +
        reliefWords(reliefs(config, recipe, lengths, model)),
    );
  }
  return memory;
}

/** Of the engine that was asked for, or that this machine would take; TensorFlow.js is counted as WebAssembly. */
export async function deviceModel(asked: 'wasm' | 'wgsl' | null): Promise<DeviceModel> {
  const chosen = asked ?? (await chooseForThisMachine({ engine: null, backend: null })).engine;
  return chosen === 'wgsl' ? wgslModel() : wasmModel(await loadKernels(), availableParallelism());
}
