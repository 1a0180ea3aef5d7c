/** What an experiment is: the text of `sweep.json`, read and checked before anything is opened. */
import { InputError } from '../base/errors.ts';
import { z } from '../base/schemas.ts';
import { completionModes, type CompletionMode } from '../data/completions.ts';
import { metricIds, type MetricId } from '../data/metrics/metrics.ts';
import { findJsonFault } from '../formats/json-fault.ts';
import { checkRecipe, recipeSchema, smallRecipe, type Recipe } from '../distill/recipe.ts';

/** A value that is varied: of a key of the recipe, a share of rows, or a student's folder. */
export type VariedValue = string | number | boolean | readonly string[];
/** What sets a run apart from the others of its experiment. */
export type Varied = Readonly<Record<string, VariedValue>>;

/** A file, or several whose rows follow each other. */
export type SpecPaths = string | readonly string[];

/** The files of an experiment as the spec names them; null stands for what is bundled. */
export interface SpecFiles {
  train: SpecPaths | null;
  trainRationales: SpecPaths | null;
  test: SpecPaths | null;
  testRationales: SpecPaths | null;
  validation: SpecPaths | null;
  validationRationales: SpecPaths | null;
  student: string | null;
}

/** Values by what is varied, in the spec's order: every combination of them is a run. */
export type Grid = ReadonlyMap<string, readonly VariedValue[]>;

export interface Spec extends SpecFiles {
  /** What the spec changes of the small preset, for all runs. */
  recipe: Readonly<Record<string, unknown>>;
  vary: Grid;
  /** Further grids beside the first: their runs come after its own, those that are the same once. */
  more?: readonly Grid[];
  /** What answers are judged by; left out: what suits the labels. */
  metric?: MetricId;
  /** How raw completions of a teacher are read; left out: as their layout is. */
  completions?: CompletionMode;
}

/** One training of an experiment. */
export interface PlannedRun {
  /** Names its folder: unique within the experiment. */
  name: string;
  varied: Varied;
  recipe: Recipe;
  /** Share of the training rows, drawn by the seed; null takes all as the file has them. */
  fraction: number | null;
  /** As the spec names it; null is the bundled one. */
  student: string | null;
}

/** More runs than this are a slip of the pen: at a minute each they take 17 hours. */
export const mostRuns = 1000;
/** A spec is a page of text. */
const mostCharacters = 1_000_000;

const specKeys = [
  'train',
  'trainRationales',
  'test',
  'testRationales',
  'validation',
  'validationRationales',
  'student',
  'recipe',
  'vary',
  'metric',
  'completions',
] as const satisfies readonly (keyof Spec)[];
const recipeKeys = Object.keys(recipeSchema.shape);
/** What may vary beside the keys of the recipe. */
const otherVaried = ['fraction', 'student'] as const;

const value = z.union([z.string(), z.number(), z.boolean(), z.array(z.string())]);
const fractions = z.array(z.number().gt(0).max(1));
const students = z.array(z.string().min(1));
const pathSchema = z.union([z.string().min(1), z.array(z.string().min(1)).min(1).max(1000)]);

/**
 * Reads a spec and checks that each of its runs has a valid recipe.
 * @throws InputError naming the file, the line, and the key at fault.
 */
export function parseSpec(text: string, file: string): Spec {
  if (text.length > mostCharacters) {
    throw new InputError(
      `this has ${text.length} characters, and a spec at most ${mostCharacters}.`,
      'Name the file that describes the experiment, not its data.',
      { file },
    );
  }
  const fault = findJsonFault(text);
  if (fault !== null) {
    throw new InputError(`this is not valid JSON: ${fault.what}.`, 'Fix the spec.', { file });
  }
  const parsed: unknown = JSON.parse(text);
  if (!isRecord(parsed)) {
    throw new InputError('a spec is one JSON object.', 'Write {"vary": {"seed": [0, 1]}}, for one.', {
      file,
    });
  }
  const refuse = (key: string | null, problem: string, remedy: string): InputError =>
    new InputError(problem, remedy, { file, line: key === null ? undefined : lineOf(text, key) });
  const unknown = Object.keys(parsed).find((key) => !specKeys.some((known) => known === key));
  if (unknown !== undefined) {
    throw refuse(unknown, `"${unknown}" is no key of a spec.`, `The keys are ${specKeys.join(', ')}.`);
  }
  const paths = (key: keyof SpecFiles): SpecPaths | null => {
    const given = pathSchema.nullish().safeParse(parsed[key]);
    if (given.success) return given.data ?? null;
    throw refuse(key, `"${key}" must be a path.`, 'Name a file, or several as a list, or leave the key out.');
  };
  const student = paths('student');
  if (student !== null && typeof student !== 'string')
    throw refuse(
      'student',
      '"student" must be a path.',
      'Several students are what varies: name them there.',
    );
  const named = <const T extends readonly string[]>(key: string, names: T): T[number] | undefined => {
    const given = parsed[key];
    const found = names.find((name) => name === given);
    if (given === undefined || found !== undefined) return found;
    throw refuse(key, `"${key}" must be one of ${names.join(', ')}.`, 'Name one, or leave the key out.');
  };
  const metric = named('metric', metricIds);
  const completions = named('completions', completionModes);
  const recipe = parsed['recipe'] ?? {};
  if (!isRecord(recipe)) {
    throw refuse('recipe', '"recipe" must be an object of settings.', 'Write it as in run.json.');
  }
  const spec: Spec = {
    train: paths('train'),
    trainRationales: paths('trainRationales'),
    test: paths('test'),
    testRationales: paths('testRationales'),
    validation: paths('validation'),
    validationRationales: paths('validationRationales'),
    student,
    recipe,
    ...readGrids(parsed['vary'] ?? {}, refuse),
    ...(metric === undefined ? {} : { metric }),
    ...(completions === undefined ? {} : { completions }),
  };
  plannedRuns(spec, file, text);
  return spec;
}

