/** Made-up rows of each layout, so that all of them are tried where no published files are at hand. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InputError } from '../base/errors.ts';
import { anyObject } from '../formats/arbitraries.ts';
import { datasetLayouts, teacherLayouts } from './example.ts';
import { inspection } from './inspect.ts';
import { layouts } from './layouts.ts';
import { readDataFile } from './read-file.ts';

type Row = Record<string, unknown>;
interface Made {
  rows: Row | string;
  /** What the row comes to; the teacher's own label stands under `teacherLabel`. */
  gives: Row;
}

const choices = ['hive', 'pond'];
const input = 'Where do bees live?\nAnswer Choices:\n(a) hive\n(b) pond';

const made: Record<string, Made> = {
  chat: {
    rows: {
      messages: [
        { role: 'system', content: 'Be short.' },
        { role: 'user', content: 'Is 4 even?' },
        { role: 'assistant', content: '<think>4 is 2 * 2.</think>yes' },
      ],
    },
    gives: { input: 'Is 4 even?', label: 'yes', rationale: '4 is 2 * 2.' },
  },
  'label-studio': {
    rows: {
      id: 7,
      data: { text: 'Is 4 even?' },
      annotations: [
        { was_cancelled: true, result: [{ type: 'choices', value: { choices: ['no'] } }] },
        {
          was_cancelled: false,
          result: [
            { type: 'choices', value: { choices: ['yes'] } },
            { type: 'textarea', value: { text: ['4 is 2 * 2.'] } },
          ],
        },
      ],
    },
    gives: { id: '7', input: 'Is 4 even?', label: 'yes', rationale: '4 is 2 * 2.' },
  },
  'science-qa': {
    rows: {
      question: 'Where do bees live?',
      choices,
      answer: 1,
      hint: '',
      lecture: 'Bees are insects.',
      solution: 'They live in a pond.',
    },
    gives: { input, label: 'pond', choices, rationale: 'They live in a pond.' },
  },
  'cos-e': {
    rows: { id: 'b1', question: 'Where do bees live?', choices, answer: 'B' },
    gives: { id: 'b1', input, label: 'pond', choices },
  },
  'commonsense-qa': {
    rows: {
      id: 'b1',
      answerKey: 'A',
      question: {
        stem: 'Where do bees live?',
        choices: [
          { label: 'A', text: 'hive' },
          { label: 'B', text: 'pond' },
        ],
      },
    },
    gives: { input, label: 'hive' },
  },
  choices: {
    rows: {
      question: 'Where do bees live?',
      choices: { text: choices, label: ['1', '2'] },
      answerKey: '1',
    },
    gives: { input, label: 'hive' },
  },
  aqua: {
    rows: {
      question: 'Where do bees live?',
      options: ['A)hive', 'B) pond'],
      rationale: 'They are not fish.\nAnswer : A',
      correct: 'A',
    },
    gives: { input, label: 'hive', rationale: 'They are not fish.' },
  },
  ecqa: {
    rows: {
      q_no: 'b1',
      q_text: 'Where do bees live?',
      q_op1: 'hive',
      q_op2: 'pond',
      q_ans: 'hive',
      taskB: 'Honey.',
    },
    gives: { id: 'b1', input, label: 'hive', rationale: 'Honey.' },
  },
  'e-care': {
    rows: {
      index: 'd-0',
      premise: 'It rained.',
      'ask-for': 'effect',
      hypothesis1: 'The grass is wet.',
      hypothesis2: 'The sun shone.',
      label: 0,
      conceptual_explanation: 'Rain is water.',
    },
    gives: {
      input: 'It rained.\nWhat is the effect?\nAnswer Choices:\n(a) The grass is wet.\n(b) The sun shone.',
      label: 'The grass is wet.',
      rationale: 'Rain is water.',
    },
  },
  nli: {
    rows: {
      Sentence1: 'A dog runs.',
      Sentence2: 'An animal moves.',
      gold_label: '-',
      Explanation_1: 'It is one.',
    },
    gives: { input: 'A dog runs.</s>An animal moves.', label: null, rationale: 'It is one.' },
  },
  mawps: {
    rows: {
      Question: 'number0 and number1 apples ?',
      Numbers: '7 2',
      Equation: '+ number0 number1',
      Answer: '9.0',
    },
    gives: { input: '7 and 2 apples ?', label: '9' },
  },
  svamp: {
    rows: { ID: 's-1', Body: 'Ann has 3 pens', Question: 'How many?', Equation: '( 3.0 )', Answer: 3 },
    gives: { id: 's-1', input: 'Ann has 3 pens\nHow many?', label: '( 3.0 )' },
  },
  arithmetic: {
    rows: { iIndex: 4, lEquations: ['X=2+1'], lSolutions: [3], sQuestion: ' How many? ' },
    gives: { id: '4', input: 'How many?', label: '3' },
  },
  'big-bench': {
    rows: { input: 'Is water wet?', target_scores: { Yes: 1, No: 0 }, target: 'Yes. It clings.' },
    gives: { input: 'Is water wet?', label: 'Yes', rationale: 'It clings.' },
  },
  'strategy-qa': {
    rows: { qid: 'q', question: 'Is it so?', answer: false, facts: ['One.', 'Two.'] },
    gives: { id: 'q', label: 'no', rationale: 'One. Two.' },
  },
  s1: {
    rows: {
      question: 'What is 3 + 3?',
      solution: '6',
      thinking_trajectories: ['Adding.'],
      attempt: 'The answer is 7.',
    },
    gives: { label: '6', rationale: 'Adding.', teacherLabel: '7' },
  },
  'open-thoughts': {
    rows: {
      problem: 'What is 3 + 3?',
      deepseek_reasoning: 'Adding.',
      deepseek_solution: 'It is \\boxed{7}.',
      ground_truth_solution: '\\boxed{6}',
    },
    gives: { label: '6', rationale: 'Adding.', teacherLabel: '7' },
  },
  predictions: {
    rows: {
      question: 'How many?',
      'chain-of-thought': '\nA: Two and one. The answer is $3.',
      pred: 3,
      answer: 4,
    },
    gives: { label: '4', rationale: 'Two and one.', teacherLabel: '3' },
  },
  gsm8k: {
    rows: { question: 'How many?', answer: '2 * 6 = <<2*6=12>>12.\n#### 1,012' },
    gives: { label: '1,012', rationale: '2 * 6 = 12.' },
  },
  'gsm8k-solutions': {
    rows: {
      question: 'How many?',
      ground_truth: 'Twelve.\nA: 12',
      '6b': { solution: 'x', is_correct: true },
    },
    gives: { label: '12', rationale: 'Twelve.' },
  },
  'gen-label': {
    rows: { input, gen_label: 'Honey. Hence the answer is (a)', org_label: 'hive' },
    gives: { label: 'hive', rationale: 'Honey.', teacherLabel: 'hive' },
  },
  rows: {
    rows: { input: 'Is 4 even?', label: ' yes', rationale: ' ', teacherLabel: 'no' },
    gives: { label: 'yes', rationale: null, teacherLabel: 'no' },
  },
  alpaca: {
    rows: { instruction: 'Add.', input: '2 and 1', output: 'That is 3. The answer is 3.' },
    gives: { input: 'Add.\n2 and 1', label: '3', rationale: 'That is 3.' },
  },
  distilabel: {
    rows: { instruction: 'Is 4 even?', generation: 'It halves. The answer is yes.', model_name: 't' },
    gives: { label: null, rationale: 'It halves.', teacherLabel: 'yes' },
  },
  'cot-collection': {
    rows: { source: 'Is 4 even?', target: ['yes'], rationale: 'It halves.', task: 't' },
    gives: { input: 'Is 4 even?', label: 'yes', rationale: 'It halves.' },
  },
  argilla: {
    rows: {
      text: 'Is 4 even?',
      'label.responses': ['no', 'yes'],
      'label.responses.status': ['discarded', 'submitted'],
      'rationale.suggestion': 'It halves.',
    },
    gives: { label: 'yes', rationale: 'It halves.' },
  },
  'prompt-and-answer': {
    rows: { text: '### Human: Is 4 even?### Assistant: It halves. The answer is yes.' },
    gives: { input: 'Is 4 even?', label: 'yes', rationale: 'It halves.' },
  },
  'flan-cot': {
    rows: { 'column 1': 'Is 4 even?\\nOptions:', 'column 2': 'yes', 'column 3': 'It halves.' },
    gives: { input: 'Is 4 even?\nOptions:', label: 'yes', rationale: 'It halves.' },
  },
  mapped: {
    rows: { Frage: 'Ist 4 gerade?', Antwort: 'ja', Begründung: 'Halbiert.' },
    gives: { input: 'Ist 4 gerade?', label: 'ja', rationale: 'Halbiert.' },
  },
  rationales: {
    rows: { id: 'r', rationale: 'It halves.', label: 'yes' },
    gives: { id: 'r', rationale: 'It halves.', teacherLabel: 'yes' },
  },
  explanations: {
    rows: { id: 'r', explanation: { 'open-ended': 'It halves.', selected: 'x' } },
    gives: { id: 'r', rationale: 'It halves.', teacherLabel: null },
  },
  'batch-output': {
    rows: {
      custom_id: 'row-3',
      response: { body: { choices: [{ message: { content: 'It halves. So the answer is yes.' } }] } },
      error: null,
    },
    gives: { id: 'row-3', rationale: 'It halves.', teacherLabel: 'yes' },
  },
  completions: {
    rows: 'It halves. So the answer is (a) yes.\n\nQ: Is 5 even?',
    gives: { rationale: 'It halves.', teacherLabel: 'yes' },
  },
};

