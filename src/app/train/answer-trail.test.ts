import { expect, test } from 'vitest';
import { answerTrail } from './answer-trail.ts';

const moment = (step: number, ...answers: string[]) => ({
  step,
  answers: answers.map((answer) => ({ answer, rationale: null })),
});

test('a trail has one mark for each change of the answer, at the step where it came', () => {
  const moments = [moment(0, 'a', 'x'), moment(10, 'a', 'y'), moment(20, 'b', 'y'), moment(30, 'a', 'y')];
  expect(answerTrail(moments, 0)).toEqual([
    { step: 0, answer: 'a' },
    { step: 20, answer: 'b' },
    { step: 30, answer: 'a' },
  ]);
  expect(answerTrail(moments, 1)).toEqual([
    { step: 0, answer: 'x' },
    { step: 10, answer: 'y' },
  ]);
});

test('a question that was never asked has none', () => {
  expect(answerTrail([moment(0, 'a')], 1)).toEqual([]);
  expect(answerTrail([], 0)).toEqual([]);
});
