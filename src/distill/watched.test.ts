import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Example } from '../data/example.ts';
import type { MetricId } from '../data/metrics/metrics.ts';
import { smallRecipe } from './recipe.ts';
import { isRight } from './score.ts';
import { watchedQuestion, watchedRows, withMoment, type WatchedMoment } from './watched.ts';

const example = (row: number): Example => ({
  row,
  input: `input ${row}`,
  label: 'a',
  rationale: null,
  teacherLabel: null,
  question: null,
  choices: null,
});

test('the rows to watch are spread over the test rows, each once', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 2000 }), (count) => {
      const rows = watchedRows(Array.from({ length: count }, (_, row) => example(row))).map(({ row }) => row);
      expect(rows).toHaveLength(Math.min(4, count));
      expect(new Set(rows).size).toBe(rows.length);
      rows.forEach((row, index) => expect(row).toBe(Math.floor((index * count) / rows.length)));
    }),
  );
});

test('a question is judged by the metric that its run measures by', () => {
  const speaker: Parameters<typeof watchedQuestion>[1] = {
    encode: (text) => Int32Array.from(text, (letter) => letter.codePointAt(0)!),
    decode: (ids) => String.fromCodePoint(...ids),
  };
  const asked = (row: Example, metric: MetricId) => watchedQuestion(row, speaker, smallRecipe, metric);
  const number = asked({ ...example(0), label: '1200' }, 'number');
  expect(isRight('1,200.00', number)).toBe(true);
  expect(isRight('1,200.00', asked({ ...example(0), label: '1200' }, 'exact'))).toBe(false);
  expect(asked(example(0), 'exact')).not.toHaveProperty('judgedBy');
  const choice = asked({ ...example(0), label: 'tea', choices: ['tea', 'milk'] }, 'choice');
  expect([isRight('(a)', choice), isRight('(b)', choice)]).toEqual([true, false]);
  // What it is not judged by is not kept with it.
  const teas = { ...example(0), label: 'tea', choices: ['tea', 'milk'], rationale: 'so' };
  expect(choice).toEqual({
    row: 0,
    input: 'input 0',
    label: 'tea',
    judgedBy: 'choice',
    choices: ['tea', 'milk'],
    teacherRationale: null,
  });
  expect(asked(teas, 'normalised')).toEqual({
    row: 0,
    input: 'input 0',
    label: 'tea',
    judgedBy: 'normalised',
    teacherRationale: 'so',
  });
  expect(asked(example(0), 'choice')).not.toHaveProperty('choices');
});

test('moments stay few, in order, with the first and the newest among them', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 400 }), (count) => {
      let moments: WatchedMoment[] = [];
      for (let step = 0; step < count; step += 1) moments = withMoment(moments, { step, answers: [] });
      const steps = moments.map(({ step }) => step);
      expect(steps.length).toBeLessThanOrEqual(48);
      expect(steps.length).toBeGreaterThanOrEqual(Math.min(count, 24));
      expect(steps).toEqual(steps.toSorted((a, b) => a - b));
      expect(steps[0]).toBe(0);
      const newest = Math.min(count, 10);
      expect(steps.slice(-newest)).toEqual(
        Array.from({ length: newest }, (_, index) => count - newest + index),
      );
    }),
  );
});

test('a step that is taken again has its newest answers', () => {
  const first = { step: 5, answers: [{ answer: 'a', rationale: null }] };
  const again = { step: 5, answers: [{ answer: 'b', rationale: 'c' }] };
  expect(withMoment(withMoment([], first), again)).toEqual([again]);
});

test('of 49 moments every second of the older ones stays, the first among them', () => {
  const moments = Array.from({ length: 48 }, (_, step): WatchedMoment => ({ step, answers: [] }));
  const steps = withMoment(moments, { step: 48, answers: [] }).map(({ step }) => step);
  const older = Array.from({ length: 19 }, (_, at) => 2 * at);
  expect(steps).toEqual([...older, ...Array.from({ length: 12 }, (_, at) => 37 + at)]);
});