it('there is a made-up row of each layout', () => {
  expect(Object.keys(made).sort()).toEqual([...datasetLayouts, ...teacherLayouts].sort());
  expect(new Set(layouts.map(({ layout }) => layout)).size).toBe(layouts.length);
});

it.each(Object.entries(made))('%s', (layout, { rows, gives }) => {
  const data = readDataFile('f', JSON.stringify([rows, rows]));
  expect(data.layout).toBe(layout);
  expect(data.refused).toEqual([]);
  expect(inspection(data, null).examples[0]).toMatchObject(gives);
});

describe('rows inside one value', () => {
  const row = { input: 'Is 4 even?', label: 'yes' };
  const rows = [row, { input: 'Is 5 even?', label: 'no' }];

  it.each([
    ['by id', { a1: row, a2: rows[1] }],
    ['in columns', { input: rows.map((one) => one.input), label: rows.map((one) => one.label) }],
    ['in pandas’ maps', { input: { 0: 'Is 4 even?', 1: 'Is 5 even?' }, label: { 0: 'yes', 1: 'no' } }],
    [
      'from a datasets server',
      { features: [], rows: rows.map((one, row_idx) => ({ row_idx, row: one })), num_rows_total: 90 },
    ],
  ])('%s', (_how, value) => {
    const data = readDataFile('f', JSON.stringify(value));
    expect(inspection(data, null).examples).toMatchObject(rows);
    expect(data.notes[0]!.kind).toBe('container');
  });

  it('names classes as the datasets server does, and has no label for -1', () => {
    const value = {
      features: [{ name: 'label', type: { _type: 'ClassLabel', names: ['bad', 'good'] } }],
      rows: [1, -1].map((label, row_idx) => ({
        row_idx,
        row: { input: `i${row_idx}`, label },
        truncated_cells: row_idx === 0 ? ['input'] : [],
      })),
    };
    const data = readDataFile('f', JSON.stringify(value));
    expect(inspection(data, null).examples.map(({ label }) => label)).toEqual(['good', null]);
    expect(data.notes).toMatchObject([{ kind: 'container' }, { kind: 'cells-truncated', rows: [0] }]);
  });
});

it('any objects are read or refused in words, in any slot of any layout', () => {
  const seeds = Object.values(made).flatMap(({ rows }) => (typeof rows === 'string' ? [] : [rows]));
  fc.assert(
    fc.property(fc.constantFrom(...seeds), anyObject, fc.nat(), (seed, other, pick) => {
      const keys = Object.keys(seed);
      const key = keys[pick % keys.length]!;
      const odd = { ...seed, ...other, [key]: Object.values(other)[0] ?? null };
      try {
        const data = readDataFile('f', JSON.stringify([seed, odd, seed]));
        expect(data.rows.length + data.refused.length).toBe(3);
      } catch (error) {
        if (!(error instanceof InputError)) throw error;
      }
    }),
    { numRuns: 300 },
  );
});
