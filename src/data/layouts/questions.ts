/** Questions with choices, as they are published: CommonsenseQA, CoS-E, ARC, AQuA, ECQA, e-CARE, ScienceQA. */
import { layoutTitles } from '../layout-titles.ts';
import { composeInput, findChoice, letterIndex, letterPrefix, mostChoices } from '../choices.ts';
import { typeInWords } from '../words.ts';
import { Cells, findColumn, isObject, noColumns, plainText, reading, refuse } from './cells.ts';
import type { DatasetLayout, ExampleColumns, JsonObject } from './layout.ts';

export interface Choices {
  texts: readonly string[];
  /** What the file calls them (`A`, `1`), where it does. */
  keys: readonly string[] | null;
}

const rationaleNames = [
  'rationale',
  'explanation',
  'reasoning',
  'solution',
  'chainofthought',
  'cot',
] as const;
const teacherNames = ['teacherlabel', 'teacheranswer', 'pred', 'prediction'] as const;

/** Choices as a list of texts, as [{label, text}], as {text: [], label: []} or as {A: …, B: …}. */
export function choicesOf(cells: Cells, value: unknown, column: string): Choices {
  if (isObject(value)) {
    const texts = value['text'];
    if (Array.isArray(texts)) {
      const keys = value['label'];
      return checked(
        column,
        texts.map((text: unknown) => plainText(text) ?? ''),
        Array.isArray(keys) ? keys.map((key: unknown) => plainText(key) ?? '') : null,
      );
    }
    return checked(
      column,
      Object.values(value).map((text) => plainText(text) ?? ''),
      Object.keys(value),
    );
  }
  if (Array.isArray(value) && value.length > 0 && value.every(isObject)) {
    return checked(
      column,
      value.map((entry: JsonObject) => plainText(entry['text']) ?? ''),
      value.map((entry: JsonObject) => plainText(entry['label']) ?? ''),
    );
  }
  return checked(column, cells.list(column), null);
}

function checked(column: string, texts: readonly string[], keys: readonly string[] | null): Choices {
  if (texts.length >= 2 && texts.length <= mostChoices) return { texts, keys };
  const count = texts.length === 1 ? '1 entry' : `${texts.length} entries`;
  return refuse(
    `“${column}” has ${count}, but there have to be 2 to ${mostChoices} choices; fix the row or leave it out`,
  );
}

/** The choice that an answer names: a listed key, the choice itself, a letter, an index from 0. */
export function answerAmong(
  cells: Cells,
  value: unknown,
  column: string,
  { texts, keys }: Choices,
): string | null {
  const text = cells.answerText(value, column);
  if (text === null || text === '') return null;
  const byKey = keys?.indexOf(text) ?? -1;
  if (byKey !== -1) return texts[byKey]!;
  // A number beside choices of text is an index, also where one of them reads like it.
  const index = typeof value === 'number' || typeof value === 'bigint' ? Number(value) : null;
  if (index !== null && Number.isInteger(index) && index >= 0 && index < texts.length) return texts[index]!;
  if (findChoice(text, texts)?.how === 'exact') return text;
  const spaced = texts.find((choice) => choice.trim() === text);
  if (spaced !== undefined) return spaced.trim();
  const letter = letterIndex(text, texts.length);
  if (letter === null) return text;
  cells.context.tell('label-letter');
  return texts[letter]!;
}

/** The columns of a question with its choices. */
function ask(question: string, choices: Choices, rest: Partial<ExampleColumns>): ExampleColumns {
  return {
    ...noColumns,
    input: composeInput(question, choices.texts),
    question,
    choices: choices.texts,
    ...rest,
  };
}

const questionRemedy = 'write the question, or leave the row out';

function goldAmong(cells: Cells, choices: Choices, ...names: readonly string[]): string | null {
  const { column, value } = cells.raw(...names);
  if (column === null) return null;
  if (typeof value === 'string' && value.trim() === '')
    return refuse(`“${column}” is blank; write the true answer, or leave the row out`);
  return answerAmong(cells, value, column, choices);
}

const cosETitle = 'a CoS-E row';

export const cosE: DatasetLayout = {
  kind: 'dataset',
  layout: 'cos-e',
  title: layoutTitles['cos-e'],
  required: ['question', 'choices', 'answer'],
  optional: [],
  matches: (record) =>
    !isObject(record['question']) && !isObject(record['choices']) && !holdsObjects(record['choices']),
  read(value, context) {
    return reading(() => {
      const cells = new Cells(value, context, cosETitle).need('question', 'choices', 'answer');
      const question = cells.filled(questionRemedy, 'question');
      const choices = choicesOf(cells, cells.raw('choices').value, 'choices');
      return ask(question, choices, {
        id: cells.id(),
        label: goldAmong(cells, choices, 'answer'),
        rationale: cells.text(...rationaleNames),
        teacherLabel: cells.answer(...teacherNames),
      });
    });
  },
};

/** CoS-E's columns, told apart by those that only ScienceQA has beside them. */
export const scienceQa: DatasetLayout = {
  ...cosE,
  layout: 'science-qa',
  title: layoutTitles['science-qa'],
  required: ['question', 'choices', 'answer', 'solution', 'lecture'],
};

function holdsObjects(value: unknown): boolean {
  return Array.isArray(value) && value.some(isObject);
}

