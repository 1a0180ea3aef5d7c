/** `headless generate`: a student answers lines from standard input. */
import { createInterface } from 'node:readline';
import { InputError } from '../base/errors.ts';
import { readStudentFolder } from '../student/folder.ts';
import { oneOf, readOptions, wholeNumber } from './arguments.ts';
import { openFolder } from './files.ts';
import { openEngine } from './machine.ts';

const defaultMaxTokens = 64;
const lineBatch = 16;

export async function generate(args: string[]): Promise<void> {
  const options = readOptions('generate', args, {
    student: { type: 'string' },
    prefix: { type: 'string', default: '' },
    'max-tokens': { type: 'string' },
    beams: { type: 'string' },
    engine: { type: 'string' },
    backend: { type: 'string' },
  });
  if (options.student === undefined) {
    throw new InputError('generate needs a student.', 'Name its folder with --student DIR.');
  }
  oneOf('engine', options.engine, ['tfjs']);
  const backend = oneOf('backend', options.backend, ['webgpu', 'wasm', 'cpu']);
  const maxNewTokens = wholeNumber('max-tokens', options['max-tokens']) ?? defaultMaxTokens;
  const numBeams = wholeNumber('beams', options.beams) ?? 1;
  const student = await readStudentFolder(await openFolder(options.student), options.student);
  const engine = await openEngine(student, backend);
  const { reason } = engine.describe();
  console.error(reason);
  const answer = async (lines: string[]) => {
    const inputs = lines.map((line) => student.tokenizer.encode(options.prefix + line));
    for (const { ids } of await engine.generate(inputs, { maxNewTokens, numBeams })) {
      // One line in, one line out: a line break in an answer would shift all that follow.
      console.log(student.tokenizer.decode(ids).replaceAll('\n', ' '));
    }
  };
  let waiting: string[] = [];
  for await (const line of createInterface({ input: process.stdin, crlfDelay: Infinity })) {
    waiting.push(line);
    if (waiting.length === lineBatch || process.stdin.isTTY) {
      await answer(waiting);
      waiting = [];
    }
  }
  if (waiting.length > 0) await answer(waiting);
  engine.dispose();
}
