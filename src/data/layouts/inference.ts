/** Natural language inference: e-SNLI, ANLI, SNLI. Inputs are composed as the method's authors do. */
import { layoutTitles } from '../layout-titles.ts';
import { Cells, findColumn, noColumns, reading } from './cells.ts';
import type { DatasetLayout } from './layout.ts';

const words = ['entailment', 'neutral', 'contradiction'] as const;

/** A label of inference in words; null for what its authors use for “no agreement”. */
function inferenceLabel(label: string | null): string | null {
  if (label === null || label === '' || label === '-' || label === '-1') return null;
  if (/^[012]$/.test(label)) return words[Number(label)]!;
  return words.find((word) => word.startsWith(label.toLowerCase()) && label.length === 1) ?? label;
}

export const inference: DatasetLayout = {
  kind: 'dataset',
  layout: 'nli',
  title: layoutTitles['nli'],
  required: ['premise', 'hypothesis', 'label'],
  optional: ['explanation_1'],
  matches: (record) =>
    (pair(record, 'premise', 'hypothesis') || pair(record, 'sentence1', 'sentence2')) &&
    findColumn(record, 'gold_label', 'label', 'answer') !== null,
  read(value, context) {
    return reading(() => {
      const cells = new Cells(value, context, 'a row of premise and hypothesis');
      const premise = cells.filled('write the premise', 'premise', 'sentence1');
      const hypothesis = cells.filled('write the hypothesis', 'hypothesis', 'sentence2');
      const { value: label, column } = cells.raw('gold_label', 'label', 'answer');
      // Numbers are names of classes here: there is nothing to tell of each.
      const bare = column !== null && !context.classLabels.has(column) && typeof label === 'number';
      const text = inferenceLabel(bare ? String(label) : cells.answerText(label, column ?? ''));
      return {
        ...noColumns,
        id: cells.id(),
        input: `${premise}</s>${hypothesis}`,
        label: text,
        rationale:
          cells.text('explanation_1') ??
          cells.text('explanation_2') ??
          cells.text('explanation_3') ??
          cells.text('explanation', 'reason', 'rationale'),
        teacherLabel: cells.answer('teacherlabel', 'pred', 'prediction'),
      };
    });
  },
};

function pair(record: Record<string, unknown>, one: string, other: string): boolean {
  return findColumn(record, one) !== null && findColumn(record, other) !== null;
}
