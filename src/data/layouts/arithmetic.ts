/** Word problems as they are published: GSM8K, SVAMP, ASDiv, MAWPS, MultiArith and the like. */
import { layoutTitles } from '../layout-titles.ts';
import { readAnswer, reasonText } from '../completions.ts';
import { Cells, findColumn, isObject, noColumns, plainText, reading, refuse } from './cells.ts';
import type { DatasetLayout, JsonObject } from './layout.ts';

const questionRemedy = 'write the question, or leave the row out';

/** A solution of GSM8K: its reason without the calculator's marks, and what follows the last `####`. */
function hashedAnswer(text: string): { rationale: string | null; label: string | null } {
  const at = text.lastIndexOf('####');
  const reason = (at === -1 ? text : text.slice(0, at)).replace(/<<[^<>]*>>/g, '').trim();
  const label = at === -1 ? '' : text.slice(at + 4).trim();
  return { rationale: reason === '' ? null : reason, label: label === '' ? null : label };
}

export const gsm8k: DatasetLayout = {
  kind: 'dataset',
  layout: 'gsm8k',
  title: layoutTitles['gsm8k'],
  required: ['question', 'answer'],
  optional: [],
  matches: (record) => typeof record['answer'] === 'string' && /(?:^|\n)\s*####\s*\S/.test(record['answer']),
  read(value, context) {
    return reading(() => {
      const cells = new Cells(value, context, 'a GSM8K row').need('question', 'answer');
      const answer = cells.filled('write the solution', 'answer');
      const { rationale, label } = hashedAnswer(answer);
      if (label === null)
        return refuse('“answer” has no “####” before the answer; add it or leave the row out');
      return {
        ...noColumns,
        id: cells.id(),
        input: cells.filled(questionRemedy, 'question'),
        label,
        rationale,
      };
    });
  },
};

/** The solutions of GSM8K's models end in `A: 18`, its rows in `#### 18`. */
function solutionAnswer(text: string): { rationale: string | null; label: string | null } {
  return hashedAnswer(text.includes('####') ? text : text.replace(/\n\s*A:\s*([^\n]*)\s*$/, '\n#### $1'));
}

export const gsm8kSolutions: DatasetLayout = {
  kind: 'dataset',
  layout: 'gsm8k-solutions',
  title: layoutTitles['gsm8k-solutions'],
  required: ['question', 'ground_truth'],
  optional: [],
  matches: (record) =>
    Object.values(record).some((inner) => isObject(inner) && Object.hasOwn(inner, 'solution')),
  read(value, context) {
    return reading(() => {
      const cells = new Cells(value, context, 'a row of GSM8K’s solutions').need('question', 'ground_truth');
      return {
        ...noColumns,
        input: cells.filled(questionRemedy, 'question'),
        ...solutionAnswer(cells.filled('write the solution', 'ground_truth')),
      };
    });
  },
};

export const mawps: DatasetLayout = {
  kind: 'dataset',
  layout: 'mawps',
  title: layoutTitles['mawps'],
  required: ['Question', 'Numbers', 'Answer'],
  optional: ['Equation'],
  read(value, context) {
    return reading(() => {
      const cells = new Cells(value, context, 'a MAWPS row').need('Question', 'Numbers', 'Answer');
      const numbers = cells.filled('write the numbers', 'Numbers').trim().split(/\s+/);
      const input = cells
        .filled(questionRemedy, 'Question')
        .replace(/\bnumber(\d+)\b/g, (whole, index: string) => wholeNumber(numbers[Number(index)]) ?? whole);
      return { ...noColumns, id: cells.id(), input, label: wholeNumber(cells.gold('Answer')) };
    });
  },
};

/** `9.0` as 9: the decimal zero is the file's, not the answer's. */
function wholeNumber(text: string | null | undefined): string | null {
  return text?.replace(/^(-?\d+)\.0+$/, '$1') ?? null;
}

export const svamp: DatasetLayout = {
  kind: 'dataset',
  layout: 'svamp',
  title: layoutTitles['svamp'],
  required: ['Body', 'Question'],
  optional: ['Equation', 'Answer'],
  matches: (record) => findColumn(record, 'Equation', 'Formula', 'Answer') !== null,
  read(value, context) {
    return reading(() => {
      const cells = new Cells(value, context, 'a SVAMP row').need('Body', 'Question');
      const body = cells.filled('write the story', 'Body').trim();
      const input = `${body}\n${cells.filled(questionRemedy, 'Question').trim()}`;
      const equation = cells.gold('Equation');
      // ASDiv's answers have their unit after them: `9 (apples)`.
      const label = equation ?? cells.gold('Answer')?.split(/\s+/)[0] ?? null;
      return { ...noColumns, id: cells.id(), input, label };
    });
  },
};

export const arithmetic: DatasetLayout = {
  kind: 'dataset',
  layout: 'arithmetic',
  title: layoutTitles['arithmetic'],
  required: ['sQuestion', 'lSolutions'],
  optional: [],
  read(value, context) {
    return reading(() => {
      const cells = new Cells(value, context, 'an arithmetic problem').need('sQuestion', 'lSolutions');
      return {
        ...noColumns,
        id: cells.id('iIndex'),
        input: cells.filled(questionRemedy, 'sQuestion').trim(),
        label: wholeNumber(cells.gold('lSolutions')),
      };
    });
  },
};

export const predictions: DatasetLayout = {
  kind: 'dataset',
  layout: 'predictions',
  title: layoutTitles['predictions'],
  required: ['question', 'chain-of-thought', 'pred', 'answer'],
  optional: [],
  matches: (record) => thoughtOf(record) !== null && findColumn(record, 'pred', 'prediction') !== null,
  read(value, context) {
    return reading(() => {
      const cells = new Cells(value, context, 'a row of predictions').need('question', 'answer');
      const thought = cells.text('chain-of-thought', 'cot', 'rationale');
      const found = thought === null ? null : readAnswer(thought, null);
      return {
        ...noColumns,
        id: cells.id(),
        input: cells.filled(questionRemedy, 'question', 'input'),
        label: cells.gold('answer', 'label', 'target'),
        rationale: (found?.label ?? null) === null ? reasonText(thought ?? '') : (found?.rationale ?? null),
        teacherLabel: cells.answer('pred', 'prediction') ?? '',
      };
    });
  },
};

function thoughtOf(record: JsonObject): string | null {
  const column = findColumn(record, 'chain-of-thought', 'cot');
  return column === null ? null : (plainText(record[column]) ?? null);
}
