/** `headless plan`: a training step as the compiled engine runs it. */
import { join } from 'node:path';
import { InputError } from '../base/errors.ts';
import { formatStepPlan } from '../engine/plan/format-plan.ts';
import { parseT5Config } from '../student/config.ts';
import { readOptions, wholeNumber } from './arguments.ts';
import { readText } from './files.ts';

export async function plan(args: string[]): Promise<void> {
  const options = readOptions('plan', args, {
    student: { type: 'string' },
    batch: { type: 'string' },
    input: { type: 'string' },
    target: { type: 'string' },
  });
  if (options.student === undefined)
    throw new InputError('plan needs a student.', 'Name its folder with --student DIR.');
  // The configuration is enough: a plan needs neither weights nor tokenizer.
  const file = join(options.student, 'config.json');
  const config = parseT5Config(await readText(file), file);
  console.log(
    formatStepPlan(config, {
      batch: wholeNumber('batch', options.batch) ?? 8,
      inputTokens: wholeNumber('input', options.input) ?? 64,
      targetTokens: wholeNumber('target', options.target) ?? 32,
    }),
  );
}
