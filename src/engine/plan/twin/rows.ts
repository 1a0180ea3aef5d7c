/** Operations that take one row after the other: embeddings, norms, and sums of partials. */
import type {
  Drop,
  Embed,
  EmbedBackward,
  RmsNorm,
  RmsNormBackward,
  SumPartials,
  Zero,
} from '../operations.ts';
import type { Run } from '../plan.ts';
import type { TwinMemory } from './memory.ts';

export function embed(operation: Embed, memory: TwinMemory): void {
  const weight = memory.floats(operation.weight);
  const output = memory.floats(operation.output);
  const ids = memory.table(operation.ids);
  const columns = operation.output.shape[1]!;
  for (let row = 0; row < memory.run.counts[operation.rows]; row += 1) {
    const factors = memory.factors(operation.dropout, row, 0, columns);
    for (let column = 0; column < columns; column += 1) {
      output[row * columns + column] = weight[ids[row]! * columns + column]! * (factors?.[column] ?? 1);
    }
  }
}

export function drop(operation: Drop, memory: TwinMemory): void {
  const input = memory.floats(operation.input);
  const output = memory.floats(operation.output);
  const columns = operation.input.shape[1]!;
  for (let row = 0; row < memory.run.counts[operation.rows]; row += 1) {
    const factors = memory.factorsAt(operation.rate, operation.dropout, row, columns);
    factors.forEach((factor, column) => {
      const at = row * columns + column;
      const value = input[at]! * factor;
      output[at] = operation.accumulate === 'always' ? output[at]! + value : value;
    });
  }
}

export function embedBackward(operation: EmbedBackward, memory: TwinMemory): void {
  const encoder = memory.floats(operation.encoder);
  const decoder = memory.floats(operation.decoder);
  const output = memory.floats(operation.output);
  const ids = memory.table(operation.ids);
  const starts = memory.table(operation.starts);
  const rows = memory.table(operation.rows);
  const columns = operation.output.shape[1]!;
  const { encoderRows, distinctIds } = memory.run.counts;
  for (let index = 0; index < distinctIds; index += 1) {
    for (let column = 0; column < columns; column += 1) {
      let sum = 0;
      for (let at = starts[index]!; at < starts[index + 1]!; at += 1) {
        const row = rows[at]!;
        sum +=
          row < encoderRows
            ? encoder[row * columns + column]!
            : decoder[(row - encoderRows) * columns + column]!;
      }
      output[ids[index]! * columns + column]! += sum;
    }
  }
}

export function rmsNorm(operation: RmsNorm, memory: TwinMemory): void {
  const x = memory.floats(operation.x);
  const weight = memory.floats(operation.weight);
  const y = memory.floats(operation.y);
  const inverse = memory.floats(operation.inverse);
  const columns = operation.x.shape[1]!;
  for (let row = 0; row < memory.run.counts[operation.rows]; row += 1) {
    const start = row * columns;
    let squares = 0;
    for (let column = 0; column < columns; column += 1) squares += x[start + column]! ** 2;
    const scale = 1 / Math.sqrt(squares / columns + operation.epsilon);
    const factors = memory.factors(operation.dropout, row, 0, columns);
    inverse[row] = scale;
    for (let column = 0; column < columns; column += 1) {
      y[start + column] = weight[column]! * (x[start + column]! * scale) * (factors?.[column] ?? 1);
    }
  }
}

export function rmsNormBackward(operation: RmsNormBackward, memory: TwinMemory): void {
  const { next } = operation;
  const rows = memory.run.counts[operation.rows];
  const columns = operation.x.shape[1]!;
  const count = operation.partials.shape[0]!;
  const perPartial = Math.ceil(rows / count);
  const dy = memory.floats(operation.dy);
  const x = memory.floats(operation.x);
  const inverse = memory.floats(operation.inverse);
  const weight = memory.floats(operation.weight);
  const dx = memory.floats(operation.dx);
  const partials = memory.floats(operation.partials);
  const nextOutput = next === null ? null : memory.floats(next.output);
  const u = new Float64Array(columns);
  const sums = new Float64Array(columns);
  for (let partial = 0; partial < count; partial += 1) {
    sums.fill(0);
    const end = Math.min(rows, (partial + 1) * perPartial);
    for (let row = partial * perPartial; row < end; row += 1) {
      const start = row * columns;
      const scale = inverse[row]!;
      const factors = memory.factors(operation.dropout, row, 0, columns);
      let dot = 0;
      for (let column = 0; column < columns; column += 1) {
        u[column] = dy[start + column]! * (factors?.[column] ?? 1);
        dot += weight[column]! * u[column]! * x[start + column]!;
        sums[column]! += u[column]! * x[start + column]! * scale;
      }
      const mean = (scale * scale * dot) / columns;
      const nextFactors = next === null ? null : memory.factors(next.dropout, row, 0, columns);
      for (let column = 0; column < columns; column += 1) {
        const value = scale * (weight[column]! * u[column]! - x[start + column]! * mean);
        const before = operation.accumulate === 'always' ? dx[start + column]! : 0;
        dx[start + column] = before + value;
        if (nextOutput !== null) {
          nextOutput[start + column] = dx[start + column]! * (nextFactors?.[column] ?? 1);
        }
      }
    }
    for (let column = 0; column < columns; column += 1) partials[partial * columns + column] = sums[column]!;
  }
}

export function sumPartials(operation: SumPartials, memory: TwinMemory): void {
  const partials = memory.floats(operation.partials);
  const output = memory.floats(operation.output);
  const [groups, count, columns] = operation.partials.shape as [number, number, number];
  const adds = isAdded(operation.accumulate, memory.run);
  for (let group = 0; group < groups; group += 1) {
    for (let column = 0; column < columns; column += 1) {
      let sum = 0;
      for (let partial = 0; partial < count; partial += 1) {
        sum += partials[(group * count + partial) * columns + column]!;
      }
      const at = group * columns + column;
      output[at] = adds ? output[at]! + sum : sum;
    }
  }
}

export function zero(operation: Zero, memory: TwinMemory): void {
  if (!isAdded(operation.accumulate, memory.run)) memory.floats(operation.target).fill(0);
}

/** Whether an operation adds to what is there in this run. */
export function isAdded(accumulate: 'never' | 'always' | 'laterPasses', run: Run): boolean {
  return accumulate === 'always' || (accumulate === 'laterPasses' && run.accumulate);
}
