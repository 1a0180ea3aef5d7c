/** The terminal's door: one command, one exit code. 0 done, 1 failed, 2 bad input. */
import { InputError, reportError } from '../base/errors.ts';
import { asksForHelp, usage } from './arguments.ts';
import { generate } from './generate.ts';
import { inspect } from './inspect.ts';
import { plan } from './plan.ts';
import { reduce } from './reduce.ts';
import { study } from './study.ts';
import { train } from './train.ts';

const commands = ['train', 'inspect', 'generate', 'plan', 'reduce', 'study'];

async function main([command, ...args]: string[]): Promise<void> {
  if (commands.includes(command ?? '') && asksForHelp(args)) {
    console.log(usage);
    return;
  }
  switch (command) {
    case 'train':
      return train(args);
    case 'inspect':
      return inspect(args);
    case 'generate':
      return generate(args);
    case 'plan':
      return plan(args);
    case 'reduce':
      return reduce(args);
    case 'study':
      return study(args);
    case undefined:
    case 'help':
    case '--help':
    case '-h':
      console.log(usage);
      return;
    default:
      throw new InputError(
        `"${command}" is no command.`,
        'The commands are train, inspect, generate, plan, reduce and study.',
      );
  }
}

main(process.argv.slice(2)).then(
  () => process.exit(0),
  (error: unknown) => {
    console.error(reportError(error).message);
    process.exit(error instanceof InputError ? 2 : 1);
  },
);
