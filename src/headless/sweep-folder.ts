/**
 * The folder of a sweep: `results.jsonl`, a line a run; `experiment.json`, what it was begun with; tables; and the
 * folder of each run.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { InputError } from '../base/errors.ts';
import { z } from '../base/schemas.ts';
import { formatResult, parseResults, variedId, type Result } from '../experiment/ledger.ts';
import { describe, valuesOf, type PlannedRun, type Spec } from '../experiment/spec.ts';
import { resultCharts } from '../experiment/result-charts.ts';
import { cellsOf, summaryTable } from '../experiment/summary.ts';
import { csvTable, latexTable, markdownTable } from '../experiment/text-table.ts';
import { appendOutput, besideOf, isSamePlace, namesIn, readText, replaceOutput } from './files.ts';
import { lockFileName } from './run-lock.ts';

/** What its runs depend on. */
const identitySchema = z.strictObject({
  format: z.literal('stillroom-sweep-1'),
  /** SHA-256 of the rows as they were joined. */
  train: z.string(),
  test: z.string(),
  /** Left out where there are none. */
  validation: z.string().optional(),
  /** SHA-256 of students, by their place in the spec. */
  students: z.record(z.string(), z.string()),
  recipe: z.record(z.string(), z.unknown()),
  /** What answers are judged by, where the spec says so. */
  metric: z.string().optional(),
  vary: z.record(z.string(), z.array(z.unknown())),
});

export type SweepIdentity = Omit<z.infer<typeof identitySchema>, 'format'>;

export const resultsFile = 'results.jsonl';
const identityFile = 'experiment.json';

/** What may be in the folder before a sweep has begun there: a lock, and what `--report` writes of no runs. */
const beforehand = ['table.md', 'table.csv', 'table.tex'];
/** Files that a sweep writes there, but for its charts and the folders of its runs. */
const written = [resultsFile, identityFile, ...beforehand];

export class SweepFolder {
  readonly path: string;
  #results = new Map<string, Result>();

  constructor(path: string) {
    this.path = path;
  }

  /** @throws InputError where a file that is read is one of those that are written here. */
  async checkInputs(inputs: readonly string[]): Promise<void> {
    const charts = (await namesIn(this.path)).filter((name) => /^chart-.*\.svg$/.test(name));
    for (const name of [...written, ...charts].flatMap((one) => [one, besideOf(one)])) {
      for (const input of inputs) {
        if (!(await isSamePlace(join(this.path, name), input))) continue;
        throw new InputError(
          `${name} there is one of the files that are read, and the sweep would write over it.`,
          'Choose another --out.',
          { file: this.path },
        );
      }
    }
  }

  /**
   * Reads what an earlier call left.
   * @throws InputError where that is of another experiment, or of something else.
   */
  async open(now: SweepIdentity): Promise<void> {
    const file = join(this.path, identityFile);
    const results = join(this.path, resultsFile);
    if (existsSync(file)) {
      refuseAnother(this.path, now, await readIdentity(file));
    } else if (existsSync(results)) {
      throw new InputError(
        `it has results, but no ${identityFile} that says of what.`,
        'Choose another --out.',
        { file: results },
      );
    } else {
      await this.#refuseOthers();
    }
    if (existsSync(results)) this.#results = parseResults(await readText(results), results).results;
  }

