/** The study's results as lines of JSON: one line for each run that has ended, so that nothing is trained twice. */
import { InputError } from '../base/errors.ts';
import { z } from '../base/schemas.ts';
import type { Recipe } from '../distill/recipe.ts';
import { recipeOf, runId, type Run } from './design.ts';

const tally = { correct: z.int().min(0), total: z.int().min(0) };
const tasks = z.enum(['sample', 'svamp']);

/** A run that has ended. */
const runSchema = z.object({
  kind: z.literal('run'),
  task: tasks,
  method: z.enum(['standard', 'step-by-step']),
  labels: z.enum(['gold', 'teacher']),
  rows: z.int().min(1),
  alpha: z.number().nullable(),
  steps: z.int().min(1),
  seed: z.int().min(0),
  ...tally,
  answerLoss: z.number(),
  rationaleLoss: z.number().nullable(),
  stepsMs: z.number(),
  elapsedMs: z.number(),
  /** Of the files that it was trained on and from. */
  fingerprint: z.string(),
  /** As it was trained; keys that came later are not in it. */
  recipe: z.record(z.string(), z.unknown()),
});

/** What the runs of a task are set against. */
const baseSchema = z.object({
  kind: z.literal('base'),
  task: tasks,
  /** The untouched student on the test rows. */
  ...tally,
  /** The teacher's labels, in both splits. */
  teacherTest: z.object(tally),
  teacherTrain: z.object(tally),
  parameters: z.int(),
  pieces: z.int(),
  fingerprint: z.string(),
});

const entrySchema = z.discriminatedUnion('kind', [runSchema, baseSchema]);

export type RunEntry = z.infer<typeof runSchema>;
export type BaseEntry = z.infer<typeof baseSchema>;
export type Entry = RunEntry | BaseEntry;

export function formatEntry(entry: Entry): string {
  return `${JSON.stringify(entry)}\n`;
}

/**
 * Reads a results file. Its last line may be cut short, as a full disk or a pulled plug leaves it: it is left out.
 * @throws InputError naming the line that is something else.
 */
export function parseEntries(text: string, file: string): Entry[] {
  const lines = text.split('\n');
  return lines.flatMap((line, index) => {
    if (line.trim() === '') return [];
    const parsed = entrySchema.safeParse(readJson(line));
    if (parsed.success) return [parsed.data];
    if (index === lines.length - 1) return [];
    throw new InputError(
      'this is no result of the study.',
      'Delete the line: what it stood for is measured again.',
      { file, line: index + 1 },
    );
  });
}

function readJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return null;
  }
}

/** The name by which an entry is found; a later one of the same name replaces it. */
export function entryId(entry: Entry): string {
  return entry.kind === 'run' ? runId(entry) : `${entry.task}, base`;
}

/**
 * Whether an entry still says what would be measured today: same files, same recipe.
 * @param fingerprint Of the task's files now; null where they are not there and cannot speak against it.
 */
export function isCurrent(entry: Entry, fingerprint: string | null): boolean {
  if (fingerprint !== null && entry.fingerprint !== fingerprint) return false;
  if (entry.kind === 'base') return true;
  const recipe: Recipe = recipeOf(entry);
  // By content: a setting may be a list.
  return Object.entries(entry.recipe).every(
    ([key, value]) => JSON.stringify(recipe[key as keyof Recipe]) === JSON.stringify(value),
  );
}

/** The entry of a run. */
export function runEntry(
  run: Run,
  outcome: Omit<RunEntry, 'kind' | 'fingerprint' | 'recipe' | keyof Run>,
  fingerprint: string,
): RunEntry {
  return { kind: 'run', ...run, ...outcome, fingerprint, recipe: { ...recipeOf(run) } };
}
