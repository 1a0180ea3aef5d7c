/**
 * The inner product of a gated feed-forward layer: g(gate) · linear, where g is GELU in its tanh form (T5 v1.1) or SiLU
 * (UL2). Source: Hugging Face, activations.py, NewGELUActivation: 0.5·x·(1 + tanh(√(2/π)·(x + 0.044715·x³))), and
 * SiLU: x / (1 + e^(-x)). 0.5·(1 + tanh(u)) = 1 / (1 + e^(-2u)) is used instead: WGSL allows its own tanh an error of
 * 1e-5. So both are x / (1 + e^(-root·(x + cubic·x³))).
 */
import type * as tf from '@tensorflow/tfjs-core';
import { defineKernel, withGradient } from './kernel.ts';

function defineGate(name: string, root: number, cubic: number) {
  // The exponent is kept below 80, where e^x would overflow: WGSL need not know infinity.
  const sigmoidCode = `
  let x = gate[index];
  let inner = ${root} * (x + ${cubic} * x * x * x);
  let share = 1.0 / (1.0 + exp(min(-inner, 80.0)));`;

  const forwardKernel = defineKernel({
    name: `StillroomGated${name}`,
    inputs: ['gate', 'linear'] as const,
    outputs: ({ gate }) => ({ product: gate }),
    loop: ({ gate, linear, product }) => {
      for (let index = 0; index < product.length; index += 1) {
        const x = gate[index]!;
        product[index] = (x * linear[index]!) / (1 + Math.exp(-root * (x + cubic * x * x * x)));
      }
    },
    programs: {
      product: {
        reads: ['gate', 'linear'],
        code: `${sigmoidCode} result[index] = x * share * linear[index];`,
      },
    },
  });

  const slopeCode = `
  let slope = share + x * share * (1.0 - share) * ${root} * (1.0 + ${3 * cubic} * x * x);`;

  const backwardKernel = defineKernel({
    name: `StillroomGated${name}Gradient`,
    inputs: ['gate', 'linear', 'upstream'] as const,
    outputs: ({ gate }) => ({ dGate: gate, dLinear: gate }),
    loop: ({ gate, linear, upstream, dGate, dLinear }) => {
      for (let index = 0; index < dGate.length; index += 1) {
        const x = gate[index]!;
        const share = 1 / (1 + Math.exp(-root * (x + cubic * x * x * x)));
        const slope = share + x * share * (1 - share) * root * (1 + 3 * cubic * x * x);
        dGate[index] = upstream[index]! * linear[index]! * slope;
        dLinear[index] = upstream[index]! * x * share;
      }
    },
    programs: {
      dGate: {
        reads: ['gate', 'linear', 'upstream'],
        code: `${sigmoidCode} ${slopeCode} result[index] = upstream[index] * linear[index] * slope;`,
      },
      dLinear: {
        reads: ['gate', 'upstream'],
        code: `${sigmoidCode} result[index] = upstream[index] * x * share;`,
      },
    },
  });

  /**
   * @param gate [N, F], what passes through the function
   * @param linear [N, F]
   * @returns [N, F]
   */
  return (gate: tf.Tensor, linear: tf.Tensor): tf.Tensor =>
    withGradient(
      [gate, linear],
      (save) => {
        save([gate, linear]);
        return forwardKernel({ gate, linear }).product;
      },
      (upstream, saved) => {
        const [savedGate, savedLinear] = saved as [tf.Tensor, tf.Tensor];
        const { dGate, dLinear } = backwardKernel({ gate: savedGate, linear: savedLinear, upstream });
        return [dGate, dLinear];
      },
    );
}

export const gatedGelu = defineGate('Gelu', 2 * Math.sqrt(2 / Math.PI), 0.044715);
export const gatedSilu = defineGate('Silu', 1, 0);