type Refuse = (key: string | null, problem: string, remedy: string) => InputError;

/** One grid, or a list of them. */
function readGrids(vary: unknown, refuse: Refuse): Pick<Spec, 'vary' | 'more'> {
  const [first, ...more] = (Array.isArray(vary) ? vary : [vary]).map((one) => readVary(one, refuse));
  if (first === undefined) {
    throw refuse('vary', '"vary" has no grid.', 'Write [{"alpha": [0.1, 0.5]}, {"steps": [1200]}], for one.');
  }
  const runs = [first, ...more].reduce((sum, grid) => sum + sizeOf(grid), 0);
  if (runs > mostRuns) {
    throw refuse('vary', `these are ${runs} runs, and at most ${mostRuns} are trained.`, 'Shorten a list.');
  }
  return more.length === 0 ? { vary: first } : { vary: first, more };
}

function sizeOf(grid: Grid): number {
  return [...grid.values()].reduce((product, values) => product * values.length, 1);
}

/** Every grid of a spec. */
export function gridsOf({ vary, more = [] }: Pick<Spec, 'vary' | 'more'>): readonly Grid[] {
  return [vary, ...more];
}

/** All values of what varies, over all grids. */
export function valuesOf(spec: Pick<Spec, 'vary' | 'more'>): Map<string, VariedValue[]> {
  const all = new Map<string, VariedValue[]>();
  for (const [key, values] of gridsOf(spec).flatMap((grid) => [...grid])) {
    const known = all.get(key) ?? [];
    const ids = new Set(known.map((one) => JSON.stringify(one)));
    all.set(key, [...known, ...values.filter((one) => !ids.has(JSON.stringify(one)))]);
  }
  return all;
}

function readVary(vary: unknown, refuse: Refuse): Map<string, readonly VariedValue[]> {
  if (!isRecord(vary)) {
    throw refuse('vary', '"vary" must be an object of lists.', 'Write {"alpha": [0.1, 0.5]}, for one.');
  }
  const known = [...recipeKeys, ...otherVaried];
  const lists = Object.entries(vary).map(([key, values]): [string, readonly VariedValue[]] => {
    if (!known.includes(key)) {
      throw refuse(key, `"${key}" is nothing that can vary.`, `What can vary: ${known.join(', ')}.`);
    }
    const list = z.array(value).min(1).safeParse(values);
    if (!list.success) {
      throw refuse(key, `"${key}" must have a list of values to vary over.`, 'Write [0.1, 0.5], for one.');
    }
    if (new Set(list.data.map((one) => JSON.stringify(one))).size < list.data.length) {
      throw refuse(key, `"${key}" names a value twice.`, 'Leave one of them out.');
    }
    if (key === 'fraction' && !fractions.safeParse(list.data).success) {
      throw refuse(
        key,
        '"fraction" must have numbers above 0 and up to 1.',
        'Write [0.25, 0.5, 1], for one.',
      );
    }
    if (key === 'student' && !students.safeParse(list.data).success) {
      throw refuse(key, '"student" must have paths of folders.', 'Name folders that hold config.json.');
    }
    return [key, list.data];
  });
  return new Map(lists);
}

