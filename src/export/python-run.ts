/**
 * A run as a Python program that does the same with Hugging Face's Trainer: the same rows, tasks, losses, optimiser,
 * schedule, steps and batches. What no two programs share (the order that a seed gives, the dropout it draws) it says.
 */
import { explainPrefix, predictPrefix } from '../distill/tasks.ts';
import { pythonBody } from './python-body.ts';
import type { JobData, TrainJob } from './train-job.ts';

/** What comes with Stillroom, from its folder. */
const bundledStudent = 'public/students/nano';
const sample: JobData = {
  train: 'public/sample/train.jsonl',
  trainRationales: null,
  test: 'public/sample/test.jsonl',
  testRationales: null,
};

/** A value of JSON as a Python literal. Text is escaped as JSON has it, which Python reads alike. */
export function pythonLiteral(value: string | number | boolean | null | readonly string[]): string {
  if (value === null) return 'None';
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  if (typeof value === 'object') return `[${value.map(pythonLiteral).join(', ')}]`;
  return JSON.stringify(value);
}

/** The program, to be saved as `train.py`. */
export function pythonOf({
  recipe,
  student,
  data,
  testRows,
}: Pick<TrainJob, 'recipe' | 'student' | 'data' | 'testRows'>): string {
  const files = data ?? sample;
  const constants: [name: string, value: Parameters<typeof pythonLiteral>[0]][] = [
    ['STUDENT', student ?? bundledStudent],
    ['TRAIN', files.train],
    ['TRAIN_RATIONALES', files.trainRationales],
    ['TEST', files.test],
    ['TEST_RATIONALES', files.test === null ? null : files.testRationales],
    ['TEST_ROWS', testRows],
    ['ANSWER_PREFIX', recipe.method === 'step-by-step' ? predictPrefix : ''],
    ['RATIONALE_PREFIX', recipe.method === 'step-by-step' ? explainPrefix : null],
    ['TEACHER_LABELS', recipe.labels === 'teacher'],
    ['ALPHA', recipe.alpha],
    ['STEPS', recipe.steps],
    ['BATCH_SIZE', recipe.batchSize],
    ['ACCUMULATION', recipe.accumulation],
    ['LEARNING_RATE', recipe.learningRate],
    ['SCHEDULE', recipe.schedule === 'constant' ? 'constant_with_warmup' : recipe.schedule],
    ['WARMUP_STEPS', recipe.warmupSteps],
    ['WEIGHT_DECAY', recipe.weightDecay],
    ['MAX_GRAD_NORM', recipe.maxGradNorm],
    ['DROPOUT', recipe.dropout],
    ['FREEZE', recipe.freeze],
    ['SEED', recipe.seed],
    ['SHUFFLE', recipe.shuffle],
    ['MAX_INPUT_TOKENS', recipe.maxInputTokens],
    ['MAX_TARGET_TOKENS', recipe.maxTargetTokens],
    ['MAX_NEW_TOKENS', recipe.generationMaxTokens],
  ];
  const lines = constants.map(([name, value]) => `${name} = ${pythonLiteral(value)}`).join('\n');
  return pythonBody.replace('# CONSTANTS', () => lines);
}
