import { formatBytes, formatCount } from '../../base/units.ts';
import type { StudentRecord } from '../../store/records.ts';
import type { RowLengths } from '../../distill/memory-of-run.ts';
import type { Recipe } from '../../distill/recipe.ts';
import { useRunMemory } from '../state/use-run-memory.ts';
import { currentDataset, useStudio } from '../state/studio-store.ts';
import { readDraft } from '../recipe/recipe-draft.ts';
import { longestRow } from '../state/longest-row.ts';
import styles from './memory-table.module.css';

const parts: readonly { key: 'steadyBytes' | 'peakBytes' | 'largestBindingBytes'; name: string }[] = [
  { key: 'steadyBytes', name: 'while it trains' },
  { key: 'peakBytes', name: 'at most: tests, checkpoints, comparison' },
  { key: 'largestBindingBytes', name: 'largest buffer' },
];

/** What training this student with the recipe takes, by the plan's own count. */
export function MemoryTable({ student }: { student: StudentRecord }) {
  const dataset = useStudio(currentDataset);
  const draft = useStudio((state) => state.draft);
  const { recipe } = readDraft(draft);
  if (recipe === null)
    return <p className="small quiet">The estimate follows once the recipe’s fields are valid.</p>;
  return <Counted student={student} recipe={recipe} lengths={longestRow(dataset, student, recipe)} />;
}

function Counted(props: { student: StudentRecord; recipe: Recipe; lengths: RowLengths }) {
  const { student, recipe, lengths } = props;
  const { inputTokens, targetTokens } = lengths;
  const [memory] = useRunMemory([student.config], recipe, lengths) ?? [];
  if (memory === undefined)
    return (
      <p className="small quiet" aria-busy>
        Counting memory on the plan …
      </p>
    );
  return (
    <div className={styles['memory']}>
      <h2>Memory for training</h2>
      <p className={styles['total']} data-testid="memory-total">
        {formatBytes(memory.steadyBytes)}
      </p>
      <p className={styles['shape']}>
        for batches of {formatCount(recipe.batchSize)} with up to {formatCount(inputTokens)} input and{' '}
        {formatCount(targetTokens)} target tokens, {recipe.method}
        {recipe.freeze.length > 0 && <>; frozen: {recipe.freeze.join(', ')}</>}
        {recipe.lora !== null && '; LoRA'}
        {recipe.lora?.baseDtype === 'float16' && ', the base in half precision'}
        {recipe.optimizer !== 'adamw' && '; Adafactor'}
        {memory.microBatches > recipe.accumulation && `; cut into ${memory.microBatches} passes a step`}
      </p>
      {memory.problem !== null && <p role="status">That is more than there is: {memory.problem}</p>}
      <table className={styles['table']}>
        <caption className="visually-hidden">Memory by moment</caption>
        <tbody>
          {parts.map(({ key, name }) => (
            <tr key={key}>
              <th scope="row">{name}</th>
              <td>{formatBytes(memory[key])}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