/**
 * Every combination of each grid, seed by seed, so that all cells of the result grow alike. What only another grid varies
 * is in `varied` as the recipe has it, so that runs that are the same are known as one, and come once.
 * @param file Names the spec in errors. @param text Where lines are looked up; left out, none is named.
 * @throws InputError where a combination is no valid recipe.
 */
export function plannedRuns(spec: Spec, file: string, text = ''): PlannedRun[] {
  const names = new Set<string>();
  const known = new Set<string>();
  const keys = [...valuesOf(spec).keys()];
  return gridsOf(spec)
    .flatMap(combinations)
    .flatMap((own): PlannedRun[] => {
      const recipe = recipeOf(spec.recipe, own, (key, problem) => {
        const what = Object.keys(own).length === 0 ? '' : ` (${describe(own)})`;
        throw new InputError(`${problem}${what}.`, `The settings are ${recipeKeys.join(', ')}.`, {
          file,
          line: key === null ? undefined : lineOf(text, key),
        });
      });
      const varied = completed(own, keys, { ...recipe, student: spec.student });
      const id = JSON.stringify(varied);
      if (known.has(id)) return [];
      known.add(id);
      let name = nameOf(varied);
      for (let again = 2; names.has(name); again += 1) name = `${nameOf(varied)}-${again}`;
      names.add(name);
      const { fraction, student } = varied;
      return [
        {
          name,
          varied,
          recipe,
          fraction: typeof fraction === 'number' ? fraction : null,
          student: typeof student === 'string' ? student : spec.student,
        },
      ];
    });
}

/** With the value that each key that another grid varies has of itself, in the order of `keys`. */
function completed(
  own: Varied,
  keys: readonly string[],
  settings: Readonly<Record<string, unknown>>,
): Varied {
  return Object.fromEntries(
    keys.flatMap((key) => {
      const found = value.safeParse(own[key] ?? settings[key]);
      return found.success ? [[key, found.data]] : [];
    }),
  );
}

/** In the order of the keys, the last one fastest, but seeds the slowest. */
function combinations(vary: Grid): Varied[] {
  const keys = [...vary.keys()].sort((a, b) => Number(b === 'seed') - Number(a === 'seed'));
  let all: Varied[] = [{}];
  for (const key of keys) {
    all = all.flatMap((varied) => vary.get(key)!.map((one) => ({ ...varied, [key]: one })));
  }
  // Each as the spec orders it.
  return all.map((varied) => Object.fromEntries([...vary.keys()].map((key) => [key, varied[key]!])));
}

/** The small preset with what is changed. Nothing is evaluated or saved on the way unless the spec says so. */
function recipeOf(
  changes: Readonly<Record<string, unknown>>,
  varied: Varied,
  refuse: (key: string | null, problem: string) => never,
): Recipe {
  const own = Object.fromEntries(
    Object.entries(varied).filter(([key]) => !otherVaried.some((other) => other === key)),
  );
  const given: Record<string, unknown> = { ...smallRecipe, evalEvery: 0, saveEvery: 0, ...changes, ...own };
  if (!('warmupSteps' in changes || 'warmupSteps' in own) && typeof given['steps'] === 'number') {
    given['warmupSteps'] = Math.min(smallRecipe.warmupSteps, given['steps']);
  }
  const { recipe, issues } = checkRecipe(given);
  return recipe ?? refuse(issues[0]?.key ?? null, issues.map(({ problem }) => problem).join('; '));
}

/** `alpha 0.1, seed 0`. */
export function describe(varied: Varied): string {
  return Object.entries(varied)
    .map(([key, one]) => `${key} ${shown(one)}`)
    .join(', ');
}

/** A value as tables have it. */
export function shown(one: VariedValue): string {
  return typeof one === 'object' ? one.join('+') || 'none' : String(one);
}

/** File systems take 255 bytes; longer descriptions are cut, and told apart by a number. */
const longestName = 100;

function nameOf(varied: Varied): string {
  const parts = Object.entries(varied).map(([key, one]) => {
    const word =
      key === 'student'
        ? (shown(one)
            .split(/[\\/]/)
            .findLast((part) => part !== '') ?? '')
        : shown(one);
    return `${key}-${word}`;
  });
  return (
    parts
      .join('-')
      .replaceAll(/[^\w.+-]/g, '_')
      .slice(0, longestName) || 'run'
  );
}

function lineOf(text: string, key: string): number | undefined {
  const at = text.indexOf(JSON.stringify(key));
  return at < 0 ? undefined : text.slice(0, at).split('\n').length;
}

function isRecord(given: unknown): given is Record<string, unknown> {
  return typeof given === 'object' && given !== null && !Array.isArray(given);
}
