/** Files that are no data at all, told apart by how they begin, so that the message can say what they are. */

export interface Unreadable {
  problem: string;
  remedy: string;
}

/** As much as is looked at: what a file is shows at its start. */
const probeLength = 4096;

/** What kind of non-data a text is, or null where it may be data. */
export function whyUnreadable(text: string): Unreadable | null {
  const start = text.slice(0, probeLength);
  const trimmed = start.replace(/^\ufeff/, '').trimStart();
  if (trimmed === '' && text.trim() === '') {
    return {
      problem: 'The file is empty.',
      remedy: 'Choose a file with rows as JSON Lines or a JSON array.',
    };
  }
  if (start.startsWith('PK\u0003\u0004') || start.startsWith('\u001f')) {
    return {
      problem: 'This is a compressed archive, not text.',
      remedy: 'Unpack it and choose the file inside.',
    };
  }
  if (start.startsWith('PAR1')) {
    return {
      problem: 'This is a Parquet file.',
      remedy: 'Save its rows as JSON Lines and choose that file.',
    };
  }
  if (start.includes('\u0000') || isMostlyUndecodable(start)) {
    return {
      problem: 'This is a binary file, or text that is not UTF-8.',
      remedy: 'Choose a file with rows as JSON Lines or a JSON array, saved as UTF-8.',
    };
  }
  if (trimmed.startsWith('version https://git-lfs.github.com/spec/')) {
    return {
      problem: 'This is a Git LFS pointer, not the file that it points to.',
      remedy: 'Fetch the file itself (git lfs pull) and choose that.',
    };
  }
  if (trimmed.startsWith('<')) {
    return {
      problem: 'This is a web page or another marked-up document, not rows of data.',
      remedy:
        'If it was downloaded, the page was saved in place of the file: download the file itself and choose that.',
    };
  }
  return null;
}

/** Bytes that are no UTF-8 were decoded to U+FFFD: a few can be in any text, many mean that it is no text. */
function isMostlyUndecodable(start: string): boolean {
  return start.split('\ufffd').length - 1 > start.length / 20;
}
