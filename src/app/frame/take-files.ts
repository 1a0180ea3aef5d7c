import { filesOfDrop, isStudentFolder } from '../drop.ts';
import { navigate } from '../routes.ts';
import { studio } from '../state/studio.ts';

/** What was dropped goes where it belongs: a Hugging Face folder to Student, all else to Data. */
export async function takeDrop(transfer: DataTransfer): Promise<void> {
  let slot: 'data' | 'student' = 'data';
  try {
    const files = await filesOfDrop(transfer);
    if (isStudentFolder(files)) {
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
