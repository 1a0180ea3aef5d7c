/** What reducing a student cost at once: its losses and those of the whole one, on the same rows. */
import type { Example } from '../data/example.ts';
import { meanLoss, type MeanLoss } from '../distill/mean-loss.ts';
import type { Watch } from '../distill/ports.ts';
import type { Recipe } from '../distill/recipe.ts';
import { taskRow } from '../distill/tasks.ts';
import type { Engine } from '../engine/engine.ts';
import { evaluationFlops } from '../engine/plan/step-flops.ts';
import type { Student } from '../student/folder.ts';

/** Rows that are enough to see a difference, and few enough to wait for. */
export const mostMeasuredRows = 200;

/** A figure of the whole student and of the reduced one. */
export interface Pair {
  before: number;
  after: number;
}

export interface MeasuredReduction {
  rows: number;
  answer: Pair;
  /** Null where a row has no rationale to measure. */
  rationale: Pair | null;
  flopsPerSecond: Pair;
  /** What measured: `wasm on wasm`. */
  engine: string;
}

export interface MeasureJob {
  /** Opened one after the other, since both may not fit. */
  before: () => Promise<Student>;
  after: () => Promise<Student>;
  examples: readonly Example[];
  recipe: Recipe;
  open: (student: Student) => Promise<Engine>;
}

interface Measured extends MeanLoss {
  flopsPerSecond: number;
  engine: string;
}

/** @throws The signal's reason where it was cancelled; what the student and its engine throw while they are opened. */
export async function measureReduction(job: MeasureJob, watch: Watch): Promise<MeasuredReduction> {
  const total = 2 * job.examples.length;
  const measure = (student: () => Promise<Student>, first: number, what: string): Promise<Measured> => {
    watch.report(what, first, total);
    return measureOne(student, job, {
      signal: watch.signal,
      report: (_, done) => watch.report(what, first + done, total),
    });
  };
  const before = await measure(job.before, 0, 'loss before');
  const after = await measure(job.after, job.examples.length, 'loss after');
  const pair = (read: (one: Measured) => number): Pair => ({ before: read(before), after: read(after) });
  return {
    rows: job.examples.length,
    answer: pair(({ answer }) => answer),
    rationale:
      before.rationale === null || after.rationale === null
        ? null
        : { before: before.rationale, after: after.rationale },
    flopsPerSecond: pair(({ flopsPerSecond }) => flopsPerSecond),
    engine: after.engine,
  };
}

async function measureOne(
  openStudent: () => Promise<Student>,
  { examples, recipe, open }: MeasureJob,
  { report, signal }: Watch,
): Promise<Measured> {
  const student = await openStudent();
  signal.throwIfAborted();
  const rows = examples.map((example) => taskRow(recipe, example, student.tokenizer));
  const engine = await open(student);
  try {
    let flops = 0;
    const work = meanLoss(engine, rows, (batch) => (flops += evaluationFlops(student.config, batch)));
    for (;;) {
      const next = await work.next();
      if (next.done) {
        const { engine: name, backend } = engine.describe();
        const flopsPerSecond = (flops / next.value.elapsedMs) * 1000;
        return { ...next.value, flopsPerSecond, engine: `${name} on ${backend}` };
      }
      report('', next.value, examples.length);
      signal.throwIfAborted();
    }
  } finally {
    engine.dispose();
  }
}
