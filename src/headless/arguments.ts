/** The terminal's arguments: what each command takes, checked before anything is read. */
import { parseArgs, type ParseArgsConfig } from 'node:util';
import { InputError } from '../base/errors.ts';

export const usage = `Stillroom from a terminal.

  npm run headless -- train [--student DIR] [--train FILE] [--train-rationales FILE] [--test FILE]
                            [--test-rationales FILE] [--recipe run.json] [--out DIR]
                            [--engine tfjs] [--backend webgpu|wasm|cpu] [--test-rows N]
      Trains, compares and writes metrics.jsonl, predictions.jsonl, summary.json and model/ to --out
      (default: runs/ and the time). Without --student, --train or --recipe it takes the bundled student,
      the bundled sample and the small preset.

  npm run headless -- inspect --train FILE [--train-rationales FILE] [--json]
      Says what was recognised, how many rows, which were refused and why, and how often the teacher is right.

  npm run headless -- generate --student DIR [--prefix TEXT] [--max-tokens N] [--beams N] [--backend NAME]
      Answers lines from standard input, one line each.

Bad input ends with exit code 2 and one message that names the file, the line and what to do.
`;

type Options = NonNullable<ParseArgsConfig['options']>;

/**
 * Reads a command's options.
 * @throws InputError naming an option that it does not take.
 */
export function readOptions<const T extends Options>(command: string, args: string[], options: T) {
  try {
    return parseArgs({ args, options, allowPositionals: false, strict: true }).values;
  } catch (error) {
    const known = Object.keys(options)
      .map((name) => `--${name}`)
      .join(', ');
    const problem = error instanceof Error ? error.message.split('. ')[0]! : String(error);
    throw new InputError(`${problem.replace(/\.$/, '')}.`, `\`${command}\` takes ${known}.`);
  }
}

/** One of a few names, or null where the option was not given. */
export function oneOf<const T extends readonly string[]>(
  option: string,
  value: string | undefined,
  names: T,
): T[number] | null {
  if (value === undefined) return null;
  const found = names.find((name) => name === value);
  if (found !== undefined) return found;
  throw new InputError(`--${option} ${value} is not known.`, `Choose ${names.join(', ')}.`);
}

/** A whole number from 1, or null where the option was not given. */
export function wholeNumber(option: string, value: string | undefined): number | null {
  if (value === undefined) return null;
  const number = Number(value);
  if (Number.isInteger(number) && number >= 1) return number;
  throw new InputError(
    `--${option} ${value} is not a whole number from 1.`,
    `Give one, or leave --${option} out.`,
  );
}
