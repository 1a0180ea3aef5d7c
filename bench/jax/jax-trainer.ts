/**
 * Training steps of T5 in jax-js under `jit`: forward, backward by its own `grad`, clipping and AdamW by the rules of
 * engine.ts, no dropout.
 */
import { jit, numpy as np, valueAndGrad } from '@jax-js/jax';
import { EngineError } from '../../src/base/errors.ts';
import {
  isDecayed,
  type EngineState,
  type EngineStudent,
  type MicroBatch,
  type StepResult,
  type Update,
} from '../../src/engine/engine.ts';
import type { T5Config, Weights } from '../../src/student/config.ts';
import { expectedParameters, sizeOf } from '../../src/student/parameters.ts';
import { layOut, upload } from './jax-batch.ts';
import { lossOf, type JaxBatch, type JaxWeights } from './t5.ts';

const beta1 = 0.9;
const beta2 = 0.999;
const epsilon = 1e-8;

export class JaxTrainer {
  readonly #config: T5Config;
  readonly #step: ReturnType<typeof compileStep>;
  #weights: JaxWeights;
  #expAvg: JaxWeights;
  #expAvgSq: JaxWeights;
  #steps = 0;

  /** jax-js' default device must be ready: see open-jax.ts. */
  constructor({ config, weights }: EngineStudent) {
    this.#config = config;
    this.#step = compileStep(config);
    const make = (valuesOf: (name: string, size: number) => Float32Array): JaxWeights =>
      Object.fromEntries(
        expectedParameters(config).map(({ name, shape }) => [
          name,
          upload(valuesOf(name, sizeOf(shape)), shape),
        ]),
      );
    this.#weights = make((name) => weights.get(name)!);
    this.#expAvg = make((_, size) => new Float32Array(size));
    this.#expAvgSq = make((_, size) => new Float32Array(size));
  }

  /** @throws EngineError where dropout is asked for. */
  async step(batch: MicroBatch, update: Update): Promise<StepResult> {
    if (update.dropout > 0) {
      throw new EngineError('The jax-js step has no dropout.', 'Compare with dropout 0.');
    }
    const { data, tasks, targetTokens, tokens } = layOut(this.#config, batch, update.alpha);
    const [weights, expAvg, expAvgSq, tokenLosses, gradNorm] = this.#step(
      this.#weights,
      this.#expAvg,
      this.#expAvgSq,
      data,
      scalarsOf(update),
    );
    [this.#weights, this.#expAvg, this.#expAvgSq] = [weights, expAvg, expAvgSq];
    this.#steps = update.step;
    // All outputs of a program are submitted together, in order: reading one waits for the whole step.
    const losses = (await tokenLosses.data()) as Float32Array;
    const [norm] = (await gradNorm.data()) as Float32Array;

    const sums = { answer: 0, rationale: 0 };
    tasks.forEach((task, index) => {
      if (task !== null) sums[task] += losses[index]!;
    });
    const answerLoss = sums.answer / targetTokens.answer;
    const rationaleLoss = targetTokens.rationale === null ? null : sums.rationale / targetTokens.rationale;
    return {
      answerLoss,
      rationaleLoss,
      loss:
        rationaleLoss === null ? answerLoss : update.alpha * answerLoss + (1 - update.alpha) * rationaleLoss,
      gradNorm: norm!,
      tokens,
    };
  }

  async read(): Promise<EngineState> {
    return {
      weights: await download(this.#weights),
      expAvg: await download(this.#expAvg),
      expAvgSq: await download(this.#expAvgSq),
      step: this.#steps,
    };
  }

  dispose(): void {
    for (const tree of [this.#weights, this.#expAvg, this.#expAvgSq]) {
      for (const array of Object.values(tree)) array.dispose();
    }
    this.#step.dispose();
  }
}

/** [keep, stepSize, rootCorrection, maxGradNorm]; powers and roots in double precision, as the engines take them. */
function scalarsOf({ step, learningRate, weightDecay, maxGradNorm }: Update): np.Array {
  const values = [
    1 - learningRate * weightDecay,
    learningRate / (1 - beta1 ** step),
    1 / Math.sqrt(1 - beta2 ** step),
    maxGradNorm > 0 ? maxGradNorm : Infinity,
  ];
  return upload(Float32Array.from(values), [values.length]);
}

type Outputs = [
  weights: JaxWeights,
  expAvg: JaxWeights,
  expAvgSq: JaxWeights,
  tokenLosses: np.Array,
  gradNorm: np.Array,
];

function compileStep(config: T5Config) {
  const lossAndGradients = valueAndGrad(
    (weights: JaxWeights, batch: JaxBatch): [np.Array, np.Array] => lossOf(config, weights, batch),
    { hasAux: true },
  );
  return jit(function step(
    weights: JaxWeights,
    expAvg: JaxWeights,
    expAvgSq: JaxWeights,
    batch: JaxBatch,
    scalars: np.Array,
  ): Outputs {
    const [keep, stepSize, rootCorrection, maxGradNorm] = [0, 1, 2, 3].map((at) => scalars.ref.slice(at)) as [
      np.Array,
      np.Array,
      np.Array,
      np.Array,
    ];
    scalars.dispose();
    const held = Object.fromEntries(Object.entries(weights).map(([name, weight]) => [name, weight.ref]));
    const [[loss, tokenLosses], gradients] = lossAndGradients(held, batch);
    loss.dispose();

    // Rows first: jax-js gives each output of a sum to one thread.
    const squares = Object.values(gradients).map((gradient) => np.square(gradient.ref).sum(-1).sum());
    const gradNorm = np.sqrt(squares.reduce((total, square) => total.add(square)));
    const scale = np.minimum(maxGradNorm.div(gradNorm.ref.add(1e-6)), 1);

    const [newWeights, newExpAvg, newExpAvgSq]: [JaxWeights, JaxWeights, JaxWeights] = [{}, {}, {}];
    for (const [name, gradient] of Object.entries(gradients)) {
      const slope = gradient.mul(scale.ref);
      const mean = expAvg[name]!.mul(beta1).add(slope.ref.mul(1 - beta1));
      const square = expAvgSq[name]!.mul(beta2).add(np.square(slope).mul(1 - beta2));
      const divisor = np.sqrt(square.ref).mul(rootCorrection.ref).add(epsilon);
      const kept = isDecayed(name) ? weights[name]!.mul(keep.ref) : weights[name]!;
      newWeights[name] = kept.sub(mean.ref.mul(stepSize.ref).div(divisor));
      newExpAvg[name] = mean;
      newExpAvgSq[name] = square;
    }
    for (const used of [scale, keep, stepSize, rootCorrection]) used.dispose();
    return [newWeights, newExpAvg, newExpAvgSq, tokenLosses, gradNorm];
  });
}

async function download(tree: JaxWeights): Promise<Weights> {
  const weights: Weights = new Map();
  for (const [name, array] of Object.entries(tree)) {
    weights.set(name, (await array.ref.data()) as Float32Array);
  }
  return weights;
}
