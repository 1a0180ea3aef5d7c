/** A run as Python: the same steps with Hugging Face's Trainer, in one file. */
import { generationKeys, greedy, type GenerationSettings } from '../student/own-generation.ts';
import type { RecipeKey } from '../distill/recipe.ts';
import program from './python/train.py?raw';
import { reducedNote, type JobData, type TrainJob } from './train-job.ts';

const placeholder = '# <settings>\n';

/** The recipe's settings under the names that the program has for them, in the order of its reading. */
const names = {
  method: 'METHOD',
  labels: 'LABELS',
  alpha: 'ALPHA',
  steps: 'STEPS',
  batchSize: 'BATCH_SIZE',
  accumulation: 'ACCUMULATION',
  optimizer: 'OPTIMIZER',
  learningRate: 'LEARNING_RATE',
  schedule: 'SCHEDULE',
  warmupSteps: 'WARMUP_STEPS',
  weightDecay: 'WEIGHT_DECAY',
  maxGradNorm: 'MAX_GRAD_NORM',
  dropout: 'DROPOUT',
  freeze: 'FREEZE',
  lora: 'LORA',
  seed: 'SEED',
  shuffle: 'SHUFFLE',
  maxInputTokens: 'MAX_INPUT_TOKENS',
  maxTargetTokens: 'MAX_TARGET_TOKENS',
  generationMaxTokens: 'GENERATION_MAX_TOKENS',
  generation: 'GENERATION',
  evalEvery: 'EVAL_EVERY',
  patience: 'PATIENCE',
  take: 'TAKE',
  saveEvery: 'SAVE_EVERY',
} as const satisfies Record<RecipeKey, string>;

/** What comes with Stillroom, seen from its folder. */
const bundled = {
  student: 'public/students/nano',
  train: 'public/sample/train.jsonl',
  test: 'public/sample/test.jsonl',
};

/** A Python program that does this run with Hugging Face's Trainer. */
export function pythonRecipe(job: TrainJob): string {
  const { recipe, student, studentIsReduced, data, testRows } = job;
  const files: JobData = data ?? {
    train: bundled.train,
    trainRationales: null,
    test: bundled.test,
    testRationales: null,
  };
  const ours = student === null || data === null;
  const settings: [name: string, value: unknown][] = [
    ['STUDENT', student ?? bundled.student],
    ['TRAIN', files.train],
    ['TRAIN_RATIONALES', files.trainRationales],
    ['VALIDATION', files.validation ?? null],
    ['VALIDATION_RATIONALES', files.validationRationales ?? null],
    ['TEST', files.test],
    ['TEST_RATIONALES', files.testRationales],
    ['TEST_ROWS', testRows],
    ['OUT', 'out'],
    ...Object.entries(names).map(([key, name]): [string, unknown] => [
      name,
      key === 'generation' ? generationArguments(recipe.generation) : recipe[key as RecipeKey],
    ]),
  ];
  const notes = [
    '# Files and the student go by the names that the studio knows; write the paths that they have.',
    ...(ours ? ['# What begins with public/ comes with Stillroom: run this in its folder.'] : []),
    ...(studentIsReduced ? [reducedNote] : []),
  ];
  const lines = [...notes, ...settings.map(([name, value]) => `${name} = ${pythonLiteral(value)}`)];
  return program.replace(placeholder, () => `${lines.join('\n')}\n`);
}

/** What transformers' `generate` is told: all of it, since the student's folder may say otherwise. */
function generationArguments(settings: GenerationSettings | null): Record<string, unknown> {
  const all = Object.entries({ ...greedy, ...settings });
  return Object.fromEntries(
    all.map(([key, value]) => [generationKeys[key as keyof GenerationSettings], value]),
  );
}

/** A value as Python writes it. JSON's strings and numbers are Python's too. */
export function pythonLiteral(value: unknown): string {
  if (value === null) return 'None';
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  if (Array.isArray(value)) return `[${value.map(pythonLiteral).join(', ')}]`;
  if (typeof value === 'object') {
    const entries = Object.entries(value).map(
      ([key, one]) => `${JSON.stringify(key)}: ${pythonLiteral(one)}`,
    );
    return `{${entries.join(', ')}}`;
  }
  return JSON.stringify(value);
}
