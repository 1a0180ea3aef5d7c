/** What an answer is judged by: the authors' equality, or one that suits the dataset; and which one that is, with why. */
import { InputError } from '../../base/errors.ts';
import { choicesWithin, findChoice } from '../choices.ts';
import { equationValue, isSameValue } from '../equation.ts';
import type { Tally } from '../example.ts';
import { numberValue } from '../number-value.ts';
import { mostJudgedLetters, normalised } from './texts.ts';

export const metricIds = ['exact', 'normalised', 'choice', 'number', 'equation'] as const;
export type MetricId = (typeof metricIds)[number];

export const metricWords: Record<MetricId, string> = {
  exact: 'the same text, letter by letter, as the method’s authors count it',
  normalised: 'the same text but for case, spaces, articles and a final stop',
  choice: 'the same choice, whether by its text or by its letter',
  number: 'the same number, however it is written (1,200 is $1,200.00)',
  equation: 'an equation that comes to the same number',
};

/** What judging needs of a row. */
export interface JudgedRow {
  input: string;
  /** As it is compared: for a student, as its tokenizer writes it. */
  label: string;
  choices?: readonly string[] | null;
}

/** Whether an answer is right by a metric. What is not of the metric's kind, or longer than any answer, is right only where
 * it is the same text. */
export function isRightBy(metric: MetricId, answer: string, row: JudgedRow): boolean {
  const { label } = row;
  // Neither is a choice, a number or an equation, and no two texts of this length differ in their spaces alone.
  if (answer.length > mostJudgedLetters || label.length > mostJudgedLetters) return answer === label;
  switch (metric) {
    case 'exact':
      return answer === label;
    case 'normalised':
      return normalised(answer) === normalised(label);
    case 'choice': {
      const choices = row.choices ?? choicesWithin(row.input);
      const wanted = choices === null ? null : findChoice(label, choices);
      if (choices === null || wanted === null) return answer === label;
      return findChoice(answer, choices)?.choice === wanted.choice;
    }
    case 'number': {
      const wanted = numberValue(label);
      return wanted === null ? answer === label : numberValue(answer) === wanted;
    }
    case 'equation':
      return equationValue(label) === null ? answer === label : isSameValue(answer, label);
    default:
      return metric satisfies never;
  }
}

/** Whether labels are equations, which are right where they come to the true value: the authors' metric for SVAMP. */
export function areEquations(rows: readonly { label: string }[]): boolean {
  const equations = rows.filter(
    ({ label }) => equationValue(label) !== null && /^\(.*[-+*/].*\)$/.test(label),
  );
  return rows.length > 0 && equations.length * 10 >= rows.length * 9;
}

export interface MainMetric {
  metric: MetricId;
  /** A clause: why this one. */
  because: string;
}

/** The metric that a dataset is judged by where nobody says another: the authors' own for what their datasets have. */
export function chooseMetric(rows: readonly { label: string }[]): MainMetric {
  if (areEquations(rows))
    return {
      metric: 'equation',
      because: 'nine in ten labels are equations, which may be written in several ways',
    };
  const numbers = rows.filter(({ label }) => numberValue(label) !== null).length;
  if (rows.length > 0 && numbers * 10 >= rows.length * 9)
    return {
      metric: 'number',
      because: 'nine in ten labels are numbers, which may be written in several ways',
    };
  return { metric: 'exact', because: 'labels are texts, and the method’s authors count equal texts' };
}

/** Metrics that say something of these rows: those whose kind of label none has are left out. */
export function metricsFor(rows: readonly JudgedRow[]): MetricId[] {
  return metricIds.filter((metric) => {
    switch (metric) {
      case 'exact':
      case 'normalised':
        return true;
      case 'choice':
        return rows.some((row) => (row.choices ?? choicesWithin(row.input)) !== null);
      case 'number':
        return rows.some(({ label }) => numberValue(label) !== null);
      case 'equation':
        return areEquations(rows);
      default:
        return metric satisfies never;
    }
  });
}

/** How often answers are right by each metric that says something of the rows. Null answers (nobody asked) do not count. */
export function talliesOf(
  rows: readonly JudgedRow[],
  answerOf: (row: number) => string | null,
): Partial<Record<MetricId, Tally>> {
  return Object.fromEntries(
    metricsFor(rows).map((metric) => [metric, tallyBy(metric, rows, answerOf)] as const),
  );
}

/** @param answerOf The answer to a row, by its place in `rows`; null where nobody asked. */
export function tallyBy(
  metric: MetricId,
  rows: readonly JudgedRow[],
  answerOf: (row: number) => string | null,
): Tally {
  const tally = { correct: 0, total: 0 };
  for (const [at, row] of rows.entries()) {
    const answer = answerOf(at);
    if (answer === null) continue;
    tally.total += 1;
    if (isRightBy(metric, answer, row)) tally.correct += 1;
  }
  return tally;
}

/** @throws InputError where the metric is not known. */
export function parseMetric(text: string): MetricId {
  const metric = metricIds.find((one) => one === text);
  if (metric !== undefined) return metric;
  throw new InputError(`The metric “${text}” is not known.`, `Choose of ${metricIds.join(', ')}.`);
}
