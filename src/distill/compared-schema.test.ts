import { expect, it } from 'vitest';
import { z } from '../base/schemas.ts';
import { comparedShape, predictionShape, tallySchema } from './compared-schema.ts';

const compared = z.object(comparedShape);
const tally = { correct: 1, total: 2 };
const tallies = { base: tally, distilled: tally, teacher: null };

it('a tally has no more right answers than questions, and neither below 0', () => {
  for (const good of [tally, { correct: 0, total: 0 }, { correct: 2, total: 2 }])
    expect(tallySchema.safeParse(good).success).toBe(true);
  for (const bad of [
    { correct: 3, total: 2 },
    { correct: -1, total: 2 },
    { correct: 0.5, total: 2 },
  ])
    expect(tallySchema.safeParse(bad).success).toBe(false);
  expect(tallySchema.safeParse({ correct: 3, total: 2 }).error?.message).toContain(
    'more right answers than questions',
  );
});

it('a comparison comes back as it was written, of earlier versions too', () => {
  const metrics = {
    main: 'number',
    because: 'nine in ten labels are numbers',
    by: { exact: tallies, number: { ...tallies, teacher: tally } },
    macroF1: { base: 0, distilled: 1, teacher: null },
    rationales: { rows: 3, tokenF1: 0, rougeL: 1 },
  };
  const whole = { ...tallies, rawText: { base: tally, distilled: tally }, metrics };
  for (const good of [tallies, whole, { ...whole, metrics: { ...metrics, macroF1: null, rationales: null } }])
    expect(compared.parse(good)).toEqual(good);
  const bad = [
    { ...metrics, macroF1: { base: 0, distilled: 1.01, teacher: null } },
    { ...metrics, macroF1: { base: -0.01, distilled: 1, teacher: null } },
    { ...metrics, main: 'luck' },
    { ...metrics, because: 'x'.repeat(10_001) },
    { ...metrics, rationales: { rows: -1, tokenF1: 0, rougeL: 1 } },
  ];
  for (const one of bad) expect(compared.safeParse({ ...tallies, metrics: one }).success).toBe(false);
  expect(
    compared.safeParse({ ...tallies, metrics: { ...metrics, because: 'x'.repeat(10_000) } }).success,
  ).toBe(true);
});

it('a prediction has what everybody said', () => {
  const row = {
    row: 0,
    input: 'why?',
    label: 'so',
    teacher: null,
    base: '',
    distilled: 'so',
    rationale: null,
  };
  const prediction = z.object(predictionShape);
  expect(prediction.parse({ ...row, judgedBy: 'choice', writtenLabel: 's' })).toMatchObject({
    judgedBy: 'choice',
  });
  expect(prediction.parse(row)).toEqual(row);
  expect(prediction.safeParse({ ...row, row: -1 }).success).toBe(false);
});
