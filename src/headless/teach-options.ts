/** What `headless teach` is asked for, checked before anything is read. */
import { InputError } from '../base/errors.ts';
import type { Example } from '../data/example.ts';
import type { Limits, Prices } from '../teacher/budget.ts';
import { demonstrationsIn } from '../teacher/demonstrations.ts';
import type { Manner } from '../teacher/lessons.ts';
import {
  buildPrompt,
  instructionFor,
  modes,
  type Demonstration,
  type Mode,
  type Prompt,
} from '../teacher/prompt.ts';
import { closedLabels } from '../teacher/read-answer.ts';
import { apis, providers, type Api } from '../teacher/providers.ts';
import { checkEndpoint, checkKey } from '../teacher/transport.ts';
import { numberFromZero, oneOf, readOptions, teachOptions, wholeNumber } from './arguments.ts';
import { joinSplit, readingOf } from './data-files.ts';

const defaultInFlight = 8;
const defaultMaxTokens = 256;
const defaultIdleSeconds = 120;
/** Several answers to one question have to differ. */
const votingTemperature = 0.7;
const mostVotes = 40;

export type TeachOptions = ReturnType<typeof readTeachOptions>;
export const readTeachOptions = (args: string[]) => readOptions('teach', args, teachOptions);

/** How the teacher is asked. */
export interface TeachPlan {
  data: string;
  out: string;
  api: Api;
  mode: Mode;
  manner: Manner;
  limits: Limits;
  prices: Prices | null;
  inFlight: number;
  idleMs: number;
  streams: boolean;
  rows: number | null;
}

/** @throws InputError for what is missing, unknown, or does not go together. */
export function planOf(options: TeachOptions): TeachPlan {
  const data = needed(options, 'data', 'FILE');
  const out = needed(options, 'out', 'FILE');
  const model = needed(options, 'model', 'NAME');
  const api = oneOf('api', options.api, apis) ?? 'chat';
  const usesSchema = options.schema === true;
  if (usesSchema && api === 'completions') {
    throw new InputError('--schema does not go with --api completions.', 'Leave one of them out.');
  }
  const votes = wholeNumber('votes', options.votes) ?? 1;
  if (votes > mostVotes) {
    throw new InputError(`--votes ${votes} is more than ${mostVotes}.`, 'Ask for 3 to 5, which is usual.');
  }
  const temperature =
    numberFromZero('temperature', options.temperature) ?? (votes > 1 ? votingTemperature : 0);
  if (votes > 1 && temperature === 0) {
    throw new InputError('At --temperature 0 all answers are the same.', 'Raise it, or leave --votes out.');
  }
  const maxTokens = wholeNumber('max-tokens', options['max-tokens']) ?? defaultMaxTokens;
  return {
    data,
    out,
    api,
    mode: oneOf('mode', options.mode, modes) ?? 'label',
    manner: { api, model, temperature, maxTokens, votes, usesSchema },
    ...readBudget(options),
    inFlight: wholeNumber('in-flight', options['in-flight']) ?? defaultInFlight,
    idleMs: 1000 * (wholeNumber('idle-seconds', options['idle-seconds']) ?? defaultIdleSeconds),
    streams: options['no-stream'] !== true,
    rows: wholeNumber('rows', options.rows),
  };
}

/** Where the teacher is, and the key for it. */
export function placeOf(options: TeachOptions): { endpoint: URL; key: string | null } {
  return { endpoint: checkEndpoint(needed(options, 'endpoint', 'URL')), key: keyFrom(options['key-env']) };
}

/** The rows to ask for, and the prompt of each. */
export async function openRows(
  options: TeachOptions,
  { data, api, mode, manner, rows }: TeachPlan,
): Promise<{ rows: Example[]; promptOf: (row: Example) => Prompt; labels: readonly string[] | null }> {
  const { examples } = await joinSplit(data, undefined, 'train', readingOf({}));
  const demonstrationsOf = await openDemonstrations(options.demos, examples, data);
  const kind = providers[api].promptKind;
  const asJson = manner.usesSchema;
  const promptOf = (row: Example): Prompt => {
    const demonstrations = demonstrationsOf(row);
    // A model that only continues a text is led by demonstrations alone, as the authors did.
    const isLed = kind === 'text' && demonstrations.length > 0;
    const words = options.instruction ?? (isLed ? '' : instructionFor(mode, asJson));
    return buildPrompt(row, { asJson, kind, mode, demonstrations, instruction: words === '' ? null : words });
  };
  // Of all rows: the same questions are asked however many of them are.
  return { rows: examples.slice(0, rows ?? undefined), promptOf, labels: closedLabels(examples) };
}

function needed(options: TeachOptions, name: 'data' | 'endpoint' | 'model' | 'out', what: string): string {
  const value = options[name];
  if (value !== undefined && value !== '') return value;
  throw new InputError(`teach needs --${name}.`, `Give it with --${name} ${what}.`);
}

/** @throws InputError where the variable holds no key. Its value is in no message. */
function keyFrom(variable: string | undefined): string | null {
  if (variable === undefined) return null;
  const key = process.env[variable];
  if (key !== undefined) return checkKey(key);
  throw new InputError(
    `There is no environment variable ${variable}.`,
    'Put the key there, or name another with --key-env.',
  );
}

function readBudget(options: TeachOptions): { limits: Limits; prices: Prices | null } {
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
