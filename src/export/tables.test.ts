import { describe, expect, it } from 'vitest';
import type { MetricsPoint, Prediction } from '../distill/run-state.ts';
import { answersJsonLines, metricsCsv, metricsJsonLines, predictionsJsonLines } from './tables.ts';

const point: MetricsPoint = {
  step: 1,
  learningRate: 5e-5,
  answerLoss: 6.25,
  rationaleLoss: 8.5,
  loss: 7.375,
  gradNorm: 3.25,
  tokens: 640,
  elapsedMs: 120,
};

const prediction: Prediction = {
  row: 7,
  input: 'a "quoted"\nline \u2028 <b>',
  label: 'b',
  teacher: null,
  base: '',
  distilled: 'b',
  rationale: 'because',
  teacherRationale: 'since',
};

describe('tables', () => {
  it('writes metrics as CSV, an empty cell for a loss that is not there', () => {
    expect(metricsCsv([point, { ...point, step: 2, rationaleLoss: null }])).toBe(
      'step,learningRate,answerLoss,rationaleLoss,loss,gradNorm,tokens,elapsedMs\r\n' +
        '1,0.00005,6.25,8.5,7.375,3.25,640,120\r\n' +
        '2,0.00005,6.25,,7.375,3.25,640,120\r\n',
    );
    expect(metricsCsv([]).split('\r\n')).toHaveLength(2);
  });

  it('writes metrics as JSON Lines', () => {
    expect(
      metricsJsonLines([point, point])
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as unknown),
    ).toEqual([point, point]);
  });

  it('writes a prediction a line, with the promised keys', () => {
    const lines = predictionsJsonLines([prediction, prediction]).trimEnd().split('\n');
    expect(lines).toHaveLength(2);
    expect(JSON.parse(lines[0]!)).toEqual(prediction);
    expect(Object.keys(JSON.parse(lines[0]!) as object)).toEqual([
      'row',
      'input',
      'label',
      'teacher',
      'base',
      'distilled',
      'rationale',
      'teacherRationale',
    ]);
  });
});

it('writes an answer a line, without keys for what a row has no value for', () => {
  const text = answersJsonLines({
    questions: [
      { row: 0, text: 'why' },
      { row: 1, id: 'b', text: 'who', label: 'me' },
      { row: 2, text: 'not answered yet' },
    ] as Parameters<typeof answersJsonLines>[0]['questions'],
    answers: [
      { answer: 'so', rationale: 'since' },
      { answer: 'you', rationale: null },
    ],
  });
  expect(text).toBe(
    '{"row":0,"question":"why","answer":"so","rationale":"since"}\n' +
      '{"row":1,"id":"b","question":"who","label":"me","answer":"you"}\n',
  );
});
