/** What reducing a student cost at once: its losses and those of the whole one, on the same rows. */
import { EngineError, InputError } from '../base/errors.ts';
import { meanLoss, type MeanLoss } from '../distill/mean-loss.ts';
import { taskRow } from '../distill/tasks.ts';
import type { Recipe } from '../distill/recipe.ts';
import { evaluationFlops } from '../engine/plan/step-flops.ts';
import type { Example } from '../data/example.ts';
import { readDataset, readExamples } from '../store/datasets.ts';
import { readStudentRecord, writeStudentRecord } from '../store/students.ts';
import { openStudent } from './import-student.ts';
import { openEngine } from './machine.ts';
import type { CommandOf } from './protocol.ts';
import type { SharedMachine } from './run-keeper.ts';
import { reduction } from './stoppable.ts';
import type { ReportProgress } from './wire.ts';

/** Rows that are enough to see a difference, and few enough to wait for. */
const mostRows = 200;

interface Measured extends MeanLoss {
  flopsPerSecond: number;
  engine: string;
}

/** See `measure-reduction` in protocol.ts. @throws InputError where a student or all rows are gone. */
export function measureReduction(
  { studentId, datasetId, recipe }: CommandOf<'measure-reduction'>,
  progress: ReportProgress,
  machine: SharedMachine,
): Promise<null> {
  return reduction.run(async () => {
    await machine.makeWay();
    reduction.check();
    if (machine.busy) {
      throw new EngineError('A run is at work.', 'Stop it, or wait for its end, then measure the loss.');
    }
    const record = await readStudentRecord(studentId);
    if (!record?.reduction) throw new InputError('That student is no longer stored.', 'Choose another.');
    const dataset = await readDataset(datasetId);
    // Rows that nothing is trained on, where there are any.
    const test = await readExamples(datasetId, 'test');
    const examples = (test.length > 0 ? test : await readExamples(datasetId, 'train')).slice(0, mostRows);
    if (dataset === null || examples.length === 0) {
      throw new InputError('There are no rows to measure a loss on.', 'Add data on Data first.');
    }
    const total = 2 * examples.length;
    const measure = (id: string, first: number, what: string) =>
      measureOne(id, { examples, recipe }, (done) => progress(what, first + done, total));
    progress('loss before: opening the student', 0, total);
    const before = await measure(record.reduction.fromId, 0, 'loss before');
    const after = await measure(studentId, examples.length, 'loss after');
    const pair = (read: (one: Measured) => number) => ({ before: read(before), after: read(after) });
    const loss = {
      datasetName: dataset.name,
      rows: examples.length,
      answer: pair(({ answer }) => answer),
      rationale:
        before.rationale === null || after.rationale === null
          ? null
          : { before: before.rationale, after: after.rationale },
      flopsPerSecond: pair(({ flopsPerSecond }) => flopsPerSecond),
      engine: after.engine,
    };
    await writeStudentRecord({ ...record, reduction: { ...record.reduction, loss } });
    return null;
  });
}

async function measureOne(
  studentId: string,
  { examples, recipe }: { examples: readonly Example[]; recipe: Recipe },
  progress: (done: number) => void,
): Promise<Measured> {
  const student = await openStudent(studentId, () => undefined);
  reduction.check();
  const rows = examples.map((example) => taskRow(recipe, example, student.tokenizer));
  const engine = await openEngine(student, { engine: null, backend: null });
  try {
    let flops = 0;
    const work = meanLoss(engine, rows, (batch) => (flops += evaluationFlops(student.config, batch)));
    for (;;) {
      const next = await work.next();
      if (next.done) {
        const flopsPerSecond = (flops / next.value.elapsedMs) * 1000;
        const { engine: name, backend } = engine.describe();
        return { ...next.value, flopsPerSecond, engine: `${name} on ${backend}` };
      }
      progress(next.value);
      reduction.check();
    }
  } finally {
    engine.dispose();
  }
}
