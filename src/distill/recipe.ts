/**
 * The recipe of a run: one zod schema that validates the form, reads `run.json` and writes it. Missing keys take the
 * values of Google's notebook ("Distilling step-by-step", flan-t5-base on CoS-E), unknown keys are errors.
 */
import { boundedList, z } from '../base/schemas.ts';
import { InputError } from '../base/errors.ts';
import { keptReadingSchema, type KeptReading } from '../data/kept-reading.ts';
import { optimizerNames } from '../engine/engine.ts';
import { findJsonFault } from '../formats/json-fault.ts';
import { methods } from './methods.ts';
import { baseDtypes, defaultLora, type Lora } from '../student/lora/lora.ts';
import { greedy } from '../student/own-generation.ts';
import { studentParts } from '../student/reduce/freeze.ts';

const wholeNumber = (name: string, minimum: number, maximum: number) =>
  z
    .int(`${name} must be a whole number`)
    .min(minimum, `${name} must be at least ${minimum}`)
    .max(maximum, `${name} must be at most ${maximum}`);

const number = (name: string, minimum: number, maximum: number) =>
  z
    .number(`${name} must be a number`)
    .min(minimum, `${name} must be at least ${minimum}`)
    .max(maximum, `${name} must be at most ${maximum}`);

const choice = <const T extends readonly [string, ...string[]]>(name: string, values: T) =>
  z.enum(values, `${name} must be ${values.map((value) => `"${value}"`).join(' or ')}`);

/** The same part may be in the list more than once, but no list needs to be longer than this. */
const mostParts = 100;

const loraTargetWords = 'lora targets must be "all-linear" or a list of up to 20 names such as ["q", "v"]';

/** Adapters (LoRA) in place of the student's own weights, under short names of peft's settings. */
const loraSchema = z.strictObject({
  rank: wholeNumber('lora rank', 1, 4096).default(defaultLora.rank),
  alpha: number('lora alpha', 1e-6, 1e6).default(defaultLora.alpha),
  /** On the adapters' input. */
  dropout: number('lora dropout', 0, 0.95).default(defaultLora.dropout),
  /** Last names of linear layers, or all of them. */
  targets: z
    .union(
      [
        z.literal('all-linear'),
        boundedList(z.string().regex(/^\w{1,20}$/, loraTargetWords), 20, loraTargetWords),
      ],
      loraTargetWords,
    )
    .default([...defaultLora.targets]),
  /** What the base is kept in: see `Lora`. */
  baseDtype: choice('lora baseDtype', baseDtypes).default('float32'),
});

/** How answers are chosen, under transformers' names in this house's spelling, with its defaults. */
export const generationSchema = z.strictObject({
  numBeams: wholeNumber('generation numBeams', 1, 16).default(greedy.numBeams),
  noRepeatNgramSize: wholeNumber('generation noRepeatNgramSize', 0, 100).default(greedy.noRepeatNgramSize),
  repetitionPenalty: number('generation repetitionPenalty', 0.01, 100).default(greedy.repetitionPenalty),
  minNewTokens: wholeNumber('generation minNewTokens', 0, 4096).default(greedy.minNewTokens),
  lengthPenalty: number('generation lengthPenalty', -100, 100).default(greedy.lengthPenalty),
  earlyStopping: z
    .union([z.boolean(), z.literal('never')], 'generation earlyStopping must be true, false or "never"')
    .default(greedy.earlyStopping),
});

