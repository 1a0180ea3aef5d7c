/** `headless rate-test`: some steps at growing learning rates, and which rate to begin with. */
import { formatParameters } from '../base/units.ts';
import { engineStudent } from '../distill/engine-student.ts';
import { usualRate } from '../distill/fitting.ts';
import type { OpenEngine } from '../distill/ports.ts';
import { parseRecipe, smallRecipe } from '../distill/recipe.ts';
import { testRatesOfRun } from '../jobs/rate-test.ts';
import { countParameters } from '../student/parameters.ts';
import { dataOptions, oneOf, readOptions } from './arguments.ts';
import { readText } from './files.ts';
import { openEngine } from './machine.ts';
import { whileTelling } from './progress-line.ts';
import { openInputs, sayWhatWasRead } from './train-inputs.ts';

export async function rateTest(args: string[]): Promise<void> {
  const options = readOptions('rate-test', args, {
    student: { type: 'string' },
    ...dataOptions,
    recipe: { type: 'string' },
    engine: { type: 'string' },
    backend: { type: 'string' },
    json: { type: 'boolean', default: false },
  });
  const engine = oneOf('engine', options.engine, ['wgsl', 'wasm', 'tfjs'] as const);
  const backend = oneOf('backend', options.backend, ['webgpu', 'wasm', 'cpu'] as const);
  const recipe =
    options.recipe === undefined ? smallRecipe : parseRecipe(await readText(options.recipe), options.recipe);
  const inputs = await openInputs(options, recipe);
  const { student, train } = inputs;
  if (!options.json) sayWhatWasRead(inputs);
  const trained = engineStudent(student, recipe);
  const job = {
    tokenizer: student.tokenizer,
    recipe,
    train: train.examples,
    open: ((request) => openEngine(trained, request)) satisfies OpenEngine,
    request: { engine, backend },
  };
  const { points, suggested } = await whileTelling((watch) => testRatesOfRun(job, watch));
  if (options.json) {
    console.log(JSON.stringify({ points, suggested }));
    return;
  }
  console.log('rate      loss');
  for (const { learningRate, smoothed } of points)
    console.log(`${learningRate.toExponential(1).padEnd(8)}  ${smoothed.toFixed(4)}`);
  const size = countParameters(student.config);
  console.log(
    suggested === null
      ? 'No rate made the loss fall in these steps: look at the rows, or keep the usual rate.'
      : `To begin with: ${suggested.toExponential()}.`,
  );
  console.log(
    `Usual for ${formatParameters(size)} parameters, with AdamW: ${usualRate(size).toExponential()}.`,
  );
}
