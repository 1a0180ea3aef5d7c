/** A copy of a student that can write the labels of a dataset, stored beside it. */
import { breathe } from '../base/breathe.ts';
import { InputError } from '../base/errors.ts';
import type { Watch } from '../distill/ports.ts';
import { explainPrefix, predictPrefix } from '../distill/tasks.ts';
import { writableTexts } from '../distill/written-labels.ts';
import { modelFolder } from '../export/model-folder.ts';
import { extendedCard } from '../export/reduced-card.ts';
import { floatOf, writtenAs } from '../formats/safetensors-writer.ts';
import type { StudentRecord } from '../store/records.ts';
import { studentDigest, writeStudent } from '../store/students.ts';
import { addMissingPieces } from '../student/add-pieces.ts';
import { textsToKeep } from '../student/reduce/keep-texts.ts';
import { describeStudent, openStudent } from './import-student.ts';
import type { CommandOf, Results } from './protocol.ts';
import { blobOf, rowsOf } from './reduce-student.ts';
import type { SharedMachine } from './machine-use.ts';

/** See `add-pieces` in protocol.ts. @throws InputError where no piece would help. */
export async function addPiecesAndStore(
  { studentId, datasetId }: CommandOf<'add-pieces'>,
  { report, signal }: Watch,
  machine: SharedMachine,
): Promise<Results['add-pieces']> {
  await machine.makeWay();
  const student = await openStudent(studentId, report);
  const rows = await rowsOf(datasetId);
  report('adding pieces', 0, 1);
  await breathe();
  const contexts = textsToKeep(rows, [predictPrefix, explainPrefix]);
  const { student: extended, added } = addMissingPieces(student, writableTexts(rows), contexts);
  signal.throwIfAborted();
  if (added.length === 0) {
    throw new InputError(
      'No piece would help: what is lost of these labels is no character, but spaces at their ends or before a stop.',
      'Replace it in your rows.',
    );
  }
  const dtype = floatOf(student.storedDtype);
  const card = extendedCard(student, extended);
  const files = modelFolder(extended, extended.weights, { dtype, runFile: null, card });
  const record: StudentRecord = {
    ...describeStudent({ ...extended, storedDtype: writtenAs[dtype] }),
    name: `${student.name}-with-pieces`,
    id: crypto.randomUUID(),
    source: 'extended',
  };
  await breathe();
  const folder = new Map(files.map((file) => [file.path, blobOf(file)]));
  await writeStudent({ ...record, sha256: await studentDigest(folder) }, folder);
  report('adding pieces', 1, 1);
  return { studentId: record.id };
}
