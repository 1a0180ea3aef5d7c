/** What a file is, by its first bytes and never by its name. */
import { InputError } from '../base/errors.ts';

/** A file that holds no rows at all, of a kind that can be told: within an archive it is left out, and said so. */
export class NoDataError extends InputError {}

export type ByteKind = 'gzip' | 'zstd' | 'zip' | 'parquet' | 'arrow' | 'text';

/** As much as `kindOf` looks at. */
export const kindProbeBytes = 4096;

const saveAsRows = 'Save its rows as CSV, JSON Lines or Parquet and choose that file.';
const unpackFirst = 'Unpack it and choose the file inside.';
const noRows = 'Choose the file with the rows instead.';

/** How a kind of file begins, what it is called and what to do about it. */
const others: { starts: string | number[]; at?: number; is: string; remedy: string; isText?: true }[] = [
  { starts: 'PARE', is: 'a Parquet file whose schema is encrypted', remedy: saveAsRows },
  {
    starts: 'FEA1',
    is: 'a Feather file of version 1',
    remedy: 'Save it again with a newer pyarrow or pandas.',
  },
  { starts: '%PDF-', is: 'a PDF document', remedy: saveAsRows, isText: true },
  { starts: '{\\rtf', is: 'an RTF document', remedy: saveAsRows, isText: true },
  {
    starts: [0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1],
    is: 'an old Excel or Word file',
    remedy: 'Open it there and save its rows as “CSV UTF-8”.',
  },
  { starts: 'GGUF', is: 'a model in GGUF, not data', remedy: noRows },
  { starts: [0x89, 0x50, 0x4e, 0x47], is: 'a PNG picture', remedy: noRows },
  { starts: [0xff, 0xd8, 0xff], is: 'a JPEG picture', remedy: noRows },
  { starts: 'GIF8', is: 'a GIF picture', remedy: noRows },
  { starts: 'RIFF', is: 'a sound, film or picture', remedy: noRows },
  { starts: 'OggS', is: 'a sound', remedy: noRows },
  { starts: 'ftyp', at: 4, is: 'a film or a sound', remedy: noRows },
  { starts: 'SQLite format 3', is: 'an SQLite database', remedy: saveAsRows },
  { starts: [0x89, 0x48, 0x44, 0x46], is: 'an HDF5 file', remedy: saveAsRows },
  { starts: [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59], is: 'a NumPy array', remedy: saveAsRows },
  {
    starts: ['O', 'b', 'j'].map((letter) => letter.charCodeAt(0)).concat(1),
    is: 'an Avro file',
    remedy: saveAsRows,
  },
  { starts: 'ORC', is: 'an ORC file', remedy: saveAsRows },
  { starts: [0x80, 0x02], is: 'a Python pickle, which can run code and is never opened', remedy: saveAsRows },
  { starts: [0x80, 0x03], is: 'a Python pickle, which can run code and is never opened', remedy: saveAsRows },
  { starts: [0x80, 0x04], is: 'a Python pickle, which can run code and is never opened', remedy: saveAsRows },
  { starts: [0x80, 0x05], is: 'a Python pickle, which can run code and is never opened', remedy: saveAsRows },
  { starts: [0x37, 0x7a, 0xbc, 0xaf, 0x27, 0x1c], is: 'a 7z archive', remedy: unpackFirst },
  { starts: 'Rar!', is: 'a RAR archive', remedy: unpackFirst },
  { starts: [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0], is: 'packed with xz', remedy: unpackFirst },
  { starts: 'BZh', is: 'packed with bzip2', remedy: unpackFirst },
  { starts: [0x04, 0x22, 0x4d, 0x18], is: 'packed with lz4', remedy: unpackFirst },
  { starts: 'ustar', at: 257, is: 'a tar archive', remedy: 'Unpack it and choose the files inside.' },
  { starts: [0x7f, 0x45, 0x4c, 0x46], is: 'a program', remedy: noRows },
];

