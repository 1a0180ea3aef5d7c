import type { ReactNode } from 'react';
import { formatCount, readNumber } from '../../base/units.ts';
import { methods, methodWords, type Method } from '../../distill/methods.ts';
import { choosesByMeasuring, chosenByTestWords } from '../../distill/selection.ts';
import type { Recipe, RecipeKey } from '../../distill/recipe.ts';
import type { RunRecord } from '../../store/records.ts';
import { hashOf } from '../routes.ts';
import { studio } from '../state/studio.ts';
import { currentDataset, currentStudent, useStudio } from '../state/studio-store.ts';
import { afterStart } from '../ui/later.tsx';
import { Button } from '../ui/button.tsx';
import { plural } from '../words.ts';
import { issueWords } from '../recipe/recipe-fields.ts';
import { generationText, generationWords } from '../recipe/generation-draft.ts';
import { loraText, loraWords } from '../recipe/lora-draft.ts';
import { listOf, numberText, readDraft } from '../recipe/recipe-draft.ts';
import styles from './recipe-sentence.module.css';

// What does not fit is told once it is read: the start does without.
const RecipeFit = afterStart(() => import('../parts/recipe-fit.tsx').then((module) => module.RecipeFit));

/** The recipe as a sentence whose words can be changed where they are. */
export function RecipeSentence() {
  const student = useStudio((state) => currentStudent(state)?.name ?? null);
  const rows = useStudio((state) => currentDataset(state)?.splits.train?.rows ?? null);
  const method = useStudio((state) => state.draft.method);
  const accumulation = useStudio((state) => state.draft.accumulation);
  const optimizer = useStudio((state) => state.draft.optimizer);
  const freeze = useStudio((state) => state.draft.freeze);
  const lora = useStudio((state) => state.draft.lora);
  const generation = useStudio((state) => state.draft.generation);
  const issues = useStudio((state) => state.draft);
  const { recipe, issues: problems } = readDraft(issues);
  const hasValidation = useStudio((state) => (currentDataset(state)?.splits.validation?.rows ?? 0) > 0);
  const chosenByTest = recipe !== null && choosesByMeasuring(recipe) && !hasValidation && rows !== null;
  return (
    <div className={styles['recipe']}>
      <p className={styles['sentence']}>
        Distil <a href={hashOf('student')}>{student ?? 'a student'}</a> on{' '}
        <a href={hashOf('data')}>{rows === null ? 'your rows' : plural(rows, 'row')}</a> for{' '}
        <NumberWord name="steps" label="Number of steps, in the sentence" /> steps of{' '}
        <NumberWord name="batchSize" label="Rows in a batch, in the sentence" />
        {accumulation !== '1' && <> × {accumulation}</>} at{' '}
        {optimizer === 'adafactor-relative' ? (
          'its own rate'
        ) : (
          <NumberWord name="learningRate" label="Rate of learning, in the sentence" />
        )}
        {optimizer !== 'adamw' && ' by Adafactor'},{' '}
        <ChoiceWord
          name="method"
          label="How, in the sentence"
          options={methods.map((method) => [method, sentenceWords(method)])}
        />
        {method === 'step-by-step' && (
          <>
            {' '}
            with alpha <NumberWord name="alpha" label="Value of alpha, in the sentence" />
          </>
        )}
        , labels{' '}
        <ChoiceWord
          name="labels"
          label="Whose labels, in the sentence"
          options={[
            ['gold', 'gold'],
            ['teacher', 'by the teacher'],
          ]}
        />
        , seed <NumberWord name="seed" label="Value of the seed, in the sentence" />
        {freeze !== '' && <>, with {frozenWords(listOf(freeze))} frozen</>}
        {lora !== '' && <>, by LoRA ({loraWords(lora)})</>}
        {generation !== '' && <>, measured with {generationWords(generation)}</>}.
      </p>
      {problems.length > 0 && (
        <ul className={styles['problems']}>
          {problems.map((issue) => (
            <li key={`${issue.key ?? ''}${issue.problem}`}>
              {issueWords(issue)}.{' '}
              {issue.key === 'warmupSteps' && issue.problem.includes('more than') && <ShorterWarmup />}
            </li>
          ))}
        </ul>
      )}
      <RecipeFit />
      {chosenByTest && <p className={styles['note']}>{chosenByTestWords}</p>}
    </div>
  );
}

