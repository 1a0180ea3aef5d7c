/** `headless teach`: rationales for rows that have none, from a teacher behind an address. */
import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { InputError } from '../base/errors.ts';
import { formatCount, formatPercent } from '../base/units.ts';
import type { Example } from '../data/example.ts';
import { teachRows, type TaughtRow, type TeachEnd, type TeachProgress } from '../jobs/teach.ts';
import { Answers } from '../teacher/answers.ts';
import { Budget, type Limits, type Prices } from '../teacher/budget.ts';
import { demonstrationsIn } from '../teacher/demonstrations.ts';
import { Pace, type Clock } from '../teacher/pace.ts';
import { buildPrompt, instructionFor, modes, type Demonstration, type Mode } from '../teacher/prompt.ts';
import { apis, providers } from '../teacher/providers.ts';
import { askTeacher, checkEndpoint, checkKey } from '../teacher/transport.ts';
import { numberFromZero, oneOf, readOptions, teachOptions, wholeNumber } from './arguments.ts';
import { onEnding, type Ending } from './ending.ts';
import { appendOutput, createOutput, readText, realPath, replaceOutput } from './files.ts';
import { ProgressLine } from './progress-line.ts';
import { withRunLock } from './run-lock.ts';
import { joinSplit, readingOf } from './data-files.ts';

const defaultInFlight = 8;
const defaultMaxTokens = 256;
const defaultIdleSeconds = 120;
/** Rows that are named one by one before they are only counted. */
const rowsNamed = 10;

type Options = ReturnType<typeof readTeachOptions>;
const readTeachOptions = (args: string[]) => readOptions('teach', args, teachOptions);

export async function teach(args: string[]): Promise<void> {
  const options = readTeachOptions(args);
  const data = needed(options, 'data', 'FILE');
  const out = needed(options, 'out', 'FILE');
  const model = needed(options, 'model', 'NAME');
  const endpoint = checkEndpoint(needed(options, 'endpoint', 'URL'));
  const api = oneOf('api', options.api, apis) ?? 'chat';
  const mode = oneOf('mode', options.mode, modes) ?? 'label';
  const key = keyFrom(options['key-env']);
  const { limits, prices } = readBudget(options);
  const inFlight = wholeNumber('in-flight', options['in-flight']) ?? defaultInFlight;
  const idleSeconds = wholeNumber('idle-seconds', options['idle-seconds']) ?? defaultIdleSeconds;
  const manner = {
    ...{ api, model, temperature: numberFromZero('temperature', options.temperature) ?? 0 },
    maxTokens: wholeNumber('max-tokens', options['max-tokens']) ?? defaultMaxTokens,
    streams: options['no-stream'] !== true,
  };
  const rowCount = wholeNumber('rows', options.rows);
  const usesSchema = options.schema === true;
  if (usesSchema && api === 'completions') {
    throw new InputError('--schema does not go with --api completions.', 'Leave one of them out.');
  }
  await refuseOut(out, { data, demos: options.demos });

  const { examples } = await joinSplit(data, undefined, 'train', readingOf({}));
  const rows = examples.slice(0, rowCount ?? undefined);
  const demonstrationsOf = await openDemonstrations(options.demos, examples, data);
  const provider = providers[api];
  const promptOf = (row: Example) => {
    const demonstrations = demonstrationsOf(row);
    const kind = provider.promptKind;
    // A model that only goes on with a text is led by demonstrations alone, as the authors did.
    const isLed = kind === 'text' && demonstrations.length > 0;
    const instruction = options.instruction ?? (isLed ? '' : instructionFor(mode, usesSchema));
    return buildPrompt(row, {
      asJson: usesSchema,
      kind,
      mode,
      demonstrations,
      instruction: instruction === '' ? null : instruction,
    });
  };
  if (key !== null && endpoint.protocol === 'http:' && !isThisMachine(endpoint)) {
    console.error(`The key goes to ${endpoint.host} unencrypted: anybody on the way can read it.`);
  }

  await withRunLock(`${out}.answers`, async () => {
    const answers = await openAnswers(out);
    const progress = new ProgressLine(process.stdout);
    const interrupts = new Interrupts(progress);
    try {
      const pace = new Pace(inFlight, clock);
      const place = { fetch, endpoint, provider, key, idleMs: idleSeconds * 1000 };
      if (answers.size > 0) progress.say(`${formatCount(answers.size)} answers are there from before.`);
      const taught = await teachRows({
        ...{ rows, promptOf, usesSchema, manner, answers, pace, clock },
        budget: new Budget(limits, prices, answers.before()),
        ask: (ask, signal) => askTeacher(place, ask, signal),
        stop: interrupts.stop.signal,
        abort: interrupts.abort.signal,
        report: (now) => progress.taught(now),
        tell: (words) => progress.say(words),
      });
      await replaceOutput(out, taught.rows.flatMap((row) => lineOf(row, mode)).join(''));
      sayWhatCameOfIt(taught.rows, taught.progress, progress);
      progress.say(`${basename(out)} has what was answered so far; every answer is kept in ${out}.answers.`);
      finish(taught.end, options, interrupts);
    } finally {
      interrupts.done();
    }
  });
}

const clock: Clock = {
  nowMs: () => Date.now(),
  random: () => Math.random(),
  sleep: (waitMs, signal) => setTimeout(waitMs, undefined, { signal }).catch(() => undefined),
};

