/** An experiment's plan and results under the names that a person knows. Pure. */
import { resultsOf } from '../../experiment/queue.ts';
import type { Result } from '../../experiment/ledger.ts';
import {
  parseSpec,
  plannedRuns,
  shown,
  type PlannedRun,
  type Varied,
  type VariedValue,
} from '../../experiment/spec.ts';
import type { ExperimentRecord, StudentRecord } from '../../store/records.ts';
import { draftOf, recipeKeys } from '../recipe/recipe-draft.ts';
import { valueWords } from '../recipe/recipe-fields.ts';
import { notebookRecipe, type RecipeKey } from '../../distill/recipe.ts';
import { labelOf, type VaryKey } from './vary-draft.ts';

type Named = Pick<StudentRecord, 'id' | 'name'>;

export function planOfRecord({ spec, name }: Pick<ExperimentRecord, 'spec' | 'name'>): PlannedRun[] {
  return plannedRuns(parseSpec(spec, name), name);
}

/** Students go by their names; by their ids too, where two have the same. */
export function withNames(varied: Varied, students: readonly Named[]): Varied {
  const id = varied['student'];
  if (typeof id !== 'string') return varied;
  const name = students.find((one) => one.id === id)?.name;
  const isShared = students.filter((one) => one.name === name).length > 1;
  return { ...varied, student: name === undefined ? id : isShared ? `${name} ${id.slice(0, 4)}` : name };
}

/** What has ended, in the order of the plan. */
export function shownResults(experiment: ExperimentRecord, students: readonly Named[]): Result[] {
  const results = resultsOf(experiment.runs, planOfRecord(experiment));
  return results.map((result) => ({ ...result, varied: withNames(result.varied, students) }));
}

/** `alpha 0.1 · seed 0`. */
export function variedWords(varied: Varied, students: readonly Named[]): string {
  return (
    Object.entries(withNames(varied, students))
      .map(([key, value]) => `${labelOf(key as VaryKey).toLowerCase()} ${valueShown(key, value)}`)
      .join(' · ') || 'one run'
  );
}

/** A value as the form has it. */
export function valueShown(key: string, value: VariedValue): string {
  if (key === 'fraction' && typeof value === 'number') return `${Number((100 * value).toFixed(2))} %`;
  const known = recipeKeys.find((one) => one === key);
  if (known === undefined || typeof value === 'object') return shown(value);
  return valueWords(known, textOf(known, value));
}

function textOf(key: RecipeKey, value: string | number | boolean): string {
  return draftOf({ ...notebookRecipe, [key]: value })[key];
}

/** The values of everything that varies, in the order of the plan: for the sentence. */
export function variedValues(plan: readonly PlannedRun[], students: readonly Named[]): [VaryKey, string[]][] {
  const values = new Map<VaryKey, Set<string>>();
  for (const { varied } of plan) {
    for (const [key, value] of Object.entries(withNames(varied, students))) {
      const known = values.get(key as VaryKey) ?? new Set();
      values.set(key as VaryKey, known.add(valueShown(key, value)));
    }
  }
  return [...values].map(([key, set]) => [key, [...set]]);
}

/** `0.1, 0.5 and 0.9`. */
export function listWords(words: readonly string[]): string {
  return words.length < 2 ? (words[0] ?? '') : `${words.slice(0, -1).join(', ')} and ${words.at(-1)!}`;
}
