/**
 * From operations to commands: records of 64 words that the kernels read (assembly/), with addresses in place of
 * tensors. The order of words here and there must agree.
 */
import { dropoutNumbers } from '../dropout.ts';
import type { AttentionShape, Dropout, Epilogue, Gate, Matmul, Operation } from '../plan/operations.ts';
import {
  countNames,
  lengthOf,
  type Columns,
  type Counts,
  type Extent,
  type Table,
  type Tensor,
} from '../plan/plan.ts';
import type { Accumulate } from '../plan/operations.ts';

export const commandWords = 64;

/** Where tensors and tables are in memory, in bytes. */
export interface Addresses {
  tensor: (tensor: Tensor) => number;
  table: (table: Table) => number;
  /** The four slabs at one place, in the order of plan.ts. */
  slabs: (part: number, offset: number) => readonly [number, number, number, number];
  capacities: Counts;
}

const codes = {
  embed: 1,
  rmsNorm: 2,
  rmsNormBackward: 3,
  sumPartials: 4,
  matmul: 5,
  attention: 6,
  attentionBackward: 7,
  biasGradient: 8,
  crossEntropyRows: 9,
  crossEntropySums: 10,
  zero: 11,
  embedBackward: 12,
  squaredNorm: 13,
  clip: 14,
  adamw: 15,
  decodeSelfAttention: 16,
  decodeCrossAttention: 17,
  argMax: 18,
  drop: 19,
  adafactorRows: 20,
  adafactorColumns: 21,
  adafactorTotals: 22,
  adafactorSquares: 23,
  adafactorFactors: 24,
  adafactorApply: 25,
} as const;

const accumulations = { never: 0, always: 1, laterPasses: 2 } as const satisfies Record<Accumulate, number>;
const forms = { nt: 0, nn: 1, tn: 2 } as const satisfies Record<Matmul['form'], number>;
const epilogues = {
  none: 0,
  residual: 1,
  relu: 2,
  gated: 3,
  reluBackward: 4,
  gatedBackward: 5,
} as const satisfies Record<Epilogue['kind'], number>;

const gates = { gelu: 0, silu: 1 } as const satisfies Record<Gate, number>;

const word = new DataView(new ArrayBuffer(4));

/** The bits of a single-precision float. */
function floatBits(value: number): number {
  word.setFloat32(0, value);
  return word.getInt32(0);
}

function extent(value: Extent): number {
  return typeof value === 'number' ? value : -1 - countNames.indexOf(value);
}

function dropoutWords(dropout: Dropout | null): [number, number] {
  if (dropout === null) return [-1, 0];
  return [dropout.stack === 'encoder' ? 0 : 1, dropout.site];
}

function columnsOf({ shape }: Tensor): number {
  return shape.at(-1)!;
}

