/** `headless teach`: rationales for rows that have none, from a teacher behind an address. */
import { basename } from 'node:path';
import { formatCount, formatPercent } from '../base/units.ts';
import { teachRows, type Taught, type TeachEnd } from '../jobs/teach.ts';
import type { Answers } from '../teacher/answers.ts';
import { bringBack, promptLines, type BroughtBack } from '../teacher/batch.ts';
import { Budget } from '../teacher/budget.ts';
import { Lessons } from '../teacher/lessons.ts';
import { machineClock, Pace } from '../teacher/pace.ts';
import { providers } from '../teacher/providers.ts';
import type { Mode } from '../teacher/prompt.ts';
import { askTeacher } from '../teacher/transport.ts';
import { onEnding, type Ending } from './ending.ts';
import { readText, writeWhole } from './files.ts';
import { ProgressLine } from './progress-line.ts';
import { withRunLock } from './run-lock.ts';
import { lineOf, openAnswers, refuseOut } from './teach-folder.ts';
import {
  openRows,
  placeOf,
  planOf,
  readTeachOptions,
  type TeachOptions,
  type TeachPlan,
} from './teach-options.ts';

/** Rows that are named one by one before they are only counted. */
const rowsNamed = 10;

export async function teach(args: string[]): Promise<void> {
  const options = readTeachOptions(args);
  const plan = planOf(options);
  const { prompts, answers: results } = options;
  const place = (prompts ?? results) === undefined ? placeOf(options) : null;
  const { out, mode, manner, api } = plan;
  await refuseOut({ out, prompts }, { data: plan.data, demos: options.demos, answers: results });
  const { rows, promptOf, labels } = await openRows(options, plan);

  await withRunLock(`${out}.answers`, async () => {
    const answers = await openAnswers(out);
    const progress = new ProgressLine(process.stdout);
    if (answers.size > 0) progress.say(`${formatCount(answers.size)} answers are there from before.`);
    const lessons = new Lessons(rows, promptOf, manner, labels);
    const write = () =>
      writeWhole(out, lessons.all.flatMap((row) => lineOf(row, mode, manner.votes)).join(''));
    if (results !== undefined) {
      const brought = await bringBack(await readText(results), lessons, answers, manner, api);
      await write();
      sayWhatWasBrought(brought, results, progress);
      sayWhatCameOfIt(lessons, mode, progress);
    }
    if (prompts !== undefined) {
      const lines = await promptLines(lessons, answers, manner, api);
      await writeWhole(
        prompts,
        lines.map((line) => `${line}\n`),
      );
      progress.say(
        `${formatCount(lines.length)} prompts without an answer are in ${prompts}. ` +
          'The same command with --answers FILE in place of --prompts brings the answers back.',
      );
    }
    if (place === null) return;
    const interrupts = new Interrupts(progress);
    try {
      const { end, progress: now } = await askAll(plan, place, { lessons, answers, interrupts, progress });
      await write();
      sayWhatCameOfIt(lessons, mode, progress);
      const price = now.cost === null ? 'unknown: no prices were given' : now.cost.toFixed(4);
      const tokens = `${formatCount(now.spent.input)} tokens in, ${formatCount(now.spent.output)} out`;
      progress.say(`All runs so far: ${tokens}, cost ${price}.`);
      progress.say(`${basename(out)} has what was answered so far; every answer is kept in ${out}.answers.`);
      finish(end, options, interrupts);
    } finally {
      interrupts.done();
    }
  });
}

