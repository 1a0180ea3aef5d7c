/** A student that goes leaves what its runs need. */
import { InputError } from '../base/errors.ts';
import { readStudentOutline } from '../student/folder.ts';
import { filesFromBlobs } from '../student/student-files.ts';
import { keepStudent, keptTexts } from './kept-students.ts';
import { keepWithRun, listRuns } from './runs.ts';

/** Keeps what runs of earlier versions need of a student that is about to be removed: they kept nothing themselves. */
export async function keepForRuns(studentId: string, blobs: ReadonlyMap<string, Blob>): Promise<void> {
  const runs = (await listRuns()).filter(
    (run) => run.studentId === studentId && run.keptStudent === undefined,
  );
  if (runs.length === 0) return;
  const files = filesFromBlobs(blobs);
  try {
    const texts = keptTexts(await readStudentOutline(files, 'student'));
    const keptStudent = await keepStudent(texts);
    for (const { id } of runs) await keepWithRun(id, keptStudent);
    // Once more: the last run that named it may have gone before these did.
    await keepStudent(texts);
  } catch (error) {
    // A damaged one has nothing that could be kept, and can still be removed.
    if (!(error instanceof InputError)) throw error;
  }
}
