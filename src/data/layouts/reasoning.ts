/** Questions with reasons from benchmarks and from models that think: StrategyQA, BIG-bench, s1, OpenThoughts, FLAN. */
import { layoutTitles } from '../layout-titles.ts';
import { readAnswer } from '../completions.ts';
import { Cells, findColumn, isObject, noColumns, plainText, reading, refuse } from './cells.ts';
import type { DatasetLayout } from './layout.ts';

const questionRemedy = 'write the question, or leave the row out';

export const strategyQa: DatasetLayout = {
  kind: 'dataset',
  layout: 'strategy-qa',
  title: layoutTitles['strategy-qa'],
  required: ['question', 'answer', 'facts'],
  optional: ['qid'],
  read(value, context) {
    return reading(() => {
      const cells = new Cells(value, context, 'a StrategyQA row').need('question', 'answer', 'facts');
      const facts = cells.list('facts').join(' ').trim();
      return {
        ...noColumns,
        id: cells.id(),
        input: cells.filled(questionRemedy, 'question'),
        label: cells.gold('answer'),
        rationale: facts === '' ? null : facts,
      };
    });
  },
};

export const bigBench: DatasetLayout = {
  kind: 'dataset',
  layout: 'big-bench',
  title: layoutTitles['big-bench'],
  required: ['input', 'target_scores'],
  optional: ['target'],
  read(value, context) {
    return reading(() => {
      const cells = new Cells(value, context, 'a BIG-bench example').need('input', 'target_scores');
      const scores = cells.raw('target_scores').value;
      if (!isObject(scores)) return refuse('“target_scores” has to be an object of answers and numbers');
      let label: string | null = null;
      let best = -Infinity;
      for (const [answer, score] of Object.entries(scores))
        if (typeof score === 'number' && score > best) [label, best] = [answer, score];
      const target = cells.text('target');
      const reason =
        target !== null && label !== null && target.startsWith(label)
          ? target.slice(label.length).replace(/^[.,:]?\s*/, '')
          : target;
      return {
        ...noColumns,
        input: cells.filled(questionRemedy, 'input'),
        label,
        rationale: reason?.trim() ? reason.trim() : null,
      };
    });
  },
};

/** The answer of a solution: what its last mark gives, or all of it. */
function answerIn(solution: string | null): string | null {
  if (solution === null) return null;
  return readAnswer(solution, null, true).label ?? solution.trim();
}

export const s1: DatasetLayout = {
  kind: 'dataset',
  layout: 's1',
  title: layoutTitles['s1'],
  required: ['question', 'solution'],
  optional: ['thinking_trajectories', 'attempt'],
  matches: (record) => findColumn(record, 'thinking_trajectories', 'deepseek_thinking_trajectory') !== null,
  read(value, context) {
    return reading(() => {
      const cells = new Cells(value, context, 'an s1 row').need('question', 'solution');
      const { value: thoughts } = cells.raw('thinking_trajectories', 'deepseek_thinking_trajectory');
      const thought = plainText(Array.isArray(thoughts) ? thoughts[0] : thoughts) ?? null;
      return {
        ...noColumns,
        input: cells.filled(questionRemedy, 'question'),
        label: answerIn(cells.gold('solution')),
        rationale: thought?.trim() ? thought : null,
        teacherLabel: answerIn(cells.text('attempt', 'deepseek_attempt')),
      };
    });
  },
};

export const openThoughts: DatasetLayout = {
  kind: 'dataset',
  layout: 'open-thoughts',
  title: layoutTitles['open-thoughts'],
  required: ['problem', 'deepseek_reasoning', 'deepseek_solution'],
  optional: ['ground_truth_solution'],
  read(value, context) {
    return reading(() => {
      const cells = new Cells(value, context, 'an OpenThoughts row').need('problem', 'deepseek_reasoning');
      return {
        ...noColumns,
        input: cells.filled(questionRemedy, 'problem'),
        label: answerIn(cells.text('ground_truth_solution')),
        rationale: cells.text('deepseek_reasoning'),
        teacherLabel: answerIn(cells.text('deepseek_solution')),
      };
    });
  },
};

export const cotCollection: DatasetLayout = {
  kind: 'dataset',
  layout: 'cot-collection',
  title: layoutTitles['cot-collection'],
  required: ['source', 'target', 'rationale'],
  optional: ['task', 'type'],
  read(value, context) {
    return reading(() => {
      const cells = new Cells(value, context, 'a row of the CoT Collection').need('source', 'target');
      return {
        ...noColumns,
        id: cells.id(),
        input: cells.filled('write what the student is given', 'source'),
        label: cells.gold('target'),
        rationale: cells.text('rationale'),
      };
    });
  },
};

/** Three columns without names, a line break written as `\n`: FLAN's chains of thought. */
export const flanCot: DatasetLayout = {
  kind: 'dataset',
  layout: 'flan-cot',
  title: layoutTitles['flan-cot'],
  required: ['column 1', 'column 2', 'column 3'],
  optional: [],
  matches: (record) => Object.keys(record).length === 3,
  read(value, context) {
    return reading(() => {
      const cells = new Cells(value, context, 'a row of three columns').need('column 1', 'column 2');
      const line = (text: string): string => text.replaceAll('\\n', '\n');
      const rationale = cells.text('column 3');
      return {
        ...noColumns,
        input: line(cells.filled('write what the student is given', 'column 1')),
        label: cells.gold('column 2'),
        rationale: rationale === null ? null : line(rationale),
      };
    });
  },
};
