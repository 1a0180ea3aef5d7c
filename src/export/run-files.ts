/** Where a run's student and rows lie for somebody who does it again elsewhere: names of files, never their content. */
import type { DatasetRecord, Split, StudentRecord } from '../store/records.ts';

/** Paths as a person has them; null where there is no such file. */
export interface RunFiles {
  /** A Hugging Face folder. */
  student: string;
  train: string;
  trainRationales: string | null;
  test: string | null;
  testRationales: string | null;
}

/**
 * The files of a dataset and a student by name: what comes with the studio is where the project has it, all else is
 * looked for beside the person. Null where nothing is there to train on.
 */
export function filesOf(dataset: DatasetRecord, student: StudentRecord): RunFiles | null {
  const folder = dataset.sample ? 'public/sample/' : './';
  const named = (split: Split, rationales: boolean): string | null => {
    const file = dataset.files.find(
      (one) => one.split === split && (one.layout === 'rationales') === rationales,
    );
    return file === undefined ? null : folder + file.name;
  };
  const train = named('train', false);
  if (train === null) return null;
  return {
    student: student.source === 'bundled' ? `public/students/${student.id}` : `./${student.name}`,
    train,
    trainRationales: named('train', true),
    test: named('test', false),
    testRationales: named('test', true),
  };
}