/**
 * What the file is.
 *
 * @param file What people call it, for messages.
 * @param head Its first bytes: all, or `kindProbeBytes` of them.
 * @throws NoDataError with what the file is, where it is of a kind that holds no rows that can be read here.
 */
export function kindOf(file: string, head: Uint8Array): ByteKind {
  const bytes = head.subarray(0, kindProbeBytes);
  const startsWith = (starts: string | readonly number[], at = 0): boolean =>
    typeof starts === 'string'
      ? Array.from(starts).every((letter, index) => bytes[at + index] === letter.charCodeAt(0))
      : starts.every((byte, index) => bytes[at + index] === byte);

  if (bytes.length === 0) throw new NoDataError('The file is empty.', 'Choose a file with rows.', { file });
  // Letters that begin a binary file may begin a CSV too: ORC, RIFF, GGUF as the name of a column.
  const plain = isPlainText(bytes);
  if (startsWith('PAR1') && !plain) return 'parquet';
  if (startsWith([0x1f, 0x8b])) return 'gzip';
  if (startsWith('PK\u0003\u0004') || startsWith('PK\u0005\u0006')) return 'zip';
  if (
    startsWith([0x28, 0xb5, 0x2f, 0xfd]) ||
    ((bytes[0]! & 0xf0) === 0x50 && startsWith([0x2a, 0x4d, 0x18], 1))
  )
    return 'zstd';
  if (startsWith('ARROW1') && !plain) return 'arrow';
  if (startsWith([0xff, 0xff, 0xff, 0xff])) return 'arrow';
  for (const { starts, at, is, remedy, isText } of others)
    if (startsWith(starts, at) && (isText === true || !plain))
      throw new NoDataError(`This is ${is}.`, remedy, { file });
  // The length of a safetensors header in eight bytes, then its JSON.
  if (bytes[8] === 0x7b && bytes[5] === 0 && bytes[6] === 0 && bytes[7] === 0) {
    throw new NoDataError('These are a model’s weights (safetensors), not data.', noRows, { file });
  }
  return 'text';
}

/**
 * Refuses texts that hold no rows.
 *
 * @param start The first characters of the text, its mark left out; `whole` says that it is all of it.
 * @throws NoDataError with what the text is.
 */
export function refuseOtherText(file: string, start: string, whole: boolean): void {
  const trimmed = start.trimStart();
  if (trimmed === '' && whole) {
    throw new NoDataError('The file is empty: it holds white space only.', 'Choose a file with rows.', {
      file,
    });
  }
  if (isBinary(start)) {
    throw new NoDataError(
      'This is a binary file of a kind that is not known here.',
      'Choose rows as CSV, JSON, JSON Lines, Parquet or Arrow.',
      { file },
    );
  }
  if (trimmed.startsWith('version https://git-lfs.github.com/spec/')) {
    throw new NoDataError(
      'This is a Git LFS pointer, not the file that it points to.',
      'Fetch the file itself (git lfs pull) and choose that.',
      { file },
    );
  }
  if (/^<(?:!doctype|html|head|body|\?xml|svg|!--)/i.test(trimmed)) {
    throw new NoDataError(
      'This is a web page or another marked-up document, not rows of data.',
      'If it was downloaded, the page was saved in place of the file: download the file itself and choose that.',
      { file },
    );
  }
}

/** Whether it is lines of letters of ASCII: what binary files hold early on, control characters and bytes beyond, is not there. */
function isPlainText(bytes: Uint8Array): boolean {
  return (
    bytes.includes(0x0a) &&
    bytes.every((byte) => byte === 9 || byte === 0x0a || byte === 0x0d || (byte >= 32 && byte < 127))
  );
}

/** Control characters that no text is full of. */
function isBinary(start: string): boolean {
  let controls = 0;
  for (let at = 0; at < start.length; at += 1) {
    const code = start.charCodeAt(at);
    if (code < 9 || (code > 13 && code < 32 && code !== 27)) controls += 1;
  }
  return controls > start.length / 50;
}
