/** Faults that people report of their files, each with what is right. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { InputError } from '../base/errors.ts';
import { inspection, type Inspection } from './inspect.ts';
import { openContainers } from './containers.ts';
import { asRationales, readContainer, type DataFile } from './read-file.ts';

const folder = '../shared/cases/data-bugs';
const present = existsSync(folder);
if (!present) console.info(`skipped: ${folder} is not here, so that reported faults were not tried`);

async function inspected(name: string): Promise<Inspection> {
  const files = readdirSync(`${folder}/${name}`);
  const read = async (start: string): Promise<DataFile | null> => {
    const file = files.find((one) => one.startsWith(start));
    if (file === undefined) return null;
    const [container] = await openContainers(file, new Uint8Array(readFileSync(`${folder}/${name}/${file}`)));
    return readContainer(container!, { split: 'train' });
  };
  const train = await read('train');
  const rationales = await read('rationales');
  return inspection(train!, rationales === null ? null : asRationales(rationales), { examples: 10 });
}

const labels = ({ examples }: Inspection): (string | null)[] => examples.map(({ label }) => label);
const counts = ({ notes }: Inspection): Record<string, number> =>
  Object.fromEntries(notes.map(({ kind, count }) => [kind, count]));

const cases: Record<string, (result: Inspection) => void> = {
  '01-rationales-in-another-order'(result) {
    expect(result.teacher).toEqual({ correct: 6, total: 6 });
    // The fifth stands where it belongs.
    expect(result.join).toEqual({ by: 'id', moved: 5 });
  },
  '05-mixed-types-in-label'(result) {
    expect(labels(result)).toEqual(['4', '2', '3', '8', '0', '6']);
    expect(result.refused).toEqual([]);
    expect(counts(result)).toMatchObject({ 'label-number': 2 });
  },
  '06-all-labels-are-numbers'(result) {
    expect(labels(result)).toEqual(['0', '1', '0', '1', '0', '1']);
  },
  '07-boolean-labels'(result) {
    expect(labels(result)).toEqual(['yes', 'no', 'yes', 'no', 'yes', 'no']);
    expect(counts(result)).toMatchObject({ 'label-boolean': 6 });
  },
  '09-label-minus-one-as-text'(result) {
    expect(result.rows).toBe(6);
    expect(counts(result)).toMatchObject({ 'label-no-value': 2 });
  },
  '10-trailing-space-in-labels'(result) {
    expect(result.teacher).toEqual({ correct: 6, total: 6 });
    expect(counts(result)).toMatchObject({ 'label-trimmed': 6 });
  },
  '11-case-differs'(result) {
    expect(result.teacher).toEqual({ correct: 0, total: 6 });
    expect(counts(result)).toMatchObject({ 'teacher-label-case': 6 });
  },
  '13-gold-is-a-letter'(result) {
    expect(labels(result)).toEqual(['shallow water', 'candle', 'bakery', 'blanket', 'cobbler', 'harbour']);
    expect(counts(result)).toMatchObject({ 'label-letter': 6 });
  },
  '15-thousands-separators'(result) {
    expect(result.teacher).toEqual({ correct: 1, total: 6 });
    expect(labels(result)[0]).toBe('1,200');
    expect(counts(result)).toMatchObject({ 'teacher-number-notation': 5 });
  },
  '16-gsm8k-hash-marks'(result) {
    expect(result.layout).toBe('gsm8k');
    expect(result.examples[1]).toMatchObject({ label: '18', rationale: 'She has 3 * 6 = 18 pens.' });
  },
  '18-think-tag-not-closed'(result) {
    expect(labels(result)).toEqual(['yes', null, 'yes', 'no', 'yes']);
    expect(result.examples.map(({ rationale }) => rationale)).toEqual([
      '2/2 leaves 0.',
      '3/2 leaves',
      '4/2 leaves 0.',
      null,
      null,
    ]);
    expect(counts(result)).toMatchObject({ 'answer-cut-off': 1, 'label-missing': 1 });
  },
  '21-csv-bom-semicolons-decimal-comma'(result) {
    expect(result).toMatchObject({ layout: 'rows', container: 'csv', rows: 6, refused: [] });
    expect(labels(result)).toEqual(['1,5', '2,5', '3,5', '4,5', '5,5', '6,5']);
  },
  '23-list-as-text'(result) {
    expect(labels(result)).toEqual(['shallow water', 'candle', 'bakery', 'blanket']);
    expect(counts(result)).toMatchObject({ 'list-as-text': 4 });
    expect(result.refused.map(({ line }) => line)).toEqual([5, 6]);
    expect(result.refused[0]!.reason).toContain('is text, not a list');
  },
  '24-na-none-null-as-text'(result) {
    expect(labels(result)).toEqual(['None', 'null', 'NA', 'nan', '007', 'TRUE']);
    expect(counts(result)).toMatchObject({ 'label-no-value': 4 });
  },
  '26-truncated-last-line'(result) {
    expect(result.rows).toBe(5);
    expect(result.refused).toMatchObject([
      { line: 6, reason: expect.stringContaining('cut off') as unknown },
    ]);
    expect(result.teacher).toEqual({ correct: 5, total: 5 });
  },
  '27-pretty-printed-objects'(result) {
    expect(result).toMatchObject({ rows: 6, refused: [] });
  },
  '28-rows-inside-an-object'(result) {
    expect(result.rows).toBe(4);
    expect(result.notes[0]!.text).toBe('The rows are the list “train”.');
  },
  '32-label-studio-min-json'(result) {
    expect(result.rows).toBe(6);
    expect(labels(result)[3]).toBe('blanket');
    expect(result.refused[0]!.reason).toContain('second annotation of “2”');
  },
  '35-column-names-differ-in-case'(result) {
    expect(result).toMatchObject({ layout: 'mapped', rows: 6, refused: [] });
  },
  '37-trailing-comma-and-single-quotes'(result) {
    expect(labels(result)).toEqual(['w', 'v']);
    expect(result.refused.map(({ line }) => line)).toEqual([1, 2, 3]);
  },
  '38-very-long-field'(result) {
    expect(result).toMatchObject({ rows: 6, refused: [] });
  },
  '39-mojibake'(result) {
    expect(counts(result)).toMatchObject({ 'text-twice-encoded': 2, 'text-undecodable': 1 });
  },
  '40-placeholder-rationales-with-gold-labels'(result) {
    expect(result.teacher).toEqual({ correct: 6, total: 6 });
    expect(counts(result)).toMatchObject({ 'teacher-from-gold': 6, 'rationale-repeated': 6 });
  },
  '42-rationales-of-another-dataset'(result) {
    const alarm = result.notes.find(({ kind }) => kind === 'alignment')!;
    expect(alarm.text).toContain('a choice of its row in 0 of 6 rows');
    expect(alarm.text).toContain('Moved by +1 row they fit (5 of 5)');
  },
};

describe.skipIf(!present)('reported faults', () => {
  it.each(Object.entries(cases))('%s', async (name, check) => check(await inspected(name)));

  it('03-duplicate-ids-in-rationales', async () => {
    const read = inspected('03-duplicate-ids-in-rationales');
    await expect(read).rejects.toThrow(InputError);
    await expect(read).rejects.toThrow('“q2” stands twice (lines 3 and 6) and “q5” not at all');
  });
});