  /** @throws InputError where the folder holds something else, which runs and tables would be mixed with. */
  async #refuseOthers(): Promise<void> {
    const names = await namesIn(this.path);
    if (names.every((name) => name.startsWith(lockFileName) || beforehand.includes(name))) return;
    throw new InputError(
      'this folder is not empty and holds no sweep.',
      'Choose another --out, or empty it.',
      {
        file: this.path,
      },
    );
  }

  /** Makes it ready to be written to. @throws StorageError where the disk refuses. */
  async begin(now: SweepIdentity): Promise<void> {
    const results = join(this.path, resultsFile);
    const text = existsSync(results) ? await readText(results) : '';
    const { mended } = parseResults(text, results);
    if (text !== mended || text === '') await replaceOutput(results, mended);
    const identity = { format: 'stillroom-sweep-1', ...now };
    await replaceOutput(join(this.path, identityFile), `${JSON.stringify(identity, null, 2)}\n`);
  }

  has(run: PlannedRun): boolean {
    return this.#results.has(variedId(run.varied));
  }

  /** Keeps a result at once. @throws StorageError where the disk refuses. */
  add(result: Result): void {
    appendOutput(join(this.path, resultsFile), formatResult(result));
    this.#results.set(variedId(result.varied), result);
  }

  /** The results of these runs that are there, in their order. */
  resultsOf(runs: readonly PlannedRun[]): Result[] {
    return runs.flatMap(({ varied }) => this.#results.get(variedId(varied)) ?? []);
  }

  /** Writes what there is as Markdown, CSV and LaTeX, and a chart for each thing that varies. @returns The lines of the first. */
  async writeTables(spec: Spec, runs: readonly PlannedRun[]): Promise<string[]> {
    const table = summaryTable(cellsOf(this.resultsOf(runs)), valuesOf(spec).get('seed')?.length ?? 1);
    const markdown = markdownTable(table);
    await replaceOutput(join(this.path, 'table.md'), `${markdown.join('\n')}\n`);
    await replaceOutput(join(this.path, 'table.csv'), csvTable(table));
    await replaceOutput(join(this.path, 'table.tex'), latexTable(table));
    for (const { key, svg } of resultCharts(this.resultsOf(runs))) {
      await replaceOutput(join(this.path, `chart-${key}.svg`), svg);
    }
    return markdown;
  }
}

async function readIdentity(file: string): Promise<SweepIdentity> {
  let value: unknown = null;
  try {
    value = JSON.parse(await readText(file));
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  const parsed = identitySchema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new InputError('this is not what a sweep writes there.', 'Choose another --out.', { file });
}

/** More values of what varies make the experiment larger; all else is another one. */
function refuseAnother(out: string, now: SweepIdentity, then: SweepIdentity): void {
  const refuse = (problem: string): never => {
    throw new InputError(
      `${problem}, so its results do not belong together with new ones.`,
      'Put it back as it was, or choose another --out.',
      { file: out },
    );
  };
  if (now.train !== then.train) refuse('the training rows are not those that this sweep began with');
  if (now.validation !== then.validation) {
    refuse('the validation rows are not those that this sweep began with');
  }
  if (now.test !== then.test) refuse('the test rows are not those that this sweep began with');
  if (now.metric !== then.metric) refuse('answers are not judged by what this sweep began with');
  for (const [student, digest] of Object.entries(then.students)) {
    if (now.students[student] !== undefined && now.students[student] !== digest) {
      refuse(`the student ${student} is not the one that this sweep began with`);
    }
  }
  if (!('student' in then.vary) && Object.keys(then.students)[0] !== Object.keys(now.students)[0]) {
    refuse('the student is not the one that this sweep began with');
  }
  const changed = [...new Set([...Object.keys(now.recipe), ...Object.keys(then.recipe)])].find(
    (key) => JSON.stringify(now.recipe[key]) !== JSON.stringify(then.recipe[key]),
  );
  if (changed !== undefined) refuse(`this sweep began with another "${changed}" in its recipe`);
  const keys = (vary: SweepIdentity['vary']): string => Object.keys(vary).toSorted().join(', ') || 'nothing';
  if (keys(now.vary) !== keys(then.vary)) {
    refuse(`this sweep began with ${keys(then.vary)} varied, and the spec now varies ${keys(now.vary)}`);
  }
  for (const [key, values] of Object.entries(then.vary)) {
    const kept = new Set(now.vary[key]!.map((value) => JSON.stringify(value)));
    const gone = values.find((value) => !kept.has(JSON.stringify(value)));
    if (gone !== undefined)
      refuse(`this sweep has ${key} ${JSON.stringify(gone)}, which the spec no longer names`);
  }
}

/** `alpha 0.1, seed 0`, or the run's name where nothing varies. */
export function runWords({ name, varied }: PlannedRun): string {
  return describe(varied) || name;
}
