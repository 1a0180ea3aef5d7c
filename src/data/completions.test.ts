import { existsSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anyText } from '../formats/arbitraries.ts';
import { faithfulTaskOf, faithfulTasks, readAnswer, readFaithfully } from './completions.ts';
import { inspection } from './inspect.ts';
import { asRationales, readDataFile, type ReadOptions } from './read-file.ts';
import { concatenate } from './several-files.ts';

const choices = ['park', 'Country club', 'ice cream'];

describe('faithfully', () => {
  it.each([
    ['cqa', 'Grass. So the answer is (a) park.\n\nQ: Next? So the answer is (b) x', 'Grass.', 'park'],
    ['cqa', 'So the answer is (a) x. So the answer is (b) y.', null, ''],
    ['cqa', 'No letter. So the answer is park.', 'No letter.', ''],
    ['cqa', 'Both. So the answer is (a) park or (b) club.', 'Both.', 'park or'],
    ['svamp', 'Take 3 from 8. The answer is (8 - 3).\n\nQ: More', 'Take 3 from 8.', '(8 - 3)'],
    ['svamp', 'Nothing here.', null, ''],
    ['anli', 'It says so. So the answer is Yes.\nPremise: another', 'It says so.', 'Yes'],
    ['esnli', 'It is. Answer: neutral\nPremise: x', 'It is.', 'neutral'],
  ] as const)('%s: %j', (task, text, rationale, label) => {
    expect(readFaithfully(text, task)).toMatchObject({ rationale, label });
  });

  it('tells the task by the marks', () => {
    expect(faithfulTaskOf(['x So the answer is (a) y.'])).toBe('cqa');
    expect(faithfulTaskOf(['x So the answer is Yes.'])).toBe('anli');
    expect(faithfulTaskOf(['x The answer is (1 + 2).'])).toBe('svamp');
    expect(faithfulTaskOf(['x Answer: neutral'])).toBe('esnli');
  });
});

describe('repaired', () => {
  it.each([
    ['Grass. So the answer is (a) park.\n\nQ: Next?', 'Grass.', 'park'],
    [
      'First the answer is (c). But no. So the answer is (a) park.',
      'First the answer is (c). But no.',
      'park',
    ],
    ['Both. So the answer is (a) park or (b) Country club.', 'Both.', 'park'],
    [
      'Unsure. So the answer is either (a) park or (b) Country club.',
      'Unsure. So the answer is either (a) park or (b) Country club.',
      null,
    ],
    ['Golf. The answer is COUNTRY CLUB', 'Golf.', 'Country club'],
    ['Cold. Answer: (c)', 'Cold. Answer: (c)', null],
    ['Cold.\nAnswer: (c)', 'Cold.', 'ice cream'],
    ['Cold. The answer is (a) beach.', 'Cold. The answer is (a) beach.', null],
    ['<think>Grass.</think>\nThe answer is park.', 'Grass.', 'park'],
    ['<think>Grass and', 'Grass and', null],
    ['Grass.</think>park', 'Grass.', 'park'],
    ['```json\n{"reasoning": "Grass.", "answer": "park"}\n```', 'Grass.', 'park'],
  ])('%j', (text, rationale, label) => {
    expect(readAnswer(text, choices)).toMatchObject({ rationale, label });
  });

  it.each([
    ['She has 3 - 1 = 2.\n#### 2', 'She has 3 - 1 = 2.', '2'],
    ['So \\boxed{\\frac{1}{2}}.', 'So', '\\frac{1}{2}'],
    ['It costs $3.50. The answer is $3.50.', 'It costs $3.50.', '$3.50'],
    ['Long. Hence the answer is (b)', 'Long.', '(b)'],
  ])('without choices: %j', (text, rationale, label) => {
    expect(readAnswer(text, null)).toMatchObject({ rationale, label });
  });

  it('throws at no text, and gives no label that is no choice', () => {
    fc.assert(
      fc.property(anyText, fc.constantFrom(...faithfulTasks), (text, task) => {
        readFaithfully(text, task);
        const { label } = readAnswer(`${text} the answer is ${text}`, choices);
        expect(label === null || choices.includes(label)).toBe(true);
      }),
    );
  });
});

const folder = '../shared/data';
const present = existsSync(`${folder}/cqa_raw`);
if (!present) console.info(`skipped: ${folder}/cqa_raw is not here, so that no raw completions were read`);

describe.skipIf(!present)('the research code’s completions', () => {
  const read = (file: string, options: ReadOptions = {}) =>
    readDataFile(file, readFileSync(`${folder}/${file}`, 'utf8'), options);
  const teacher = (rows: string, chunks: string[], options: ReadOptions = {}) =>
    inspection(read(rows), asRationales(concatenate(chunks.map((chunk) => read(chunk, options))))).teacher;
  const cqa = ['cqa_raw/llm/test_CoT_0.json', 'cqa_raw/llm/test_CoT_1.json'];

  it('give PaLM’s published accuracy on CommonsenseQA, and a little more repaired', () => {
    expect(teacher('cqa_raw/cqa_test.json', cqa)).toEqual({ correct: 943, total: 1221 });
    const repaired = teacher('cqa_raw/cqa_test.json', cqa, { completions: 'repaired' });
    // “either (a) x or (b) y” is no answer, though the research code's first half is sometimes right.
    expect(repaired).toEqual({ correct: 959, total: 1221 });
  });

  it('give 148 of 200 on SVAMP, by the value of the equation', () => {
    expect(teacher('svamp/svamp_test.json', ['svamp/llm/test_CoT_0.json'])).toEqual({
      correct: 148,
      total: 200,
    });
    expect(
      teacher('svamp/svamp_train.json', ['svamp/llm/train_CoT_0.json', 'svamp/llm/train_CoT_1.json']),
    ).toEqual({ correct: 586, total: 800 });
  });
});
