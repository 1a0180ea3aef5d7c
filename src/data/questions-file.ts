/** A file of questions to put to a student: lines of text, or rows of any layout that data has, with or without answers. */
import { InputError } from '../base/errors.ts';
import { formatCount } from '../base/units.ts';
import { detectEncoding, TextStream } from '../formats/encoding.ts';
import { suggestColumnMap } from './column-map.ts';
import { openContainers, type Container } from './containers.ts';
import { isObject } from './layouts/cells.ts';
import { readContainer, UnknownLayoutError, type DataFile } from './read-file.ts';

export interface Question {
  /** Its line or row in the file, from 1. */
  row: number;
  id: string | null;
  /** What a student reads, without the method's prefix. */
  text: string;
  /** The true answer, where the file has it. */
  label: string | null;
}

/** Their answers are held in memory until they are saved. */
const mostQuestions = 100_000;

/**
 * Reads a file of questions: of `.txt` each line that is not blank; of others each row, composed as it would be learned.
 * @throws InputError where it has none or too many, a row cannot be read, or nobody can say which column is the question.
 */
export async function readQuestions(file: string, blob: Blob): Promise<Question[]> {
  const questions = /\.te?xt$/i.test(file) ? await linesOf(file, blob) : await rowsOf(file, blob);
  if (questions.length === 0) {
    throw new InputError('This file has no questions.', 'Write one on each line, or one in each row.', {
      file,
    });
  }
  if (questions.length > mostQuestions) {
    throw new InputError(
      `This file has ${formatCount(questions.length)} questions, and ${formatCount(mostQuestions)} are the most at once.`,
      'Cut it into several files, or ask in a terminal: npm run headless -- generate.',
      { file },
    );
  }
  return questions;
}

async function linesOf(file: string, blob: Blob): Promise<Question[]> {
  const bytes = new Uint8Array(await blob.arrayBuffer());
  const { encoding, markBytes } = detectEncoding(file, bytes);
  const stream = new TextStream(file, encoding);
  const text = stream.next(bytes.subarray(markBytes)) + stream.next();
  return text
    .split(/\r\n|\r|\n/)
    .flatMap((line, index) =>
      line.trim() === '' ? [] : [{ row: index + 1, id: null, text: line.trim(), label: null }],
    );
}

async function rowsOf(file: string, blob: Blob): Promise<Question[]> {
  const [container, ...more] = await openContainers(file, blob);
  if (container === undefined || more.length > 0) {
    throw new InputError('This archive holds several files.', 'Unpack it and choose one.', { file });
  }
  const texts = container.records.flatMap(({ kind, ...record }) =>
    kind === 'value' && 'value' in record && typeof record.value === 'string' ? [record.value] : [],
  );
  // A list of texts is a list of questions here, and a teacher's completions on Data.
  if (texts.length > 0 && texts.length === container.records.length) {
    return texts.map((text, index) => ({ row: index + 1, id: null, text, label: null }));
  }
  const read = readOrGuess(container);
  const [refused] = read.refused;
  if (refused !== undefined) {
    throw new InputError(`this row cannot be asked: ${refused.reason}.`, 'Then choose the file again.', {
      file,
      line: refused.line,
    });
  }
  return read.rows.map(({ row, id, input, label }) => {
    if (input !== null) return { row: row + 1, id, text: input, label };
    throw new InputError(
      'This file holds a teacher’s answers without their questions.',
      'Choose a file with the questions themselves.',
      { file },
    );
  });
}

/** By its layout; where that wants answers that the file does not have, by the column that looks like a question. */
function readOrGuess(container: Container): DataFile {
  try {
    return readContainer(container);
  } catch (error) {
    if (!(error instanceof UnknownLayoutError)) throw error;
    const objects = container.records.flatMap((record) =>
      record.kind === 'value' && isObject(record.value) ? [record.value] : [],
    );
    const { input, choices, id } = suggestColumnMap(objects.slice(0, 100));
    if (input === undefined) throw error;
    const others = { ...(choices === undefined ? {} : { choices }), ...(id === undefined ? {} : { id }) };
    return readContainer(container, { map: { input, ...others } });
  }
}
