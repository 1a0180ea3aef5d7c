import { formatDuration } from '../../base/units.ts';
import { adviceFor, type RowTokens } from '../../distill/fitting.ts';
import type { Recipe } from '../../distill/recipe.ts';
import type { DatasetRecord, StudentRecord } from '../../store/records.ts';
import { draftOf, numberText, readDraft } from '../recipe/recipe-draft.ts';
import { longestRow } from '../state/longest-row.ts';
import { roughStepMs, stepWork, useRemembered } from '../state/remembered-times.ts';
import { studio } from '../state/studio.ts';
import { currentDataset, currentStudent, useStudio } from '../state/studio-store.ts';
import { Button } from '../ui/button.tsx';
import { plural } from '../words.ts';
import styles from './recipe-fit.module.css';

/** What of the recipe does not suit the student and the rows that are chosen, why, what would, and what it takes. */
export function RecipeFit() {
  const student = useStudio(currentStudent);
  const dataset = useStudio(currentDataset);
  const times = useRemembered((state) => state.times);
  const { recipe } = readDraft(useStudio((state) => state.draft));
  if (student === null || recipe === null) return null;
  const advice = adviceFor(recipe, student.parameters, tokensOf(dataset, student));
  if (advice === null) return null;
  const { why, settings, preset } = advice;
  const timeOf = (one: Recipe): string => {
    const work = stepWork(student.parameters, one, longestRow(dataset, student, one));
    const stepMs = roughStepMs(times, work);
    return stepMs === null ? '' : `, roughly ${formatDuration(one.steps * stepMs)}`;
  };
  const rate = settings.learningRate === undefined ? null : numberText(settings.learningRate);
  return (
    <div className={styles['fit']} data-testid="recipe-fit">
      {why.map((sentence) => (
        <p key={sentence} className={styles['note']}>
          {sentence}
        </p>
      ))}
      <p className={styles['note']}>
        The recipe as it is: {plural(recipe.steps, 'step')}
        {timeOf(recipe)}.
      </p>
      <Button small onClick={() => studio.setDraft(draftOf({ ...recipe, ...settings }))}>
        {rate !== null && Object.keys(settings).length === 1 ? `Take ${rate}` : 'Fix that alone'}
      </Button>
      <Button small onClick={() => studio.setDraft(draftOf(preset.recipe))}>
        {preset.title} preset at {numberText(preset.recipe.learningRate)},{' '}
        {plural(preset.recipe.steps, 'step')}
        {timeOf(preset.recipe)}
      </Button>
    </div>
  );
}

/** Tokens that 99 in 100 training rows stay within, where they were counted for this student; else null. */
function tokensOf(dataset: DatasetRecord | null, student: StudentRecord): RowTokens | null {
  const lengths = dataset?.lengths.train;
  if (lengths?.studentId !== student.id) return null;
  return { input: lengths.input.p99, target: Math.max(lengths.label.p99, lengths.rationale?.p99 ?? 0) };
}
