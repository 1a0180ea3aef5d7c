/** The first steps of a run to come, timed on the engine that it would have. */
import { InputError } from '../base/errors.ts';
import { rehearse } from '../distill/rehearsal.ts';
import { readExamples } from '../store/datasets.ts';
import { frozenParameters } from '../student/reduce/freeze.ts';
import { limited } from './active-run.ts';
import { openStudent } from './import-student.ts';
import { openEngine } from './machine.ts';
import type { NewRun, Rehearsal } from './protocol.ts';
import { rehearsal } from './stoppable.ts';
import type { ReportProgress } from './wire.ts';

/** See `rehearse` in protocol.ts. @throws InputError where the student or all rows are gone. */
export function rehearseRun(run: NewRun, progress: ReportProgress): Promise<Rehearsal | null> {
  return rehearsal.run(async () => {
    const { recipe, engine: choice, backend } = run;
    const train = await readExamples(run.datasetId, 'train');
    if (train.length === 0)
      throw new InputError('There are no training rows.', 'Add a training file on Data first.');
    const test = limited(await readExamples(run.datasetId, 'test'), run.testRows);
    const student = await openStudent(run.studentId, progress);
    rehearsal.check();
    progress('opening the engine', 0, 1);
    const frozen = frozenParameters(student.config, recipe.freeze);
    const engine = await openEngine({ ...student, frozen }, { engine: choice, backend }, (done, total) =>
      progress('compiling kernels', done, total),
    );
    try {
      rehearsal.check();
      const work = rehearse({ engine, tokenizer: student.tokenizer, recipe, train, test });
      for (;;) {
        rehearsal.check();
        const next = await work.next();
        if (next.done) return { ...next.value, engine: engine.describe() };
        progress('timing steps', next.value.done, next.value.total);
      }
    } finally {
      engine.dispose();
    }
  });
}
