/** `npm run study`: both methods on the bundled sample and on SVAMP, by the specs in docs/study, written up as a page. */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { InputError } from '../base/errors.ts';
import { parseResults, variedId } from '../experiment/ledger.ts';
import { parseSpec, plannedRuns, type PlannedRun, type Spec } from '../experiment/spec.ts';
import { runOf, scaleOf, taskNames, type Run, type TaskName } from '../study/design.ts';
import {
  entriesOf,
  formatPublished,
  parsePublished,
  type Published,
  type TaskResults,
} from '../study/published.ts';
import { writeReport } from '../study/report.ts';
import { readOptions } from './arguments.ts';
import { bundledFolder, readText, writeWhole } from './files.ts';
import { filesOf, sweep } from './sweep.ts';
import { resultsFile } from './sweep-folder.ts';
import { openInputs } from './train-inputs.ts';

/** A task as its spec has it. */
interface Task {
  name: TaskName;
  file: string;
  spec: Spec;
  runs: readonly PlannedRun[];
}

export async function study(args: string[]): Promise<void> {
  const options = readOptions('study', args, {
    specs: { type: 'string' },
    report: { type: 'boolean', default: false },
    'from-start': { type: 'boolean', default: false },
    jobs: { type: 'string' },
    out: { type: 'string' },
    work: { type: 'string' },
  });
  const unnamed = (['specs', 'out', 'work'] as const).find((option) => options[option] === '');
  if (unnamed !== undefined)
    throw new InputError(`--${unnamed} names no folder.`, 'Name one, or leave the option out.');
  const project = dirname(bundledFolder());
  const specs = options.specs ?? join(project, 'docs', 'study');
  const out = options.out ?? join(project, 'docs');
  const work = options.work ?? join(project, 'build', 'study');
  const tasks = await readTasks(specs);
  const file = join(out, 'study', 'results.jsonl');
  const published: Published = existsSync(file)
    ? parsePublished(await readText(file), file)
    : new Map<TaskName, TaskResults>();
  if (!options.report) {
    for (const task of tasks) {
      if (!hasFiles(task)) {
        console.log(`${task.name} is not measured here: its rows are not there.`);
        continue;
      }
      const jobs = options.jobs === undefined ? [] : ['--jobs', options.jobs];
      const again = options['from-start'] ? ['--from-start'] : [];
      await sweep(['--spec', task.file, '--out', join(work, task.name), ...jobs, ...again]);
      // Stopped: what has ended is kept there.
      if (process.exitCode !== undefined && process.exitCode !== 0) return;
      await take(published, task, join(work, task.name));
    }
  }
  const plans = new Map(tasks.map(({ name, runs }) => [name, runs] as const));
  await writeWhole(file, formatPublished(published, plans));
  const runsOf = (name: TaskName): Run[] => {
    const rows = published.get(name)?.about.trainRows;
    return rows === undefined ? [] : (plans.get(name) ?? []).map((run) => runOf(name, run, rows));
  };
  const sample = runsOf('sample');
  if (sample.length === 0)
    throw new InputError('There are no results of the sample.', 'Run the study without --report.');
  for (const { path, text } of writeReport(entriesOf(published, plans), scaleOf(sample, runsOf('svamp')))) {
    await writeWhole(join(out, path), text);
    console.log(`Written: ${join(out, path)}`);
  }
}

async function readTasks(folder: string): Promise<Task[]> {
  const tasks: Task[] = [];
  for (const name of taskNames) {
    const file = join(folder, `${name}.json`);
    if (!existsSync(file)) continue;
    const spec = parseSpec(await readText(file), file);
    tasks.push({ name, file, spec, runs: plannedRuns(spec, file) });
  }
  return tasks;
}

/** SVAMP lies beside the project, in a folder of reference data, or nowhere. */
function hasFiles({ spec, runs, file }: Task): boolean {
  const { train } = filesOf(spec, runs[0]!, dirname(file));
  const paths: readonly string[] = typeof train === 'string' ? [train] : (train ?? []);
  return paths.every((path) => existsSync(path));
}

/** Takes what a sweep measured in the place of what was published of those runs. */
async function take(published: Published, { name, spec, runs, file }: Task, folder: string): Promise<void> {
  const results = join(folder, resultsFile);
  const measured = parseResults(await readText(results), results).results;
  const { train } = await openInputs(filesOf(spec, runs[0]!, dirname(file)), runs[0]!.recipe);
  const about = {
    task: name,
    trainRows: train.examples.length,
    teacherTrain: train.teacher ?? { correct: 0, total: 0 },
  };
  const before = published.get(name);
  const all = new Map(before?.runs);
  for (const { varied } of runs) {
    const found = measured.get(variedId(varied));
    if (found !== undefined) all.set(variedId(varied), { varied, accuracy: found.accuracy });
  }
  published.set(name, { about, runs: all });
}
