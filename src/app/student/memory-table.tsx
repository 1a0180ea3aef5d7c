import { formatBytes, formatCount } from '../../base/units.ts';
import type { Recipe } from '../../distill/recipe.ts';
import type { DatasetRecord, StudentRecord } from '../../store/records.ts';
import { estimateTrainingMemory, type MemoryEstimate } from '../../student/memory.ts';
import { frozenParameters } from '../../student/reduce/freeze.ts';
import { currentDataset, useStudio } from '../studio-store.ts';
import { readDraft } from '../train/recipe-draft.ts';
import styles from './memory-table.module.css';

const parts: readonly { key: Exclude<keyof MemoryEstimate, 'total'>; name: string }[] = [
  { key: 'weights', name: 'weights' },
  { key: 'gradients', name: 'gradients' },
  { key: 'moments', name: 'AdamW’s two moments' },
  { key: 'activations', name: 'activations' },
  { key: 'logits', name: 'logits' },
];

/** Tokens of the longest row that the recipe leaves: measured where they were, else its limits. */
export function longestRow(dataset: DatasetRecord | null, student: StudentRecord, recipe: Recipe) {
  const lengths = dataset?.lengths.train;
  if (lengths?.studentId !== student.id) {
    return { inputTokens: recipe.maxInputTokens, targetTokens: recipe.maxTargetTokens };
  }
  const target = Math.max(lengths.label.max, lengths.rationale?.max ?? 0);
  return {
    inputTokens: Math.min(recipe.maxInputTokens, lengths.input.max),
    targetTokens: Math.min(recipe.maxTargetTokens, target),
  };
}

/** What training this student with the recipe's batch takes, part by part. */
export function MemoryTable({ student }: { student: StudentRecord }) {
  const dataset = useStudio(currentDataset);
  const draft = useStudio((state) => state.draft);
  const { recipe } = readDraft(draft);
  if (recipe === null)
    return <p className="small quiet">The estimate follows once the recipe’s fields are mended.</p>;
  const { inputTokens, targetTokens } = longestRow(dataset, student, recipe);
  const { batchSize, method } = recipe;
  const frozen = frozenParameters(student.config, recipe.freeze);
  const shape = { batchSize, inputTokens, targetTokens, method };
  const estimate = estimateTrainingMemory(student.config, shape, frozen);
  return (
    <div className={styles['memory']}>
      <h2>Memory for training, estimated</h2>
      <p className={styles['total']} data-testid="memory-total">
        {formatBytes(estimate.total)}
      </p>
      <p className={styles['shape']}>
        for batches of {formatCount(recipe.batchSize)} with up to {formatCount(inputTokens)} input and{' '}
        {formatCount(targetTokens)} target tokens, {recipe.method}
        {recipe.freeze.length > 0 && <>; frozen: {recipe.freeze.join(', ')}</>}
      </p>
      <table className={styles['table']}>
        <caption className="visually-hidden">Estimated memory by part</caption>
        <tbody>
          {parts.map(({ key, name }) => (
            <tr key={key}>
              <th scope="row">{name}</th>
              <td>{formatBytes(estimate[key])}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