export const recipeSchema = z.strictObject({
  /** Two tasks with prefixes, the answer alone on the bare input, or answer and rationale as one text: see methods.ts. */
  method: choice('method', methods).default('step-by-step'),
  /** Whose labels are trained on. Tests are always against the gold ones. */
  labels: choice('labels', ['gold', 'teacher']).default('gold'),
  /** Weight of the answer loss; the rationale loss has the rest. */
  alpha: number('alpha', 0, 1).default(0.5),
  /** Optimiser steps. */
  steps: wholeNumber('steps', 1, 10_000_000).default(4000),
  /** Rows in a micro-batch. */
  batchSize: wholeNumber('batchSize', 1, 4096).default(16),
  /** Micro-batches in an optimiser step. */
  accumulation: wholeNumber('accumulation', 1, 1024).default(1),
  /** See `OptimizerName`: with `adafactor-relative` learning rate, schedule and warm-up count for nothing. */
  optimizer: choice('optimizer', optimizerNames).default('adamw'),
  learningRate: number('learningRate', 0, 10).default(5e-5),
  /** How the learning rate continues after the warm-up. */
  schedule: choice('schedule', ['linear', 'constant', 'cosine']).default('linear'),
  warmupSteps: wholeNumber('warmupSteps', 0, 10_000_000).default(0),
  weightDecay: number('weightDecay', 0, 10).default(0),
  /** Limit of the gradient's global L2 norm; 0 for none. */
  maxGradNorm: number('maxGradNorm', 0, 1e9).default(1),
  dropout: number('dropout', 0, 0.95).default(0.1),
  /** Parts of the student that are not trained: see `studentParts`. */
  freeze: boundedList(choice('freeze', studentParts), mostParts, 'freeze must be a list of parts')
    .default([])
    .transform((parts) => studentParts.filter((part) => parts.includes(part))),
  /** Null: the student's own weights are trained. */
  lora: loraSchema.nullable().default(null),
  seed: wholeNumber('seed', 0, 0xffff_ffff).default(0),
  /** False: batches are consecutive rows. */
  shuffle: z.boolean('shuffle must be true or false').default(true),
  /** Tokens kept of an input, the end token included. */
  maxInputTokens: wholeNumber('maxInputTokens', 2, 16_384).default(1024),
  /** Tokens kept of a label or rationale, the end token included. */
  maxTargetTokens: wholeNumber('maxTargetTokens', 2, 16_384).default(256),
  /**
   * New tokens at most when the student answers or explains, the end token included. The notebook's
   * `generation_max_length=64` counts the decoder's start token too.
   */
  generationMaxTokens: wholeNumber('generationMaxTokens', 1, 4096).default(63),
  /** Null: greedy. What answers are measured with, on the way and at the end, and what is exported. */
  generation: generationSchema.nullable().default(null),
  /** Steps between measurements, on the validation rows where there are any, else on the test rows; 0 for none. */
  evalEvery: wholeNumber('evalEvery', 0, 10_000_000).default(500),
  /** Measurements in a row without a better one, after which training ends early; 0 for never. */
  patience: wholeNumber('patience', 0, 1_000_000).default(0),
  /** Whose weights are compared and taken away: "last", "best" by the measurements, or a step. */
  take: z
    .union([z.string(), z.int()])
    .transform(String)
    .refine((take) => /^(?:last|best|[1-9]\d{0,7})$/.test(take), 'take must be "last", "best" or a step')
    .default('last'),
  /** Steps between checkpoints; 0 leaves them to the clock (session.ts), and the last one. */
  saveEvery: wholeNumber('saveEvery', 0, 10_000_000).default(1000),
});

export type Recipe = z.infer<typeof recipeSchema>;
export type RecipeKey = keyof Recipe;

/** The notebook's settings: what a key that is missing from `run.json` means. */
export const notebookRecipe: Recipe = recipeSchema.parse({});

/** A run of a few minutes for the bundled student and sample, also on a machine without a GPU. */
export const smallRecipe: Recipe = recipeSchema.parse({
  alpha: 0.1,
  steps: 600,
  learningRate: 2e-3,
  warmupSteps: 20,
  weightDecay: 0.01,
  maxInputTokens: 128,
  maxTargetTokens: 96,
  generationMaxTokens: 48,
  evalEvery: 100,
  saveEvery: 200,
});

/** Recipes by name, with a line on when to use each. */
export const presets = [
  {
    name: 'small',
    title: 'Small',
    recipe: smallRecipe,
    use: 'Ends in a few minutes with the bundled student; right for a first look at your own rows.',
  },
  {
    name: 'notebook',
    title: 'Notebook',
    recipe: notebookRecipe,
    use: 'The published settings for flan-t5-base on CoS-E: 4,000 steps at 5e-5. Right for a pre-trained student on a GPU.',
  },
] as const;

