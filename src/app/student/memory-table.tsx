import { formatBytes, formatCount } from '../../base/units.ts';
import type { StudentRecord } from '../../store/records.ts';
import { estimateTrainingMemory, type MemoryEstimate } from '../../student/memory.ts';
import { untrainedParameters } from '../../distill/engine-student.ts';
import { currentDataset, useStudio } from '../state/studio-store.ts';
import { readDraft } from '../recipe/recipe-draft.ts';
import { longestRow } from '../state/longest-row.ts';
import styles from './memory-table.module.css';

const parts: readonly { key: Exclude<keyof MemoryEstimate, 'total'>; name: string }[] = [
  { key: 'weights', name: 'weights' },
  { key: 'gradients', name: 'gradients' },
  { key: 'moments', name: 'AdamW’s two moments' },
  { key: 'activations', name: 'activations' },
  { key: 'logits', name: 'logits' },
];

/** What training this student with the recipe's batch takes, part by part. */
export function MemoryTable({ student }: { student: StudentRecord }) {
  const dataset = useStudio(currentDataset);
  const draft = useStudio((state) => state.draft);
  const { recipe } = readDraft(draft);
  if (recipe === null)
    return <p className="small quiet">The estimate follows once the recipe’s fields are mended.</p>;
  const { inputTokens, targetTokens } = longestRow(dataset, student, recipe);
  const { batchSize, method } = recipe;
  const frozen = untrainedParameters(student.config, recipe);
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
