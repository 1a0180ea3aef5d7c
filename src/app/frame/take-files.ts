import { filesOfDrop, isStudentFolder, type DroppedFile } from '../drop.ts';
import { runIn } from '../run-drop.ts';
import { navigate } from '../routes.ts';
import { importFound } from '../state/run-actions.ts';
import { studio } from '../state/studio.ts';

/** What was dropped goes where it belongs. */
export async function takeDrop(transfer: DataTransfer): Promise<void> {
  try {
    await takeFiles(await filesOfDrop(transfer));
  } catch (error) {
    studio.fail('data', error);
  }
}

/**
 * Files by what is in them: a Hugging Face folder, also in a zip, to Student; a run, as a zip or its folder, to Runs; a recipe to Train;
 * predictions to Compare; all else are rows, for Data.
 */
export async function takeFiles(files: readonly DroppedFile[]): Promise<void> {
  const run = await runIn(files);
  if (run !== null) {
    navigate('runs');
    return importFound(run);
  }
  if (isStudentFolder(files)) return takeStudent(files);
  const rows: File[] = [];
  const later: (() => Promise<void>)[] = [];
  // Loaded with the first drop: nothing of it is needed before.
  const { ownFile } = await import('../../export/own-file.ts');
  for (const { file } of files) {
    const own = await ownFile(file);
    switch (own?.kind) {
      case undefined:
        rows.push(file);
        break;
      case 'student':
        later.push(() => takeStudent(own.files));
        break;
      case 'run':
        later.push(() => {
          navigate('runs');
          return importFound({ zip: file });
        });
        break;
      case 'recipe':
        later.push(() => {
          navigate('train');
          return studio.importRecipe(file);
        });
        break;
      case 'predictions':
        later.push(() => takeComparison(file));
        break;
      default:
        return own satisfies never;
    }
  }
  if (rows.length > 0) {
    navigate('data');
    await studio.importFiles(rows);
  }
  // After the rows: a recipe says also how these are read.
  for (const take of later) await take();
}

async function takeStudent(files: readonly DroppedFile[]): Promise<void> {
  try {
    navigate('student');
    await studio.importStudent([...files]);
  } catch (error) {
    studio.fail('student', error);
  }
}

async function takeComparison(file: File): Promise<void> {
  navigate('compare');
  try {
    const { takePredictions } = await import('../state/dropped-predictions.ts');
    await takePredictions(file);
  } catch (error) {
    studio.fail('compare', error);
  }
}
