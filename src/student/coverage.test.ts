import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { CoverageCount } from './coverage.ts';
import { tinyTokenizer } from './testing/tiny-student.ts';
import { parseTokenizer } from './tokenizer.ts';

function counted(tokenizer: string, texts: readonly string[]) {
  const made = parseTokenizer({ tokenizer, config: null }, { endId: 1 });
  const count = new CoverageCount(made);
  for (const text of texts) count.add(made.encode(text));
  return count.coverage;
}

test('letters and unknown pieces are counted, end tokens are not', () => {
  // The start of a word, two letters; then the start again and what the 26 letters have no piece for.
  expect(counted(JSON.stringify(tinyTokenizer()), ['ab', '?'])).toEqual({
    pieces: 5,
    unknown: 1,
    letters: 2,
  });
  expect(counted(JSON.stringify(tinyTokenizer()), [])).toEqual({ pieces: 0, unknown: 0, letters: 0 });
});

test('the bundled student knows the words of its sample, and spells those of other texts', () => {
  const root = join(import.meta.dirname, '../../public');
  const tokenizer = readFileSync(join(root, 'students/nano/tokenizer.json'), 'utf8');
  const rows = readFileSync(join(root, 'sample/train.jsonl'), 'utf8').trim().split('\n').slice(0, 50);
  const share = ({ letters, pieces }: { letters: number; pieces: number }) => letters / pieces;
  const known = rows.map((line) => (JSON.parse(line) as { input: string }).input);
  expect(share(counted(tokenizer, known))).toBeLessThan(0.02);
  expect(
    share(counted(tokenizer, ['Where would a revolving door serve as a security measure?'])),
  ).toBeGreaterThan(0.5);
});