export const commonsenseQa: DatasetLayout = {
  kind: 'dataset',
  layout: 'commonsense-qa',
  title: layoutTitles['commonsense-qa'],
  required: ['question'],
  optional: ['answerKey', 'id'],
  matches: (record) => isObject(record['question']) && Object.hasOwn(record['question'], 'stem'),
  read(value, context) {
    return reading(() => {
      const cells = new Cells(value, context, 'a CommonsenseQA row').need('question');
      const inner = cells.raw('question').value;
      if (!isObject(inner))
        return refuse(`“question” is ${typeInWords(inner)}, but has to be an object with stem and choices`);
      const question = new Cells(inner, context, 'a CommonsenseQA question').need('stem', 'choices');
      const choices = choicesOf(question, question.raw('choices').value, 'choices');
      const key = cells.raw('answerKey');
      return ask(question.filled(questionRemedy, 'stem'), choices, {
        id: cells.id(),
        label: key.column === null ? null : answerAmong(cells, key.value, key.column, choices),
      });
    });
  },
};

export const choiceRows: DatasetLayout = {
  kind: 'dataset',
  layout: 'choices',
  title: layoutTitles['choices'],
  required: ['question', 'choices'],
  optional: ['answerKey', 'answer'],
  matches(record) {
    const choices = record[findColumn(record, 'choices', 'options') ?? ''];
    return (
      findColumn(record, 'question', 'stem') !== null &&
      (isObject(choices) || Array.isArray(choices)) &&
      findColumn(record, 'answerkey', 'answer', 'label', 'correct', 'correctanswer', 'target') !== null
    );
  },
  read(value, context) {
    return reading(() => {
      const cells = new Cells(value, context, 'a question with choices');
      const question = cells.filled(questionRemedy, 'question', 'stem');
      const { column, value: listed } = cells.raw('choices', 'options');
      const choices = choicesOf(cells, listed, column ?? 'choices');
      const gold = cells.raw('answerkey', 'answer', 'label', 'correct', 'correctanswer', 'target');
      return ask(question, choices, {
        id: cells.id(),
        label: gold.column === null ? null : answerAmong(cells, gold.value, gold.column, choices),
        rationale: cells.text(...rationaleNames),
        teacherLabel: cells.answer(...teacherNames),
      });
    });
  },
};

/** The line that gives the answer away at the end of a rationale of AQuA: `Correct answer - A`, `Answer : B.` */
const aquaEnd =
  /\s*(?:so,?\s+)?(?:the\s+)?(?:correct\s+)?(?:answer|ans|option)\s*(?:is)?\s*[-:=.]*\s*\(?[A-E]\)?\s*\.?\s*$/i;

export const aqua: DatasetLayout = {
  kind: 'dataset',
  layout: 'aqua',
  title: layoutTitles['aqua'],
  required: ['question', 'options', 'rationale', 'correct'],
  optional: [],
  read(value, context) {
    return reading(() => {
      const cells = new Cells(value, context, 'an AQuA row').need('question', 'options', 'correct');
      const texts = cells.list('options').map((option) => option.replace(letterPrefix, '').trim());
      const choices = checked('options', texts, null);
      const rationale = (cells.text('rationale') ?? '').replace(aquaEnd, '').trim();
      return ask(cells.filled(questionRemedy, 'question'), choices, {
        id: cells.id(),
        label: goldAmong(cells, choices, 'correct'),
        rationale: rationale === '' ? null : rationale,
      });
    });
  },
};

export const ecqa: DatasetLayout = {
  kind: 'dataset',
  layout: 'ecqa',
  title: layoutTitles['ecqa'],
  required: ['q_text', 'q_op1', 'q_op2', 'q_ans'],
  optional: ['taskB', 'q_no'],
  read(value, context) {
    return reading(() => {
      const cells = new Cells(value, context, 'an ECQA row').need('q_text', 'q_op1', 'q_op2', 'q_ans');
      const texts: string[] = [];
      for (let index = 1; index <= mostChoices; index += 1) {
        const text = cells.text(`q_op${index}`);
        if (text === null) break;
        texts.push(text);
      }
      const choices = checked('q_op1 …', texts, null);
      return ask(cells.filled(questionRemedy, 'q_text'), choices, {
        id: cells.id('q_no'),
        label: goldAmong(cells, choices, 'q_ans'),
        rationale: cells.text('taskB'),
      });
    });
  },
};

export const eCare: DatasetLayout = {
  kind: 'dataset',
  layout: 'e-care',
  title: layoutTitles['e-care'],
  required: ['premise', 'ask-for', 'hypothesis1', 'hypothesis2', 'label'],
  optional: ['conceptual_explanation'],
  read(value, context) {
    return reading(() => {
      const cells = new Cells(value, context, 'an e-CARE row').need(
        'premise',
        'ask-for',
        'hypothesis1',
        'hypothesis2',
        'label',
      );
      const asked = cells.filled('write “cause” or “effect”', 'ask-for').trim();
      const question = `${cells.filled('write the premise', 'premise')}\nWhat is the ${asked}?`;
      const texts = [cells.filled('write it', 'hypothesis1'), cells.filled('write it', 'hypothesis2')];
      const choices = { texts, keys: null };
      const { value: label, column } = cells.raw('label');
      const byText = typeof label === 'string' && /^[01]$/.test(label.trim()) ? Number(label) : label;
      return ask(question, choices, {
        id: cells.id(),
        label: answerAmong(cells, byText, column ?? 'label', choices),
        rationale: cells.text('conceptual_explanation'),
      });
    });
  },
};