/** The commands of one operation: nearly always one; what follows another's results needs one of its own. */
export function encode(operation: Operation, addresses: Addresses): number[][] {
  const { tensor, table } = addresses;
  switch (operation.kind) {
    case 'embed': {
      const { rows, ids, weight, output, dropout } = operation;
      const places = [table(ids), tensor(weight), tensor(output)];
      const words = [...places, ...dropoutWords(dropout), Number(weight.half === true)];
      return [[codes.embed, extent(rows), columnsOf(weight), ...words]];
    }
    case 'rmsNorm': {
      const { rows, x, weight, y, inverse, epsilon, dropout } = operation;
      const places = [x, weight, y, inverse].map(tensor);
      return [
        [codes.rmsNorm, extent(rows), columnsOf(x), ...places, floatBits(epsilon), ...dropoutWords(dropout)],
      ];
    }
    case 'rmsNormBackward': {
      const { rows, dy, x, inverse, weight, dx, accumulate, partials, dropout, next } = operation;
      const places = [dy, x, inverse, weight, dx].map(tensor);
      return [
        [
          codes.rmsNormBackward,
          extent(rows),
          columnsOf(x),
          ...places,
          accumulations[accumulate],
          tensor(partials),
          partials.shape[0]!,
          ...dropoutWords(dropout),
          next === null ? 0 : tensor(next.output),
          ...dropoutWords(next?.dropout ?? null),
        ],
      ];
    }
    case 'sumPartials': {
      const { partials, output, accumulate } = operation;
      return [
        [codes.sumPartials, ...partials.shape, tensor(partials), tensor(output), accumulations[accumulate]],
      ];
    }
    case 'matmul':
      return [encodeMatmul(operation, addresses)];
    case 'drop': {
      const { rows, rate, dropout, input, output, accumulate } = operation;
      const { threshold, keepScale } = dropoutNumbers({ rate, seed: 0, step: 0 });
      return [
        [
          codes.drop,
          extent(rows),
          columnsOf(input),
          tensor(input),
          tensor(output),
          accumulations[accumulate],
          threshold,
          floatBits(keepScale),
          ...dropoutWords(dropout),
        ],
      ];
    }
    case 'attention':
    case 'attentionBackward':
      return [encodeAttention(operation, addresses)];
    case 'biasGradient': {
      const { tileCount, causal, buckets, partials, output, accumulate } = operation;
      const [, heads, distances] = partials.shape as [number, number, number];
      return [
        [
          codes.biasGradient,
          extent(tileCount),
          Number(causal),
          table(buckets),
          (distances + 1) / 2,
          heads,
          tensor(partials),
          tensor(output),
          accumulations[accumulate],
          output.shape[0]!,
        ],
      ];
    }
    case 'crossEntropy': {
      const { rows, logits, labels, rowWeights, losses, results, accumulate, gradient } = operation;
      const weights = rowWeights === null ? 0 : tensor(rowWeights);
      const places = [tensor(logits), table(labels), weights, tensor(losses)];
      return [
        [codes.crossEntropyRows, extent(rows), columnsOf(logits), ...places, Number(gradient)],
        [
          codes.crossEntropySums,
          extent(rows),
          extent('answerRows'),
          tensor(losses),
          tensor(results),
          accumulations[accumulate],
        ],
      ];
    }
    case 'zero': {
      const { target, accumulate } = operation;
      return [[codes.zero, tensor(target), lengthOf(target), accumulations[accumulate]]];
    }
    case 'embedBackward': {
      const { ids, starts, rows, encoder, decoder, output } = operation;
      const tables = [ids, starts, rows].map(table);
      return [
        [
          codes.embedBackward,
          extent('distinctIds'),
          columnsOf(output),
          ...tables,
          extent('encoderRows'),
          ...[encoder, decoder, output].map(tensor),
        ],
      ];
    }
    case 'squaredNorm': {
      const { gradients, partials, first } = operation;
      return [[codes.squaredNorm, tensor(gradients), lengthOf(gradients), tensor(partials) + 4 * first]];
    }
    case 'clip': {
      const { partials, results } = operation;
      return [[codes.clip, tensor(partials), lengthOf(partials), tensor(results)]];
    }
    case 'adamw': {
      const { part, offset, length, decayed, results } = operation;
      return [[codes.adamw, ...addresses.slabs(part, offset), length, Number(decayed), tensor(results)]];
    }
    case 'adafactor': {
      const { parameters, gradients, rowState, columnState, rowSums, columnSums, scalars } = operation;
      const { count, rows, columns, vector, decayed, scaled, results } = operation;
      const places = [parameters, gradients, rowState, columnState, rowSums, columnSums, scalars, results];
      const words = [...places.map(tensor), count, rows, columns];
      const flags = Number(vector) + 2 * Number(decayed) + 4 * Number(scaled);
      const codesInOrder = [
        codes.adafactorRows,
        ...(vector ? [] : [codes.adafactorColumns]),
        codes.adafactorTotals,
        codes.adafactorSquares,
        codes.adafactorFactors,
        codes.adafactorApply,
      ];
      return codesInOrder.map((code) => [code, ...words, flags]);
    }
    case 'decodeSelfAttention': {
      const { rows, heads, headSize, qkv, cache, ancestry, bias, context } = operation;
      const length = ancestry.length / addresses.capacities[rows];
      return [
        [
          codes.decodeSelfAttention,
          extent(rows),
          heads,
          headSize,
          tensor(qkv),
          tensor(cache),
          table(ancestry),
          length,
          table(bias.buckets),
          tensor(bias.weight),
          (bias.buckets.length + 1) / 2,
          tensor(context),
        ],
      ];
    }
    case 'decodeCrossAttention': {
      const { rows, heads, headSize, q, k, v, rowSequences, sequences, context } = operation;
      const keys = [...columnWords(k, addresses), ...columnWords(v, addresses)];
      const tables = [table(rowSequences), table(sequences)];
      return [
        [
          codes.decodeCrossAttention,
          extent(rows),
          heads,
          headSize,
          tensor(q),
          ...keys,
          ...tables,
          tensor(context),
        ],
      ];
    }
    case 'argMax': {
      const { rows, logits, ids, finished, generated, endId, padId } = operation;
      const tables = [ids, finished, generated].map(table);
      const capacity = addresses.capacities[rows];
      return [
        [codes.argMax, extent(rows), columnsOf(logits), tensor(logits), ...tables, capacity, endId, padId],
      ];
    }
    default:
      return operation satisfies never;
  }
}

