/** The optimiser's operations: norm, clip factor, AdamW. */
import { normChunk, results as resultIndex, type AdamW, type Clip, type SquaredNorm } from '../operations.ts';
import { adamConstants } from '../adam.ts';
import type { TwinMemory } from './memory.ts';

export function squaredNorm(operation: SquaredNorm, memory: TwinMemory): void {
  const gradients = memory.floats(operation.gradients);
  const partials = memory.floats(operation.partials);
  for (let chunk = 0; chunk * normChunk < gradients.length; chunk += 1) {
    let sum = 0;
    for (const value of gradients.subarray(chunk * normChunk, (chunk + 1) * normChunk)) sum += value * value;
    partials[operation.first + chunk] = sum;
  }
}

export function clip(operation: Clip, memory: TwinMemory): void {
  const results = memory.floats(operation.results);
  const { maxGradNorm } = memory.run;
  let sum = 0;
  for (const value of memory.floats(operation.partials)) sum += value;
  const norm = Math.sqrt(sum);
  results[resultIndex.gradNorm] = norm;
  results[resultIndex.clipFactor] = maxGradNorm > 0 ? Math.min(1, maxGradNorm / (norm + 1e-6)) : 1;
  const losses = results[resultIndex.answerLoss]! + results[resultIndex.rationaleLoss]!;
  results[resultIndex.proceed] = Number.isFinite(losses) && Number.isFinite(norm) ? 1 : 0;
}

export function adamw(operation: AdamW, memory: TwinMemory): void {
  const results = memory.floats(operation.results);
  if (results[resultIndex.proceed] !== 1) return;
  const factor = results[resultIndex.clipFactor]!;
  const { beta1, beta2, epsilon, decay, stepSize, rootCorrection } = adamConstants(
    memory.run,
    operation.decayed,
  );
  const { parameters, gradients, expAvg, expAvgSq } = memory.slabs;
  const [p, g, m, v] = [parameters, gradients, expAvg, expAvgSq].map((slab) => slab[operation.part]!) as [
    Float64Array,
    Float64Array,
    Float64Array,
    Float64Array,
  ];
  for (let i = operation.offset; i < operation.offset + operation.length; i += 1) {
    const gradient = g[i]! * factor;
    m[i]! += (1 - beta1) * (gradient - m[i]!);
    v[i] = beta2 * v[i]! + (1 - beta2) * gradient * gradient;
    p[i] = p[i]! * decay - (stepSize * m[i]!) / (Math.sqrt(v[i]!) / rootCorrection + epsilon);
  }
}
