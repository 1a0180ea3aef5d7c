/** Metrics, held against what their reference implementations say (tests/fixtures/metrics/make_metrics.py). */
import { existsSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anyText } from '../../formats/arbitraries.ts';
import { joinTeacher, tallyTeacher } from '../join.ts';
import { asDataset, asRationales, readDataFile } from '../read-file.ts';
import { confusionOf } from './labels.ts';
import { chooseMetric, isRightBy, metricIds, metricsFor, parseMetric, talliesOf } from './metrics.ts';
import { choicesWithin } from '../choices.ts';
import { equationValue } from '../equation.ts';
import { numberValue } from '../number-value.ts';
import { normalised, rougeL, tokenF1 } from './texts.ts';

interface Reference {
  texts: { text: string; reference: string; tokenF1: number; rougeL: number }[];
  labels: { truth: string[]; answers: string[]; macroF1: number; scores: object[]; confusion: number[][] };
}
const reference = JSON.parse(
  readFileSync(new URL('../../../tests/fixtures/metrics/metrics.json', import.meta.url), 'utf8'),
) as Reference;

describe('texts', () => {
  // Doubles on both sides, added up in the same order: a last digit may differ.
  it.each(reference.texts)('“$text” against “$reference”', ({ text, reference: wanted, ...scores }) => {
    expect(tokenF1(text, wanted)).toBeCloseTo(scores.tokenF1, 12);
    expect(rougeL(text, wanted)).toBeCloseTo(scores.rougeL, 12);
  });

  it('score 1 against themselves, and between 0 and 1 against any', () => {
    fc.assert(
      fc.property(anyText, anyText, (one, other) => {
        expect(tokenF1(one, one)).toBe(1);
        for (const score of [tokenF1(one, other), rougeL(one, other)]) {
          expect(score).toBeGreaterThanOrEqual(0);
          expect(score).toBeLessThanOrEqual(1);
        }
        expect(normalised(normalised(one))).toBe(normalised(one));
      }),
      { numRuns: 100 },
    );
  });
});

describe('labels', () => {
  const { truth, answers, macroF1, scores, confusion } = reference.labels;
  const rows = truth.map((label, row) => ({ row, label, answer: answers[row]! }));

  it('are taken for each other as scikit-learn counts it', () => {
    const table = confusionOf(rows)!;
    expect(table.macroF1).toBeCloseTo(macroF1, 12);
    for (const [at, score] of table.scores.entries())
      for (const [key, value] of Object.entries(score))
        if (typeof value === 'number')
          expect(value).toBeCloseTo((scores[at] as Record<string, number>)[key]!, 12);
    expect(table.cells.map((row) => row.slice(0, -1).map((cell) => cell.length))).toEqual(confusion);
    expect(table.cells.flat(2).sort((a, b) => a - b)).toEqual(rows.map(({ row }) => row));
  });

  it('have no table where they are texts, or one', () => {
    expect(confusionOf(rows.map(({ row }) => ({ row, label: `${row}`, answer: '' })))).toBeNull();
    expect(confusionOf(rows.map(({ row }) => ({ row, label: 'x', answer: 'x' })))).toBeNull();
  });
});

describe('isRightBy', () => {
  const choices = ['the park', 'river bank'];
  it.each([
    ['exact', 'Park', 'park', false],
    ['normalised', ' The  Park. ', 'park', true],
    ['normalised', '1.5', '15', false],
    ['choice', '(b)', 'river bank', true],
    ['choice', 'RIVER BANK', 'river bank', true],
    ['choice', 'a', 'river bank', false],
    ['choice', 'neither', 'river bank', false],
    ['number', '$1,200.00', '1200', true],
    ['number', '1,200', '$1,200.00', true],
    ['number', '12', '1200', false],
    ['number', 'many', 'many', true],
    ['number', '5', 'many', false],
    ['equation', '3 * (2+1)', '( 9.0 )', true],
    ['equation', 'process.exit()', '( 9.0 )', false],
  ] as const)('by %s “%s” is “%s”: %s', (metric, answer, label, right) => {
    expect(isRightBy(metric, answer, { input: 'Where?', label, choices })).toBe(right);
  });

  it('a label is always right itself, and an equal answer by every metric', () => {
    fc.assert(
      fc.property(anyText, fc.constantFrom(...metricIds), (label, metric) =>
        isRightBy(metric, label, { input: '', label }),
      ),
    );
  });
});