/** Address of the first of these columns, and the row stride in floats. */
function columnWords({ of, from }: Columns, { tensor }: Addresses): [number, number] {
  return [tensor(of) + 4 * from, of.shape[1]!];
}

function encodeMatmul(operation: Matmul, { tensor }: Addresses): number[] {
  const { form, m, n, k, a, b, c, scale, accumulate, epilogue, strides } = operation;
  let aux = 0;
  if (epilogue.kind === 'residual') aux = tensor(epilogue.residual);
  if (epilogue.kind === 'gated') aux = tensor(epilogue.hidden);
  if (epilogue.kind === 'reluBackward' || epilogue.kind === 'gatedBackward')
    aux = tensor(epilogue.activation);
  return [
    codes.matmul,
    forms[form],
    extent(m),
    extent(n),
    extent(k),
    tensor(a),
    tensor(b),
    tensor(c),
    floatBits(scale),
    accumulations[accumulate],
    epilogues[epilogue.kind],
    aux,
    ...dropoutWords(epilogue.kind === 'none' ? null : epilogue.dropout),
    'gate' in epilogue ? gates[epilogue.gate] : 0,
    ...(strides === undefined ? [0, 0, 0] : [strides.a, strides.b, strides.c]),
    Number(b.half === true),
  ];
}

function encodeAttention(
  operation: Extract<Operation, { kind: 'attention' | 'attentionBackward' }>,
  addresses: Addresses,
): number[] {
  const { tensor, table } = addresses;
  const { q, k, v, probabilities, context, dropout } = operation;
  const [, capacity, maxKeys] = probabilities.shape as [number, number, number];
  const backward = operation.kind === 'attentionBackward' ? operation : null;
  const bias = operation.kind === 'attention' ? operation.bias : null;
  const biasLength = bias?.buckets.length ?? backward?.biasPartials?.shape[2] ?? 1;
  const words = [
    codes[operation.kind],
    ...shapeWords(operation, addresses),
    ...[q, k, v].flatMap((columns) => columnWords(columns, addresses)),
    bias === null ? 0 : table(bias.buckets),
    bias === null ? 0 : tensor(bias.weight),
    (biasLength + 1) / 2,
    tensor(probabilities),
    capacity,
    maxKeys,
    tensor(context),
    columnsOf(context),
    ...dropoutWords(dropout),
  ];
  if (backward === null) return words;
  const { dContext, dq, dk, dv, biasPartials, accumulate } = backward;
  return [
    ...words,
    tensor(dContext),
    ...[dq, dk, dv].flatMap((columns) => columnWords(columns, addresses)),
    biasPartials === null ? 0 : tensor(biasPartials),
    accumulations[accumulate],
  ];
}

function shapeWords(shape: AttentionShape, { table }: Addresses): number[] {
  const { heads, headSize, causal, sequences, rows, tileCount, querySequences, keySequences, tiles } = shape;
  return [
    heads,
    headSize,
    Number(causal),
    extent(sequences),
    extent(rows),
    extent(tileCount),
    ...[querySequences, keySequences, tiles].map(table),
  ];
}
