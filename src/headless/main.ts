/**
 * The terminal's door: one command, one exit code. 0 done, 1 failed, 2 bad input, 4 no room on the disk; 128 and the
 * signal's number where it was asked to end.
 */
import { InputError, NobodyReadsError, NoRoomError, reportError } from '../base/errors.ts';
import { addPieces } from './add-pieces.ts';
import { asksForHelp, usageFrom } from './arguments.ts';
import { sayAsText } from './as-text.ts';
import { convert } from './convert.ts';
import { download } from './download.ts';
import { watchForEndings } from './ending.ts';
import { exportStudent } from './export.ts';
import { generate } from './generate.ts';
import { inspect } from './inspect.ts';
import { plan } from './plan.ts';
import { rateTest } from './rate-test.ts';
import { reduce } from './reduce.ts';
import { serve } from './serve.ts';
import { study } from './study.ts';
import { teach } from './teach.ts';
import { sweep } from './sweep.ts';
import { train } from './train.ts';
import { upload } from './upload.ts';

const commands = new Map<string | undefined, (args: string[]) => Promise<void>>([
  ['train', train],
  ['inspect', inspect],
  ['convert', convert],
  ['download', download],
  ['upload', upload],
  ['generate', generate],
  ['plan', plan],
  ['rate-test', rateTest],
  ['reduce', reduce],
  ['add-pieces', addPieces],
  ['teach', teach],
  ['serve', serve],
  ['export', exportStudent],
  ['sweep', sweep],
  ['study', study],
]);

async function main([name, ...args]: string[]): Promise<void> {
  const command = commands.get(name);
  if (name === undefined || name === 'help' || asksForHelp(command === undefined ? [name] : args)) {
    console.log(usageFrom(process.env['STILLROOM_DOOR']));
    return;
  }
  if (command !== undefined) return command(args);
  const names = [...commands.keys()];
  throw new InputError(
    `"${name}" is no command.`,
    `The commands are ${names.slice(0, -1).join(', ')} and ${names.at(-1)}.`,
  );
}

function exitCode(error: unknown): number {
  if (error instanceof InputError) return 2;
  // The same code as for a closed pipe on standard output (ending.ts).
  if (error instanceof NobodyReadsError) return 141;
  return error instanceof NoRoomError ? 4 : 1;
}

/** A pipe takes what is printed a part at a time: an exit before that would cut off the rest. */
async function printed(): Promise<void> {
  await Promise.all(
    [process.stdout, process.stderr].map((stream) => new Promise((done) => stream.write('', done))),
  );
}

sayAsText();
watchForEndings();
main(process.argv.slice(2)).then(
  async () => {
    await printed();
    process.exit(process.exitCode ?? 0);
  },
  async (error: unknown) => {
    console.error(reportError(error).message);
    await printed();
    process.exit(exitCode(error));
  },
);