/** A tenth of the steps: long enough to begin gently, and short enough to leave the others to learning. */
function ShorterWarmup() {
  const steps = useStudio((state) => readNumber(state.draft.steps));
  const warmup = Math.floor(steps / 10);
  return (
    <Button small onClick={() => studio.setField('warmupSteps', String(warmup))}>
      Make it {formatCount(warmup)}
    </Button>
  );
}

function NumberWord({ name, label }: { name: RecipeKey; label: string }) {
  const value = useStudio((state) => state.draft[name]);
  const wrong = useStudio((state) => readDraft(state.draft).issues.some((issue) => issue.key === name));
  return (
    <input
      className={styles['word']}
      type="text"
      inputMode="decimal"
      autoComplete="off"
      spellCheck={false}
      aria-label={label}
      aria-invalid={wrong || undefined}
      size={Math.max(1, value.length)}
      value={value}
      onChange={(event) => studio.setField(name, event.target.value)}
    />
  );
}

/** Native: it is in its sentence like a word, and a phone opens its own wheel for it. */
function ChoiceWord({
  name,
  label,
  options,
}: {
  name: RecipeKey;
  label: string;
  options: readonly (readonly [value: string, words: string])[];
}) {
  const value = useStudio((state) => state.draft[name]);
  return (
    <select
      className={styles['word']}
      aria-label={label}
      value={value}
      onChange={(event) => studio.setField(name, event.target.value)}
    >
      {options.map(([option, words]) => (
        <option key={option} value={option}>
          {words}
        </option>
      ))}
    </select>
  );
}

/** The recipe of a run, which nothing changes any more. */
export function RunSentence({ run }: { run: RunRecord }) {
  const { recipe } = run;
  const measured = generationText(recipe.generation ?? null);
  const word = (text: ReactNode): ReactNode => <span className={styles['fixed']}>{text}</span>;
  return (
    <p className={styles['sentence']}>
      Distil {word(run.studentName)} on {word(plural(run.trainRows, 'row'))} for{' '}
      {word(plural(recipe.steps, 'step'))} of {word(batchWords(recipe))} at {word(rateWords(recipe))},{' '}
      {word(sentenceWords(recipe.method))}
      {recipe.method === 'step-by-step' && <> with alpha {word(numberText(recipe.alpha))}</>}, labels{' '}
      {word(recipe.labels === 'gold' ? 'gold' : 'by the teacher')}, seed {word(String(recipe.seed))}
      {recipe.freeze.length > 0 && <>, with {word(frozenWords(recipe.freeze))} frozen</>}
      {recipe.lora !== null && <>, by LoRA ({word(loraWords(loraText(recipe.lora)))})</>}
      {measured !== '' && <>, measured with {word(generationWords(measured))}</>}.
    </p>
  );
}

function sentenceWords(method: Method): string {
  return method === 'standard' ? 'the standard way' : methodWords[method];
}

function frozenWords(parts: readonly string[]): string {
  return parts.map((part) => (part === 'embeddings' ? part : `the ${part}`)).join(' and ');
}

/** Told of what is not AdamW alone. */
function rateWords({ optimizer, learningRate }: Recipe): string {
  const rate = optimizer === 'adafactor-relative' ? 'its own rate' : numberText(learningRate);
  return optimizer === 'adamw' ? rate : `${rate} by Adafactor`;
}

function batchWords({ batchSize, accumulation }: Recipe): string {
  return accumulation === 1
    ? formatCount(batchSize)
    : `${formatCount(batchSize)} × ${formatCount(accumulation)}`;
}
