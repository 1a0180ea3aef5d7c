import { describe, expect, it } from 'vitest';
import { chooseRows, rowsOfFraction } from './rows.ts';

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
