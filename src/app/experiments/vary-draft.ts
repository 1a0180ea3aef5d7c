/** What is to vary, as it is typed, and the experiment that it makes of the recipe at hand. Pure. */
import { InputError } from '../../base/errors.ts';
import type { MetricId } from '../../data/metrics/metrics.ts';
import { notebookRecipe, smallRecipe, type Recipe, type RecipeKey } from '../../distill/recipe.ts';
import { parseSpec, plannedRuns, type PlannedRun, type VariedValue } from '../../experiment/spec.ts';
import { draftOf } from '../recipe/recipe-draft.ts';
import { fieldOf, recipeGroups } from '../recipe/recipe-fields.ts';

/** A key of the recipe, a share of the training rows, or the student. */
export type VaryKey = RecipeKey | 'fraction' | 'student';

/** One thing that varies: its values as text, with spaces or commas between. */
export interface VaryRow {
  key: VaryKey;
  text: string;
}

/** Settings of several parts have no list of values. */
const unvaried: readonly RecipeKey[] = ['lora', 'generation', 'freeze'];

export const varyKeys: readonly VaryKey[] = [
  'alpha',
  'seed',
  'fraction',
  'method',
  'labels',
  'student',
  ...recipeGroups
    .flatMap(({ fields }) => fields.map(({ key }) => key))
    .filter((key) => !unvaried.includes(key) && !['alpha', 'seed', 'method', 'labels'].includes(key)),
];

/** Every combination of these is a run. */
export type VaryGrid = readonly VaryRow[];

/** The question that a first experiment asks. */
export const firstRows: VaryGrid = [
  { key: 'alpha', text: '0.1, 0.3, 0.5, 0.7, 0.9' },
  { key: 'seed', text: '0, 1, 2' },
];

/** What a further set of runs begins with: standard fine-tuning, over the seeds of the first set. */
export function anotherGrid([first]: readonly VaryGrid[]): VaryGrid {
  const seeds = (first ?? []).filter(({ key }) => key === 'seed');
  return [{ key: 'method', text: 'standard' }, ...seeds];
}

export function labelOf(key: VaryKey): string {
  if (key === 'fraction') return 'Share of the rows';
  if (key === 'student') return 'Student';
  return fieldOf(key).label;
}

/** The values that can be chosen, where these are few; null where they are typed. */
export function choicesOf(
  key: VaryKey,
  students: readonly { id: string; name: string }[],
): readonly { value: string; label: string }[] | null {
  if (key === 'student') return students.map(({ id, name }) => ({ value: id, label: name }));
  if (key === 'fraction') return null;
  const { options } = fieldOf(key);
  if (options !== undefined) return options;
  if (typeof notebookRecipe[key] !== 'boolean') return null;
  return [
    { value: 'true', label: 'yes' },
    { value: 'false', label: 'no' },
  ];
}

/** What a key is first tried with. */
export function firstText(key: VaryKey, recipe: Recipe, studentId: string): string {
  switch (key) {
    case 'alpha':
    case 'seed':
      return firstRows.find((row) => row.key === key)!.text;
    case 'fraction':
      return '0.125, 0.25, 0.5, 1';
    case 'method':
      return 'step-by-step, standard';
    case 'labels':
      return 'gold, teacher';
    case 'student':
      return studentId;
    default:
      return typeof recipe[key] === 'boolean' ? 'true, false' : draftOf(recipe)[key];
  }
}

/** The texts of a row's values. */
export function valuesIn(text: string): string[] {
  return text.split(/[\s,;]+/).filter((one) => one !== '');
}

export interface ExperimentPlan {
  /** What `parseSpec` reads. */
  spec: string;
  runs: PlannedRun[];
}

/** What is wrong with a row (`grid` and `key`), or with the whole. */
export interface PlanFault {
  grid: number | null;
  key: VaryKey | null;
  problem: string;
}

/**
 * @param grids One or more; what two of them have is trained once.
 * @param recipe Of the form: what is not varied.
 * @param metric What answers are judged by; null: what suits the labels.
 * @returns The runs, or what is wrong, in words.
 */
