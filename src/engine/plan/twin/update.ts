/** The optimiser's operations: norm, clip factor, AdamW, Adafactor. */
import {
  adafactorChunk,
  normChunk,
  results as resultIndex,
  type Adafactor,
  type AdamW,
  type Clip,
  type SquaredNorm,
} from '../operations.ts';
import { adafactorConstants, adamConstants } from '../optimizer-constants.ts';
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
  const isFinite = Number.isFinite(losses) && Number.isFinite(norm);
  results[resultIndex.proceed] = isFinite && results[resultIndex.halted] === 0 ? 1 : 0;
  results[resultIndex.halted] = 1 - results[resultIndex.proceed]!;
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

export function adafactor(operation: Adafactor, memory: TwinMemory): void {
  const results = memory.floats(operation.results);
  if (results[resultIndex.proceed] !== 1) return;
  const { count, rows, columns, vector, decayed, scaled } = operation;
  const { keep, grow, learningRate, weightDecay } = adafactorConstants(memory.run);
  const clipFactor = results[resultIndex.clipFactor]!;
  const size = rows * columns;
  const of = (tensor: Adafactor['gradients'], index: number, length: number) =>
    memory.floats(tensor).subarray(index * length, (index + 1) * length);
  for (let index = 0; index < count; index += 1) {
    const weights = of(operation.parameters, index, size);
    const rowState = of(operation.rowState, index, rows);
    const columnState = of(operation.columnState, index, columns);
    const gradients = of(operation.gradients, index, size).map((value) => value * clipFactor);
    const rowMeans = new Float64Array(rows);
    const columnMeans = new Float64Array(columns);
    const chunks = Math.ceil(rows / adafactorChunk);
    const columnSums = of(operation.columnSums, index, chunks * columns);
    if (!vector) columnSums.fill(0);
    gradients.forEach((value, at) => {
      const [row, column] = [Math.floor(at / columns), at % columns];
      rowMeans[row]! += (value * value) / columns;
      if (!vector) columnSums[Math.floor(row / adafactorChunk) * columns + column]! += value * value;
    });
    columnSums.forEach((sum, at) => (columnMeans[at % columns]! += sum / rows));
    rowMeans.forEach((mean, row) => (rowState[row] = keep * rowState[row]! + grow * (mean + 1e-30)));
    let rowMean = 0;
    for (const value of rowState) rowMean += value / rows;
    if (vector) columnState[0] = rowMean;
    else
      columnMeans.forEach((mean, at) => (columnState[at] = keep * columnState[at]! + grow * (mean + 1e-30)));
    const rate = learningRate * (scaled ? Math.max(1e-3, rootMeanSquare(weights)) : 1);
    const update = Float64Array.from(gradients, (value, at) => {
      const row = Math.sqrt(rowMean / rowState[Math.floor(at / columns)]!);
      return (value * row) / Math.sqrt(columnState[at % columns]!);
    });
    of(operation.rowSums, index, rows).forEach((_, row, rowSums) => {
      const squares = update.subarray(row * columns, (row + 1) * columns).map((value) => value * value);
      rowSums[row] = squares.reduce((sum, value) => sum + value, 0);
    });
    const factor = rate / Math.max(1, rootMeanSquare(update));
    of(operation.scalars, index, 4).set([rowMean, rate, factor]);
    const decay = decayed ? 1 - rate * weightDecay : 1;
    update.forEach((value, at) => (weights[at] = weights[at]! * decay - factor * value));
  }
}

function rootMeanSquare(values: Float64Array | Float32Array): number {
  let sum = 0;
  for (const value of values) sum += value * value;
  return Math.sqrt(sum / values.length);
}
