import { expect, it } from 'vitest';
import type { Example } from './example.ts';
import { holdOut as holdOutPlaces, parseShare } from './hold-out.ts';
import { KeyTexts, RowKeys } from './row-keys.ts';

const rowOf = (row: number, input: string, label: string): Example => ({
  row,
  input,
  label,
  rationale: null,
  teacherLabel: null,
  question: null,
  choices: null,
});
const rows = Array.from({ length: 200 }, (_, row) =>
  rowOf(row, row % 50 === 0 ? ` Same  INPUT ${row % 100}` : `input ${row}`, row % 4 === 0 ? 'no' : 'yes'),
);

function holdOut(from: readonly Example[], share: number, seed: number) {
  const keys = RowKeys.of(from, new KeyTexts());
  const { kept, heldOut } = holdOutPlaces(keys, Int32Array.from(from.keys()), share, seed);
  const rowsAt = (places: Int32Array): Example[] => Array.from(places, (place) => from[place]!);
  return { kept: rowsAt(kept), heldOut: rowsAt(heldOut) };
}

it('holds out the same rows for the same seed, each row on one side, in order', () => {
  const { kept, heldOut } = holdOut(rows, 0.1, 3);
  expect(holdOut(rows, 0.1, 3)).toEqual({ kept, heldOut });
  expect(holdOut(rows, 0.1, 4).heldOut).not.toEqual(heldOut);
  expect([...kept, ...heldOut].sort((a, b) => a.row - b.row)).toEqual(rows);
  expect(heldOut.map(({ row }) => row)).toEqual(heldOut.map(({ row }) => row).sort((a, b) => a - b));
});

it('keeps the share of each label where labels are few', () => {
  const { heldOut } = holdOut(rows, 0.1, 1);
  expect(heldOut.filter(({ label }) => label === 'yes')).toHaveLength(15);
  expect(heldOut.filter(({ label }) => label === 'no').length).toBeGreaterThanOrEqual(4);
});

it.each([0, 1, 2, 3, 4])('never has an input on both sides (seed %i)', (seed) => {
  const twice = Array.from({ length: 60 }, (_, row) => rowOf(row, `q${row % 20}`, `l${row}`));
  const { kept, heldOut } = holdOut(twice, 0.3, seed);
  const inputs = new Set(kept.map(({ input }) => input));
  expect(heldOut.filter(({ input }) => inputs.has(input))).toEqual([]);
  expect(heldOut).toHaveLength(18);
});

it('refuses what leaves a side empty, and what is no share', () => {
  expect(() => holdOut(rows.slice(0, 2), 0.1, 0)).toThrow('none are left on one side');
  expect([parseShare('hold-out', '10%'), parseShare('hold-out', '0.25')]).toEqual([0.1, 0.25]);
  for (const text of ['', '0', '100%', 'ten', '-1'])
    expect(() => parseShare('hold-out', text)).toThrow('is not a share of the rows');
});
