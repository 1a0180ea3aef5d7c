import { filesOfDrop, isStudentFolder } from '../drop.ts';
import { runIn } from '../run-drop.ts';
import { navigate } from '../routes.ts';
import { importFound } from '../state/run-actions.ts';
import { studio } from '../state/studio.ts';

/** What was dropped goes where it belongs: a run to Runs, a Hugging Face folder to Student, all else to Data. */
export async function takeDrop(transfer: DataTransfer): Promise<void> {
  let slot: 'data' | 'student' | 'runs' = 'data';
  try {
    const files = await filesOfDrop(transfer);
    const run = await runIn(files);
    if (run !== null) {
      slot = 'runs';
      navigate('runs');
      await importFound(run);
    } else if (isStudentFolder(files)) {
      slot = 'student';
      navigate('student');
      await studio.importStudent(files);
    } else {
      navigate('data');
      await studio.importFiles(files.map(({ file }) => file));
    }
  } catch (error) {
    studio.fail(slot, error);
  }
}
