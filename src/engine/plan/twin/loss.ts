/** Cross entropy, its gradient in place, and its sums by task. */
import { results as resultIndex, type CrossEntropy } from '../operations.ts';
import type { TwinMemory } from './memory.ts';
import { isAdded } from './rows.ts';

export function crossEntropy(operation: CrossEntropy, memory: TwinMemory): void {
  const logits = memory.floats(operation.logits);
  const losses = memory.floats(operation.losses);
  const results = memory.floats(operation.results);
  const labels = memory.table(operation.labels);
  const weights = operation.rowWeights === null ? null : memory.floats(operation.rowWeights);
  const columns = operation.logits.shape[1]!;
  const rows = memory.run.counts[operation.rows];
  const sums = [0, 0];
  for (let row = 0; row < rows; row += 1) {
    const start = row * columns;
    const label = labels[row]!;
    let largest = -Infinity;
    for (let column = 0; column < columns; column += 1) largest = Math.max(largest, logits[start + column]!);
    let sum = 0;
    for (let column = 0; column < columns; column += 1) sum += Math.exp(logits[start + column]! - largest);
    // Math.max lets NaN through, as it must: a loss that is not finite has to be seen.
    losses[row] = label < 0 ? 0 : Math.log(sum) + largest - logits[start + label]!;
    sums[row < memory.run.counts.answerRows ? 0 : 1]! += losses[row]!;
    if (!operation.gradient) continue;
    const weight = weights![row]!;
    for (let column = 0; column < columns; column += 1) {
      const share = Math.exp(logits[start + column]! - largest) / sum;
      logits[start + column] = label < 0 ? 0 : weight * (share - (column === label ? 1 : 0));
    }
  }
  const adds = isAdded(operation.accumulate, memory.run);
  [resultIndex.answerLoss, resultIndex.rationaleLoss].forEach((at, task) => {
    results[at] = (adds ? results[at]! : 0) + sums[task]!;
  });
}