export function planOf(
  grids: readonly VaryGrid[],
  recipe: Recipe,
  studentId: string,
  metric: MetricId | null = null,
): ExperimentPlan | PlanFault {
  const read = grids.map(readGrid);
  for (const [grid, one] of read.entries()) if ('problem' in one) return { grid, ...one };
  const vary = read.flatMap((one) => ('values' in one ? [one.values] : []));
  const parts = {
    student: studentId,
    ...(metric === null ? {} : { metric }),
    recipe: changesOf(recipe, vary),
    vary: vary.length === 1 ? vary[0] : vary,
  };
  const spec = `${JSON.stringify(parts, null, 2)}\n`;
  try {
    return { spec, runs: plannedRuns(parseSpec(spec, 'the experiment'), 'the experiment') };
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    const problem = error.message.replace(/^the experiment(?:, line \d+)?: /, '');
    const names = ({ key }: VaryRow): boolean => problem.startsWith(key) || problem.startsWith(`"${key}"`);
    // The one that fails by itself; too many runs are everybody's.
    const grid =
      grids.length === 1
        ? 0
        : grids.findIndex((one) => 'problem' in planOf([one], recipe, studentId, metric));
    return {
      grid: grid < 0 ? null : grid,
      key: grids[grid]?.find(names)?.key ?? null,
      problem: `${problem.charAt(0).toUpperCase()}${problem.slice(1)}`,
    };
  }
}

type Values = Record<string, VariedValue[]>;

function readGrid(rows: VaryGrid): { values: Values } | { key: VaryKey; problem: string } {
  const vary: Values = {};
  for (const { key, text } of rows) {
    const texts = valuesIn(text);
    if (texts.length === 0) return { key, problem: 'Name at least one value.' };
    const values = texts.map((one) => valueOf(key, one));
    const wrong = values.findIndex((one) => typeof one === 'number' && Number.isNaN(one));
    if (wrong >= 0) return { key, problem: `“${texts[wrong]!}” is no number.` };
    if (new Set(values).size < values.length) return { key, problem: 'A value is named twice.' };
    vary[key] = values;
  }
  return { values: vary };
}

function valueOf(key: VaryKey, text: string): VariedValue {
  if (key === 'fraction') return text.endsWith('%') ? Number(text.slice(0, -1)) / 100 : Number(text);
  if (key === 'student') return text;
  const kind = typeof notebookRecipe[key];
  if (kind === 'boolean') return text === 'true';
  return kind === 'number' ? Number(text) : text;
}

/**
 * What the recipe changes of the small preset, as a spec has it. Accuracy is measured on the way only where it decides
 * something: each run is compared at its end.
 */
function changesOf(recipe: Recipe, vary: readonly Values[]): Record<string, unknown> {
  const anyVaries = (key: RecipeKey): boolean => vary.some((grid) => key in grid);
  const allVary = (key: string): boolean => vary.every((grid) => key in grid);
  const needsMeasuring =
    recipe.take === 'best' || recipe.patience > 0 || anyVaries('take') || anyVaries('patience');
  const wanted = needsMeasuring ? recipe : { ...recipe, evalEvery: 0 };
  const preset: Record<string, unknown> = { ...smallRecipe, evalEvery: 0, saveEvery: 0 };
  const changes = Object.entries(wanted).filter(
    ([key, value]) => !allVary(key) && JSON.stringify(value) !== JSON.stringify(preset[key]),
  );
  // Left out, it would follow the steps.
  return allVary('warmupSteps')
    ? Object.fromEntries(changes)
    : { ...Object.fromEntries(changes), warmupSteps: recipe.warmupSteps };
}

/** A name after what varies, which no other experiment has. */
export function nameOf(grids: readonly VaryGrid[], taken: readonly string[]): string {
  const keys = new Set(grids.flatMap((rows) => rows.map(({ key }) => key)));
  const name =
    [...keys]
      .map((key) => labelOf(key).toLowerCase())
      .join(', ')
      .slice(0, 34) || 'experiment';
  let free = name;
  for (let again = 2; taken.includes(free); again += 1) free = `${name} ${again}`;
  return free;
}
