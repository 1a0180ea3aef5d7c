/** `headless generate`: a student answers lines from standard input. */
import { backendNames } from '../engine/engine.ts';
import { createInterface } from 'node:readline';
import { InputError } from '../base/errors.ts';
import { namedGeneration } from '../student/own-generation.ts';
import { engineChoices } from '../engine/choose.ts';
import { readAdapterFolder } from '../student/lora/adapter-folder.ts';
import { generationNames, oneOf, readOptions, wholeNumber } from './arguments.ts';
import { printLine } from './as-text.ts';
import { openFolder } from './files.ts';
import { studentFolder } from './hub-student.ts';
import { readStudent } from './read-student.ts';
import { openEngine } from './machine.ts';

const defaultMaxTokens = 64;
const lineBatch = 16;

export async function generate(args: string[]): Promise<void> {
  const options = readOptions('generate', args, {
    student: { type: 'string' },
    adapter: { type: 'string' },
    prefix: { type: 'string', default: '' },
    'max-tokens': { type: 'string' },
    'max-input-tokens': { type: 'string' },
    json: { type: 'boolean', default: false },
    beams: { type: 'string' },
    generation: { type: 'string' },
    engine: { type: 'string' },
    backend: { type: 'string' },
  });
  if (options.student === undefined) {
    throw new InputError('generate needs a student.', 'Name its folder with --student DIR.');
  }
  const engineChoice = oneOf('engine', options.engine, engineChoices);
  const backend = oneOf('backend', options.backend, backendNames);
  const maxNewTokens = wholeNumber('max-tokens', options['max-tokens']) ?? defaultMaxTokens;
  const beams = wholeNumber('beams', options.beams);
  const named = oneOf('generation', options.generation, generationNames);
  if (named === 'own' && beams !== null)
    throw new InputError('--generation own says how many beams.', 'Leave --beams out.');
  const maxInputTokens = wholeNumber('max-input-tokens', options['max-input-tokens']) ?? undefined;
  const folder = await studentFolder(options.student);
  const student = await readStudent(folder);
  const settings = named === 'own' ? namedGeneration(student) : null;
  const generation = { numBeams: beams ?? 1, ...settings, maxNewTokens };
  const adapters =
    options.adapter === undefined
      ? {}
      : {
          adapters: await readAdapterFolder(
            await openFolder(options.adapter),
            options.adapter,
            student.config,
          ),
        };
  const engine = await openEngine({ ...student, ...adapters }, { engine: engineChoice, backend });
  const { reason } = engine.describe();
  console.error(reason);
  const answer = async (lines: string[]) => {
    const inputs = lines.map((line) => student.tokenizer.encode(options.prefix + line, maxInputTokens));
    for (const { ids } of await engine.generate(inputs, generation)) {
      const text = student.tokenizer.decode(ids);
      // One line in, one line out: a line break in an answer would shift all that follow.
      printLine(options.json ? JSON.stringify(text) : text.replaceAll('\n', ' '));
    }
  };
  let waiting: string[] = [];
  let lineNumber = 0;
  for await (const line of createInterface({ input: process.stdin, crlfDelay: Infinity })) {
    waiting.push(options.json ? textOf(line, (lineNumber += 1)) : line);
    if (waiting.length === lineBatch || process.stdin.isTTY) {
      await answer(waiting);
      waiting = [];
    }
  }
  if (waiting.length > 0) await answer(waiting);
  engine.dispose();
}

function textOf(line: string, lineNumber: number): string {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    value = null;
  }
  if (typeof value === 'string') return value;
  throw new InputError('this is not a JSON string.', 'With --json every line is one, in quotation marks.', {
    file: 'standard input',
    line: lineNumber,
  });
}
