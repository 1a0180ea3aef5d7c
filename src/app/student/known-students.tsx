import { useState } from 'react';
import { bindableFloats } from '../../base/binding.ts';
import { formatBytes, formatCount, formatParameters } from '../../base/units.ts';
import { fittingPreset } from '../../distill/fitting.ts';
import type { RowLengths } from '../../distill/memory-of-run.ts';
import type { Recipe } from '../../distill/recipe.ts';
import { knownStudents, type KnownStudent } from '../../hub/known-students.ts';
import type { T5Config } from '../../student/config.ts';
import { countParameters } from '../../student/parameters.ts';
import type { MemoryOfRun } from '../../worker/protocol.ts';
import { readDraft } from '../recipe/recipe-draft.ts';
import { longestRow } from '../state/longest-row.ts';
import { currentDataset, currentStudent, useStudio } from '../state/studio-store.ts';
import { useRunMemory } from '../state/use-run-memory.ts';
import hubStyles from '../parts/hub.module.css';
import styles from './known-students.module.css';

/** The list, once it is asked for: counting a plan takes its time. */
export function KnownStudents({ onChoose }: { onChoose: (name: string) => void }) {
  const [isOpen, setIsOpen] = useState(false);
  return (
    <details className={hubStyles['more']} onToggle={(event) => setIsOpen(event.currentTarget.open)}>
      <summary>Students that are known, and what each takes</summary>
      {isOpen && <List onChoose={onChoose} />}
    </details>
  );
}

/** Students whose shapes are read and trained here, each with what it takes; a press fills the field, without a request. */
function List({ onChoose }: { onChoose: (name: string) => void }) {
  const dataset = useStudio(currentDataset);
  const student = useStudio(currentStudent);
  const { recipe } = readDraft(useStudio((state) => state.draft));
  if (recipe === null)
    return <p className="small quiet">The list follows once the recipe’s fields are valid.</p>;
  const lengths =
    student === null
      ? { inputTokens: recipe.maxInputTokens, targetTokens: recipe.maxTargetTokens }
      : longestRow(dataset, student, recipe);
  return (
    <div className={styles['known']}>
      <table className={styles['table']}>
        <caption>
          Known students. Memory by this recipe: batches of {formatCount(recipe.batchSize)}, up to{' '}
          {formatCount(lengths.inputTokens)} tokens in and {formatCount(lengths.targetTokens)} out.
        </caption>
        <thead>
          <tr>
            <th scope="col">name</th>
            <th scope="col">parameters</th>
            <th scope="col">to fetch, about</th>
            <th scope="col">to train</th>
            <th scope="col">on this machine</th>
            <th scope="col">preset</th>
          </tr>
        </thead>
        <tbody>
          {knownStudents.map((known) => (
            <KnownRow key={known.name} known={known} recipe={recipe} lengths={lengths} onChoose={onChoose} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function KnownRow({
  known,
  recipe,
  lengths,
  onChoose,
}: {
  known: KnownStudent;
  recipe: Recipe;
  lengths: RowLengths;
  onChoose: (name: string) => void;
}) {
  const { name, config, note } = known;
  const [memory] = useRunMemory([config], recipe, lengths) ?? [];
  const parameters = countParameters(config);
  const preset = fittingPreset(parameters);
  return (
    <tr>
      <th scope="row">
        <button type="button" className={styles['choose']} translate="no" onClick={() => onChoose(name)}>
          {name}
        </button>
        {note !== null && <span className={styles['note']}>{note}</span>}
      </th>
      <td>{formatParameters(parameters)}</td>
      <td>{formatBytes(4 * parameters)}</td>
      <td>{memory === undefined ? '–' : formatBytes(memory.steadyBytes)}</td>
      <td className={styles['words']}>{memory === undefined ? 'counting …' : verdict(memory, config)}</td>
      <td className={styles['words']}>
        {preset.title}, {preset.recipe.learningRate.toExponential()}
      </td>
    </tr>
  );
}

/** Whether the largest matrix, the vocabulary's, is within what every GPU binds at once. */
function fitsABinding({ vocab_size, d_model }: T5Config): boolean {
  return vocab_size * d_model <= bindableFloats;
}

function verdict({ problem, reliefs, microBatches, engine }: MemoryOfRun, config: T5Config): string {
  const [relief] = reliefs;
  if (problem !== null && relief !== undefined) return `~ trains with ${relief.words}`;
  if (problem !== null) return fitsABinding(config) ? '✕ answers only' : '~ trains after Reduce';
  // What a GPU has, browsers do not tell.
  const where = engine === 'wgsl' ? 'trains, where the GPU has it' : 'trains';
  return microBatches > 1 ? `✓ ${where}, in ${formatCount(microBatches)} passes a step` : `✓ ${where}`;
}
