/** Answers where labels are few: how each label is found, and what it is taken for. */

/** Labels up to which a table of them can be read. */
export const mostLabels = 20;

/** One label's share. */
export interface LabelScore {
  label: string;
  /** In [0, 1], 0 where nothing counts, as scikit-learn has it. */
  precision: number;
  recall: number;
  f1: number;
  /** Rows that have it. */
  rows: number;
}

/** Who was taken for what. */
export interface Confusion {
  /** The labels of the truth, sorted. */
  labels: string[];
  /** Rows by true label and answer; the last answer is any that is no label. Each cell has its rows, by position. */
  cells: number[][][];
  scores: LabelScore[];
  /** The mean of the labels' F1, each counted alike: `f1_score(average="macro", labels=…)` of scikit-learn. */
  macroF1: number;
}

/**
 * The table of true labels and answers; null where there are too many labels, or only one.
 * @param rows Each with its position, its true label and the answer, exactly as they are compared.
 */
export function confusionOf(
  rows: readonly { row: number; label: string; answer: string }[],
): Confusion | null {
  const labels = [...new Set(rows.map(({ label }) => label))].sort();
  if (labels.length < 2 || labels.length > mostLabels) return null;
  // Labels that hardly ever come again are texts, not classes.
  if (labels.length * 2 > rows.length) return null;
  const place = new Map(labels.map((label, at) => [label, at]));
  const cells = labels.map(() => Array.from({ length: labels.length + 1 }, (): number[] => []));
  for (const { row, label, answer } of rows)
    cells[place.get(label)!]![place.get(answer) ?? labels.length]!.push(row);
  const scores = labels.map((label, at): LabelScore => {
    const right = cells[at]![at]!.length;
    const said = cells.reduce((sum, row) => sum + row[at]!.length, 0);
    const there = cells[at]!.reduce((sum, cell) => sum + cell.length, 0);
    const precision = said === 0 ? 0 : right / said;
    const recall = right / there;
    return {
      label,
      precision,
      recall,
      f1: right === 0 ? 0 : (2 * precision * recall) / (precision + recall),
      rows: there,
    };
  });
  return { labels, cells, scores, macroF1: scores.reduce((sum, { f1 }) => sum + f1, 0) / scores.length };
}