/** What is wrong with a recipe, by key; `null` stands for the recipe as a whole. */
export interface RecipeIssue {
  key: string | null;
  problem: string;
}

/** A valid recipe, or everything that is wrong with it. */
export function checkRecipe(
  value: unknown,
): { recipe: Recipe; issues: [] } | { recipe: null; issues: RecipeIssue[] } {
  const result = recipeSchema.safeParse(value);
  if (result.success) {
    const issues = contradictions(result.data);
    return issues.length === 0 ? { recipe: result.data, issues: [] } : { recipe: null, issues };
  }
  const issues = result.error.issues.flatMap((issue): RecipeIssue[] =>
    issue.code === 'unrecognized_keys'
      ? unknownKeys(issue.keys)
      : [{ key: issue.path.length > 0 ? String(issue.path[0]) : null, problem: issue.message }],
  );
  return { recipe: null, issues };
}

/** So many keys of a stranger's recipe are named; the rest is counted. */
export const mostNamed = 10;

function unknownKeys(keys: readonly string[]): RecipeIssue[] {
  const named = keys.slice(0, mostNamed).map((key): RecipeIssue => {
    return { key, problem: `"${key.length > 60 ? `${key.slice(0, 60)}…` : key}" is not a setting` };
  });
  if (keys.length <= mostNamed) return named;
  return [...named, { key: null, problem: `${keys.length - mostNamed} more are no settings` }];
}

function contradictions(recipe: Recipe): RecipeIssue[] {
  if (recipe.freeze.length === studentParts.length) {
    return [{ key: 'freeze', problem: 'freeze names every part, so that nothing would be trained' }];
  }
  if (recipe.freeze.length > 0 && recipe.lora !== null) {
    return [{ key: 'freeze', problem: 'freeze names parts, and with lora all of the student is frozen' }];
  }
  if (recipe.evalEvery === 0 && (recipe.take === 'best' || recipe.patience > 0)) {
    const key = recipe.take === 'best' ? 'take' : 'patience';
    return [{ key, problem: `${key} goes by measurements, and evalEvery is 0, so that there are none` }];
  }
  if (Number(recipe.take) > recipe.steps) {
    return [{ key: 'take', problem: `take (${recipe.take}) is more than steps (${recipe.steps})` }];
  }
  if (recipe.warmupSteps > recipe.steps) {
    return [
      {
        key: 'warmupSteps',
        problem: `warmupSteps (${recipe.warmupSteps}) is more than steps (${recipe.steps})`,
      },
    ];
  }
  return [];
}

/**
 * A recipe with adapters of this rank, the rest of them as the recipe has it, else as peft's defaults: alpha as the rank.
 * @throws InputError where they contradict the recipe.
 */
export function withLora(recipe: Recipe, rank: number): Recipe {
  const lora = { ...defaultLora, alpha: rank, baseDtype: 'float32', ...recipe.lora, rank };
  const { recipe: found, issues } = checkRecipe({ ...recipe, lora });
  if (found !== null) return found;
  throw new InputError(
    `${issues.map(({ problem }) => problem).join('; ')}.`,
    'Choose a rank of 4 to 64, and freeze nothing beside it.',
  );
}

/**
 * A recipe whose adapters have their base in this precision.
 * @throws InputError where there are no adapters.
 */
export function withBaseDtype(recipe: Recipe, baseDtype: NonNullable<Lora['baseDtype']>): Recipe {
  if (recipe.lora !== null) return { ...recipe, lora: { ...recipe.lora, baseDtype } };
  throw new InputError(
    '--base-dtype is the precision of the base of adapters, and this recipe has none.',
    'Add --lora RANK, or leave it out.',
  );
}

/**
 * A recipe with other values of some settings, as the terminal's options have them.
 * @throws InputError where they contradict the rest of it.
 */
export function withSettings(recipe: Recipe, settings: Partial<Recipe>): Recipe {
  const { recipe: found, issues } = checkRecipe({ ...recipe, ...settings });
  if (found !== null) return found;
  throw new InputError(
    `${issues.map(({ problem }) => problem).join('; ')}.`,
    'Change the options, or the recipe.',
  );
}

