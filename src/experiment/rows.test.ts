import { describe, expect, it } from 'vitest';
import type { Example } from '../data/example.ts';
import { sourceOf } from '../data/row-source.ts';
import { chooseFrom, chooseRows, rowsOfFraction } from './rows.ts';

describe('chooseRows', () => {
  const rows = Array.from({ length: 40 }, (_, row) => row);

  it('takes fewer rows out of the same more', () => {
    const few = chooseRows(rows, { rows: 10, seed: 1 });
    const more = chooseRows(rows, { rows: 20, seed: 1 });
    expect(new Set(more).size).toBe(20);
    expect(more.slice(0, 10)).toEqual(few);
  });

  it('takes others for another seed, and all where all are asked for', () => {
    expect(chooseRows(rows, { rows: 10, seed: 2 })).not.toEqual(chooseRows(rows, { rows: 10, seed: 1 }));
    expect(chooseRows(rows, { rows: 40, seed: 3 }).sort((a, b) => a - b)).toEqual(rows);
  });
});

it('a fraction is whole rows, at least one', () => {
  expect([0.25, 0.5, 1, 0.001, 0.126].map((fraction) => rowsOfFraction(fraction, 400))).toEqual([
    100, 200, 400, 1, 50,
  ]);
});

it('reads the same rows from where they are stored, and counts what it has of them', async () => {
  const rows = Array.from({ length: 1203 }, (_, row) => ({
    row,
    rationale: row % 3 === 0 ? 'r' : null,
    teacherLabel: row % 2 === 0 ? 'l' : null,
  })) as Example[];
  const chosen = chooseRows(rows, { rows: 601, seed: 5 });
  const source = await chooseFrom(sourceOf(rows), { rows: 601, seed: 5 });
  expect(await source.read(chosen.map((_, place) => place))).toEqual(chosen);
  expect(await source.read([7, 3])).toEqual([chosen[7], chosen[3]]);
  expect(source).toMatchObject({
    length: 601,
    rationales: chosen.filter(({ rationale }) => rationale !== null).length,
    firstUntaught: chosen.find(({ teacherLabel }) => teacherLabel === null)!.row,
  });
});