function askAll(
  { api, mode, manner, inFlight, idleMs, limits, prices, streams }: TeachPlan,
  { endpoint, key }: { endpoint: URL; key: string | null },
  at: { lessons: Lessons; answers: Answers; interrupts: Interrupts; progress: ProgressLine },
): Promise<Taught> {
  if (key !== null && endpoint.protocol === 'http:' && !isThisMachine(endpoint)) {
    console.error(`The key goes to ${endpoint.host} unencrypted: anybody on the way can read it.`);
  }
  const { lessons, answers, interrupts, progress } = at;
  const place = { fetch, endpoint, provider: providers[api], key, idleMs };
  return teachRows({
    lessons,
    manner,
    streams,
    answers,
    clock: machineClock,
    pace: new Pace(inFlight, machineClock),
    budget: new Budget(limits, prices, answers.before()),
    ask: (ask, signal) => askTeacher(place, ask, signal),
    stop: interrupts.stop.signal,
    abort: interrupts.abort.signal,
    report: (now) => progress.taught(now, mode),
    tell: (words) => progress.say(words),
  });
}

function isThisMachine({ hostname }: URL): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || hostname.startsWith('127.');
}

function sayWhatCameOfIt({ all, counts }: Lessons, mode: Mode, progress: ProgressLine): void {
  const { done, read, right } = counts;
  // A label that was given is no merit: an answer with another one is told.
  const same = mode === 'label' ? 'of them right' : 'of them with the label that was given';
  const accuracy = read === 0 ? '' : `, ${formatPercent(right / read)} ${same}`;
  const total = formatCount(all.length);
  progress.say(`${formatCount(done)} of ${total} rows: ${formatCount(read)} read${accuracy}.`);
  sayFirst(
    all.flatMap(({ row, read: answer, givenUp }) => {
      const why = givenUp ?? (answer?.ok === false ? answer.why : null);
      const what = givenUp === null ? 'not read' : 'no answer';
      return why === null ? [] : [`row ${row.row + 1}: ${what}: ${why}`];
    }),
  );
}

function sayWhatWasBrought(
  { added, foreign, unread }: BroughtBack,
  file: string,
  progress: ProgressLine,
): void {
  progress.say(`${file}: ${formatCount(added)} answers are new.`);
  if (foreign > 0) {
    const lines = foreign === 1 ? 'One line answers' : `${formatCount(foreign)} lines answer`;
    console.error(
      `${lines} other questions. Name rows, model and demonstrations as they were with --prompts.`,
    );
  }
  sayFirst(unread.map(({ line, why }) => `${file}, line ${line}: left out: ${why}`));
}

function sayFirst(lines: readonly string[]): void {
  for (const words of lines.slice(0, rowsNamed)) console.error(words);
  if (lines.length > rowsNamed) console.error(`… and ${formatCount(lines.length - rowsNamed)} more.`);
}

/** @throws TeacherError where the teacher ended it. */
function finish(end: TeachEnd, options: TeachOptions, interrupts: Interrupts): void {
  switch (end.kind) {
    case 'done':
      return;
    case 'failed':
      throw end.error;
    case 'budget':
      console.error(
        `The next request might pass --budget-${end.limit} ${options[`budget-${end.limit}`]}, so it is not sent. ` +
          'The same command with more resumes.',
      );
      return;
    case 'stopped':
      process.exitCode = interrupts.code;
      console.error('The same command resumes it.');
      return;
    default:
      end satisfies never;
  }
}

/** Ctrl+C waits for what is in flight; what asks the program to end does not. A second Ctrl+C ends it at once. */
class Interrupts {
  readonly stop = new AbortController();
  readonly abort = new AbortController();
  /** 128 and the number of SIGINT, until something else ends the program. */
  code = 130;
  readonly #progress: ProgressLine;
  readonly #stopListening: () => void;

  constructor(progress: ProgressLine) {
    this.#progress = progress;
    process.once('SIGINT', this.#interrupted);
    this.#stopListening = onEnding((ending: Ending) => {
      this.code = ending.code;
      console.error(`${ending.words} Every answer that came is kept.`);
      this.abort.abort();
    });
  }

  done(): void {
    process.off('SIGINT', this.#interrupted);
    this.#stopListening();
  }

  readonly #interrupted = (): void => {
    this.#progress.say(
      'Waiting for the answers in flight; Ctrl+C again ends at once, and what came is kept.',
    );
    this.stop.abort();
  };
}