/** What `run.json` holds: the recipe, and under `data` how the rows were read; null where it does not say. */
export interface RunFile {
  recipe: Recipe;
  data: KeptReading | null;
}

/** The recipe of a `run.json`. @throws InputError as `parseRunFile`. */
export function parseRecipe(text: string, file: string): Recipe {
  return parseRunFile(text, file).recipe;
}

/**
 * Reads `run.json`.
 * @throws InputError naming the file, the line, and every key that is wrong or no setting.
 */
export function parseRunFile(text: string, file: string): RunFile {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    const { line, what } = faultIn(text);
    throw new InputError(
      `this is not valid JSON: ${what}.`,
      'Fix the recipe, or leave it out to use the small preset.',
      { file, line },
    );
  }
  const { settings, said } = apart(value);
  const { recipe, issues } = checkRecipe(settings);
  const data = said === undefined ? null : keptReadingSchema.safeParse(said);
  if (data?.success === false) {
    const [issue] = data.error.issues;
    throw new InputError(
      `"data", which says how rows are read, is not as a run writes it (${[...(issue?.path ?? [])].join('.')}: ${issue?.message ?? ''}).`,
      'Put it back as it was, or leave "data" out.',
      { file, line: lineOfKey(text, 'data') },
    );
  }
  if (recipe) return { recipe, data: data?.data ?? null };
  const known = Object.keys(recipeSchema.shape).join(', ');
  throw new InputError(`${issues.map((issue) => issue.problem).join('; ')}.`, `The settings are: ${known}.`, {
    file,
    line: lineOfKey(text, issues[0]?.key ?? null),
  });
}

/** Settings, and what stands beside them. */
function apart(value: unknown): { settings: unknown; said: unknown } {
  if (typeof value !== 'object' || value === null || Array.isArray(value) || !Object.hasOwn(value, 'data'))
    return { settings: value, said: undefined };
  const { data, ...settings } = value as Record<string, unknown>;
  return { settings, said: data };
}

function lineOfKey(text: string, key: string | null): number | undefined {
  if (key === null) return undefined;
  const at = text.indexOf(JSON.stringify(key));
  return at < 0 ? undefined : text.slice(0, at).split('\n').length;
}

/** What keeps `text` from being JSON, and the line, which is told once: before the message, not in it. */
function faultIn(text: string): { line: number | undefined; what: string } {
  const fault = findJsonFault(text);
  if (fault === null) return { line: undefined, what: 'it cannot be read' };
  if (fault.endsEarly) return { line: text.trimEnd().split('\n').length, what: fault.what };
  // The fault names its line only where that is not the first.
  const line = /on line (\d+), column/.exec(fault.what)?.[1];
  return { line: Number(line ?? 1), what: fault.what.replace(/on line \d+, column/, 'at column') };
}

/**
 * Text that names a recipe among others. Settings that came later are left out where they are as before, so that a run
 * is still the same that an earlier version began.
 */
export function recipeIdentity({ lora, optimizer, patience, take, generation, ...recipe }: Recipe): string {
  const later = {
    ...(lora !== null && { lora: loraIdentity(lora) }),
    ...(optimizer !== 'adamw' && { optimizer }),
    ...(patience !== 0 && { patience }),
    ...(take !== 'last' && { take }),
    ...(generation !== null && { generation }),
  };
  return `${JSON.stringify({ ...recipe, ...later }, null, 2)}\n`;
}

/** Without the precision of the base where that is as it always was. */
function loraIdentity({ baseDtype, ...lora }: Lora): Lora {
  return baseDtype === 'float16' ? { ...lora, baseDtype } : lora;
}

/** `run.json` as the studio and the terminal write it: every key, in the schema's order, and how rows were read. */
export function formatRecipe(recipe: Recipe, data: KeptReading | null = null): string {
  return `${JSON.stringify({ ...recipe, ...(data === null ? {} : { data }) }, null, 2)}\n`;
}