it('chooses what suits the labels, and says why', () => {
  const rows = (...labels: string[]) => labels.map((label) => ({ input: '', label }));
  expect(chooseMetric(rows('( 1.0 + 2.0 )', '( 3.0 * 4.0 )')).metric).toBe('equation');
  expect(chooseMetric(rows('$12', '1,200')).metric).toBe('number');
  expect(chooseMetric(rows('12', 'park')).metric).toBe('exact');
  expect(chooseMetric([]).metric).toBe('exact');
  expect(metricsFor(rows('12', 'park'))).toEqual(['exact', 'normalised', 'number']);
  expect(() => parseMetric('bleu')).toThrow('Choose of exact, normalised, choice, number, equation.');
});

const shared = '../shared/data';
const present = existsSync(shared);
if (!present)
  console.info('skipped: ../shared is not here, so that no teacher of a published set was judged');

describe.skipIf(!present)('teachers of published sets', () => {
  const joined = (data: string, answers: string) => {
    const read = (file: string) => readDataFile(file, readFileSync(`${shared}/${file}`, 'utf8'));
    return joinTeacher(asDataset(read(data)), asRationales(read(answers))).examples;
  };
  it('PaLM on CoS-E', { timeout: 60_000 }, () => {
    const train = joined('cos_e/cos_e_v1.11_train.jsonl', 'cos_e/PaLM_CoT_train.json');
    const test = joined('cos_e/cos_e_v1.11_validation.jsonl', 'cos_e/PaLM_CoT_test.json');
    expect(tallyTeacher(train)).toEqual({ correct: 7234, total: 9741 });
    expect(tallyTeacher(test)).toEqual({ correct: 943, total: 1221 });
    // 25 labels cut by the authors’ parser are none of these; six of the other ones differ in case.
    const by = talliesOf(test, (at) => test[at]!.teacherLabel);
    expect(Object.keys(by)).toEqual(['exact', 'normalised', 'choice']);
    expect(by.exact).toEqual({ correct: 943, total: 1221 });
    expect(by.normalised!.correct).toBeGreaterThanOrEqual(954);
  });
});

describe('texts of megabytes', () => {
  const long = (letters: number, one: string) =>
    one.repeat(Math.ceil(letters / one.length)).slice(0, letters);

  it('are right where they are the same, letter by letter', () => {
    for (const metric of metricIds) {
      const text = long(100_001, 'The park. ');
      expect(isRightBy(metric, text, { input: '', label: text })).toBe(true);
      expect(isRightBy(metric, `${text} `, { input: '', label: text })).toBe(false);
      expect(isRightBy(metric, text, { input: '', label: 'park' })).toBe(false);
      expect(isRightBy(metric, 'park', { input: '', label: text })).toBe(false);
    }
    // Up to there the metric is the one of any text.
    const spaced = `park${' '.repeat(100_000 - 4)}`;
    expect(isRightBy('normalised', spaced, { input: '', label: 'Park' })).toBe(true);
    expect(isRightBy('normalised', `${spaced} `, { input: '', label: 'Park' })).toBe(false);
  });

  it('are no numbers and no equations, and have their choices at the end', () => {
    expect(numberValue(' '.repeat(1000 - 2) + '12')).toBe(12);
    expect(numberValue(' '.repeat(1000 - 1) + '12')).toBeNull();
    expect(equationValue(`( 1 + 2 )${' '.repeat(10_000 - 9)}`)).toBe(3);
    expect(equationValue(`( 1 + 2 )${' '.repeat(10_000 - 8)}`)).toBeNull();
    const choices = 'Options: (a) park (b) bank';
    expect(choicesWithin(long(5_000_000, 'word ') + choices)).toEqual(['park', 'bank']);
    expect(choicesWithin(choices + ' '.repeat(100_000))).toBeNull();
  });

  it('are scored by their beginning', () => {
    const [one, other] = [long(5_000_000, 'a park '), long(5_000_000, 'a park ') + 'x'.repeat(9)];
    expect(tokenF1(one, other)).toBe(1);
    expect(rougeL(one, other)).toBe(1);
    expect(tokenF1(`${'x '.repeat(50_000)}park`, 'park')).toBe(0);
    expect(tokenF1(`${'x '.repeat(49_990)}park`, 'park')).toBeGreaterThan(0);
  });
});