function needed(options: Options, name: 'data' | 'endpoint' | 'model' | 'out', what: string): string {
  const value = options[name];
  if (value !== undefined && value !== '') return value;
  throw new InputError(`teach needs --${name}.`, `Give it with --${name} ${what}.`);
}

/** @throws InputError where the variable holds no key. Its value stands in no message. */
function keyFrom(variable: string | undefined): string | null {
  if (variable === undefined) return null;
  const key = process.env[variable];
  if (key !== undefined) return checkKey(key);
  throw new InputError(
    `There is no environment variable ${variable}.`,
    'Put the key there, or name another with --key-env.',
  );
}

function readBudget(options: Options): { limits: Limits; prices: Prices | null } {
  const money = numberFromZero('budget-money', options['budget-money']);
  const input = numberFromZero('price-input', options['price-input']);
  const output = numberFromZero('price-output', options['price-output']);
  const prices = input === null || output === null ? null : { input, output };
  if (prices === null && (money ?? input ?? output) !== null) {
    throw new InputError(
      'What a row costs is not known.',
      'Give the prices of a million tokens with --price-input X and --price-output X, both.',
    );
  }
  const rows = wholeNumber('budget-rows', options['budget-rows']);
  const tokens = wholeNumber('budget-tokens', options['budget-tokens']);
  return { limits: { rows, tokens, money }, prices };
}

/** The demonstrations of each row: never the row itself. */
async function openDemonstrations(
  named: string | undefined,
  examples: readonly Example[],
  data: string,
): Promise<(row: Example) => Demonstration[]> {
  if (named === undefined) return () => [];
  if (!/^\d+$/.test(named)) {
    const shown = demonstrationsIn((await joinSplit(named, undefined, 'train', readingOf({}))).examples);
    if (shown.length > 0) return () => shown;
    throw new InputError('no row here has a rationale.', 'Write one to ten rows {input, label, rationale}.', {
      file: named,
    });
  }
  const count = wholeNumber('demos', named)!;
  const pool = demonstrationsIn(examples).slice(0, count + 1);
  if (pool.length > count) return (row) => pool.filter((one) => one.row !== row.row).slice(0, count);
  throw new InputError(
    `--demos ${named}: ${pool.length} rows have a rationale that leads to their label, and one more than asked for is needed.`,
    'Ask for fewer, or name a file of demonstrations with --demos FILE.',
    { file: data },
  );
}

/** @throws InputError where --out is a file that this command did not write, or one that it reads. */
async function refuseOut(out: string, inputs: Record<string, string | undefined>): Promise<void> {
  for (const [option, input] of Object.entries(inputs)) {
    if (input === undefined || (await realPath(input)) !== (await realPath(out))) continue;
    throw new InputError(`--out is the file of --${option}.`, 'Choose another --out.', { file: out });
  }
  if (!existsSync(out) || existsSync(answersFile(out))) return;
  throw new InputError(
    'this file was not written by teach, so it is not replaced.',
    'Choose another --out.',
    {
      file: out,
    },
  );
}

function answersFile(out: string): string {
  return join(`${out}.answers`, 'answers.jsonl');
}

async function openAnswers(out: string): Promise<Answers> {
  const file = answersFile(out);
  await createOutput(file, '');
  const answers = new Answers(await readText(file), (text) => appendOutput(file, text));
  if (answers.unreadable > 0) {
    const many = answers.unreadable === 1 ? 'One line' : `${formatCount(answers.unreadable)} lines`;
    console.error(`${file}: ${many} cannot be read and count as not there.`);
  }
  return answers;
}

function isThisMachine({ hostname }: URL): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || hostname.startsWith('127.');
}

/** A row of `--out`; none where there is no answer yet. An answer that cannot be read is a blank label: it is wrong. */
function lineOf({ row, answer, read }: TaughtRow, mode: Mode): string[] {
  if (answer === null || read === null) return [];
  const { input, label } = row;
  const said = read.ok
    ? { rationale: read.rationale, teacherLabel: read.label }
    : { rationale: null, teacherLabel: '' };
  const mark = mode === 'rationalise' ? { rationalised: true } : {};
  return [`${JSON.stringify({ input, label, ...said, ...mark })}\n`];
}

function sayWhatCameOfIt(rows: readonly TaughtRow[], now: TeachProgress, progress: ProgressLine): void {
  const { done, total, read, right, spent, cost } = now;
  const accuracy = read === 0 ? '' : `, ${formatPercent(right / read)} of them right`;
  const tokens = `${formatCount(spent.input)} tokens in, ${formatCount(spent.output)} out`;
  const price = cost === null ? '' : `, cost ${cost.toFixed(4)}`;
  progress.say(`${formatCount(done)} of ${formatCount(total)} rows: ${formatCount(read)} read${accuracy}.`);
  progress.say(`All runs so far: ${tokens}${price}.`);
  const unread = rows.flatMap(({ row, read, givenUp }) => {
    const why = givenUp ?? (read?.ok === false ? read.why : null);
    return why === null ? [] : [`row ${row.row + 1}: ${givenUp === null ? 'not read' : 'no answer'}: ${why}`];
  });
  for (const words of unread.slice(0, rowsNamed)) console.error(words);
  if (unread.length > rowsNamed) console.error(`… and ${formatCount(unread.length - rowsNamed)} more.`);
}

/** @throws TeacherError where the teacher ended it. */
function finish(end: TeachEnd, options: Options, interrupts: Interrupts): void {
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
