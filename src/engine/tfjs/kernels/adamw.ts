/**
 * One AdamW update of one weight. Source: PyTorch, torch/optim/adamw.py (decoupled decay first):
 * p ← p·(1 - lr·wd); m ← β₁m + (1-β₁)g; v ← β₂v + (1-β₂)g²; p ← p - lr/(1-β₁ᵗ) · m / (√v/√(1-β₂ᵗ) + ε).
 */
import { defineKernel } from './kernel.ts';

const beta1 = 0.9;
const beta2 = 0.999;
const epsilon = 1e-8;

/** Numbers that all weights share in one step. */
export interface AdamwStep {
  /** From 1. */
  step: number;
  learningRate: number;
  /** What the gradient is multiplied with first (clipping). */
  gradientScale: number;
}

/** The kernel's attributes. Powers and roots are taken here, in double precision. */
export function adamwAttributes(
  { step, learningRate, gradientScale }: AdamwStep,
  weightDecay: number,
): { keep: number; stepSize: number; rootCorrection: number; gradientScale: number } {
  return {
    keep: 1 - learningRate * weightDecay,
    stepSize: learningRate / (1 - beta1 ** step),
    rootCorrection: 1 / Math.sqrt(1 - beta2 ** step),
    gradientScale,
  };
}

/** Inputs and outputs all have the weight's shape. Attributes are those of adamwAttributes(). */
export const adamw = defineKernel({
  name: 'StillroomAdamw',
  inputs: ['weight', 'expAvg', 'expAvgSq', 'gradient'] as const,
  outputs: ({ weight }) => ({ newExpAvg: weight, newExpAvgSq: weight, newWeight: weight }),
  loop: ({ weight, expAvg, expAvgSq, gradient, newExpAvg, newExpAvgSq, newWeight }, _shapes, attributes) => {
    const { keep, stepSize, rootCorrection, gradientScale } = attributes as ReturnType<
      typeof adamwAttributes
    >;
    for (let index = 0; index < newWeight.length; index += 1) {
      const slope = gradient[index]! * gradientScale;
      const mean = beta1 * expAvg[index]! + (1 - beta1) * slope;
      const square = beta2 * expAvgSq[index]! + (1 - beta2) * slope * slope;
      newExpAvg[index] = mean;
      newExpAvgSq[index] = square;
      newWeight[index] =
        weight[index]! * keep - (stepSize * mean) / (Math.sqrt(square) * rootCorrection + epsilon);
    }
  },
  programs: {
    newExpAvg: {
      reads: ['expAvg', 'gradient'],
      uniforms: { gradientScale: 'f32' },
      code: `result[index] = ${beta1} * expAvg[index] + ${1 - beta1} * (gradient[index] * uniforms.gradientScale);`,
    },
    newExpAvgSq: {
      reads: ['expAvgSq', 'gradient'],
      uniforms: { gradientScale: 'f32' },
      code: `
        let slope = gradient[index] * uniforms.gradientScale;
        result[index] = ${beta2} * expAvgSq[index] + ${1 - beta2} * slope * slope;`,
    },
    newWeight: {
      reads: ['weight', 'newExpAvg', 'newExpAvgSq'],
      uniforms: { keep: 'f32', stepSize: 'f32', rootCorrection: 'f32' },
      code: `
        let divisor = sqrt(newExpAvgSq[index]) * uniforms.rootCorrection + ${epsilon.toFixed(8)};
        result[index] = weight[index] * uniforms.keep - uniforms.stepSize * newExpAvg[index] / divisor;`,
    },
  },
});
