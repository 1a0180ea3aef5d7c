/** The study's published results, docs/study/results.jsonl: a line for each task, and one for each of its runs. */
import { InputError } from '../base/errors.ts';
import { z } from '../base/schemas.ts';
import type { Tally } from '../data/example.ts';
import { variedId, type Result } from '../experiment/ledger.ts';
import type { PlannedRun } from '../experiment/spec.ts';
import { runId, runOf, taskNames, type Run, type TaskName } from './design.ts';

const tally = z.object({ correct: z.int().min(0), total: z.int().min(0) });
const tasks = z.enum(taskNames);

const taskSchema = z.strictObject({
  task: tasks,
  /** Training rows, all of them. */
  trainRows: z.int().min(1),
  /** How many of their teacher's labels are right. */
  teacherTrain: tally,
  /** What is to be known of how its runs were measured. */
  note: z.string().optional(),
});

const runSchema = z.strictObject({
  task: tasks,
  varied: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.array(z.string())])),
  accuracy: z.object({ base: tally, distilled: tally, teacher: tally.nullable() }),
});

export type PublishedTask = z.infer<typeof taskSchema>;
type Accuracy = Result['accuracy'];

/** A task's results, the runs by `variedId`. */
export interface TaskResults {
  about: PublishedTask;
  runs: Map<string, { varied: Result['varied']; accuracy: Accuracy }>;
}

export type Published = Map<TaskName, TaskResults>;

/**
 * Reads what was published.
 * @throws InputError naming the line that is something else.
 */
export function parsePublished(text: string, file: string): Published {
  const published: Published = new Map();
  text.split('\n').forEach((line, index) => {
    if (line.trim() === '') return;
    const value = readJson(line);
    const about = taskSchema.safeParse(value);
    const run = runSchema.safeParse(value);
    const results = run.success ? published.get(run.data.task) : undefined;
    if (about.success) published.set(about.data.task, { about: about.data, runs: new Map() });
    else if (run.success && results !== undefined) {
      const { varied, accuracy } = run.data;
      results.runs.set(variedId(varied), { varied, accuracy });
    } else {
      throw new InputError(
        'this is no result of the study.',
        'Delete the line: what it recorded is measured again.',
        { file, line: index + 1 },
      );
    }
  });
  return published;
}

/** As it is read; runs in the order of their specs. */
export function formatPublished(
  published: Published,
  plans: ReadonlyMap<TaskName, readonly PlannedRun[]>,
): string {
  const lines = [...published].flatMap(([task, { about, runs }]) => [
    JSON.stringify(about),
    ...(plans.get(task) ?? []).flatMap(({ varied }) => {
      const found = runs.get(variedId(varied));
      return found === undefined ? [] : [JSON.stringify({ task, ...found })];
    }),
  ]);
  return lines.map((line) => `${line}\n`).join('');
}

function readJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return null;
  }
}

/** What the runs of a task are set against. */
export interface BaseEntry extends Tally {
  kind: 'base';
  task: TaskName;
  teacherTest: Tally;
  teacherTrain: Tally;
  note: string | null;
}

export type RunEntry = Run & Tally & { kind: 'run' };
export type Entry = RunEntry | BaseEntry;

/** What the page is written from, by name. */
export function entriesOf(
  published: Published,
  plans: ReadonlyMap<TaskName, readonly PlannedRun[]>,
): Map<string, Entry> {
  const entries = new Map<string, Entry>();
  for (const [task, { about, runs }] of published) {
    for (const plan of plans.get(task) ?? []) {
      const found = runs.get(variedId(plan.varied));
      if (found === undefined) continue;
      const { base, distilled, teacher } = found.accuracy;
      const run = runOf(task, plan, about.trainRows);
      entries.set(runId(run), { kind: 'run', ...run, ...distilled });
      const { teacherTrain, note = null } = about;
      const teacherTest = teacher ?? { correct: 0, total: 0 };
      entries.set(baseId(task), { kind: 'base', task, ...base, teacherTest, teacherTrain, note });
    }
  }
  return entries;
}

export function baseId(task: TaskName): string {
  return `${task}, base`;
}
