/** Matrix products, rows, loss and update against their f64 twins, on awkward shapes, and on several threads against one. */
import fc from 'fast-check';
import { describe, test } from 'vitest';
import { RandomSequence } from '../../base/random.ts';
import type { Epilogue, Gate, Matmul } from '../plan/operations.ts';
import { embeddingIndex } from '../plan/passes.ts';
import { accumulate, check, dropout, makeBench, seed, size, where } from './testing/arbitraries.ts';

describe('matmul', () => {
  const form = fc.constantFrom<Matmul['form']>('nt', 'nn', 'tn');
  const long = fc.oneof(size, fc.constantFrom(256, 257, 300, 520));

  test('all forms, with and without adding', async () => {
    await check(
      fc.asyncProperty(
        seed,
        form,
        size,
        long,
        long,
        accumulate,
        fc.constantFrom(1, 0.3),
        where,
        async (...given) => {
          const [value, kind, m, n, k, mode, scale, run] = given;
          const bench = makeBench(value);
          const operation: Matmul = {
            kind: 'matmul',
            form: kind,
            m,
            n,
            k,
            scale,
            accumulate: mode,
            epilogue: { kind: 'none' },
            a: bench.tensor([m, k]),
            b: bench.tensor([n, k]),
            c: bench.tensor([m, n]),
          };
          await bench.check(operation, run, 1e-5);
        },
      ),
      60,
    );
  });

  test('rows counted at run time, none among them', async () => {
    await check(
      fc.asyncProperty(seed, fc.nat({ max: 40 }), size, size, async (value, rows, n, m) => {
        const bench = makeBench(value);
        const operation: Matmul = {
          kind: 'matmul',
          form: 'tn',
          m,
          n,
          k: 'decoderRows',
          scale: 1,
          accumulate: 'never',
          epilogue: { kind: 'none' },
          // Rows that are not there must not be read.
          a: bench.tensor([rows + 3, m], 1, [
            ...Array<number>(rows * m).fill(0.5),
            ...Array<number>(3 * m).fill(NaN),
          ]),
          b: bench.tensor([rows + 3, n]),
          c: bench.tensor([m, n]),
        };
        await bench.check(operation, { counts: { decoderRows: rows } }, 1e-5);
      }),
      15,
    );
  });

  test('epilogues', async () => {
    const kinds = fc.constantFrom<Epilogue['kind']>(
      'residual',
      'relu',
      'gated',
      'reluBackward',
      'gatedBackward',
    );
    await check(
      fc.asyncProperty(
        seed,
        kinds,
        fc.constantFrom<Gate>('gelu', 'silu'),
        size,
        long,
        fc.oneof(size, fc.constant(300)),
        dropout,
        where,
        async (...given) => {
          const [value, kind, gate, m, half, k, drop, run] = given;
          const bench = makeBench(value);
          const n = kind === 'gated' ? 2 * half : half;
          const width = kind === 'gated' ? half : kind === 'gatedBackward' ? 2 * half : half;
          const [a, b, c] = [bench.tensor([m, k]), bench.tensor([n, k]), bench.tensor([m, width], 3)];
          const epilogue = ((): Epilogue => {
            switch (kind) {
              case 'residual':
                return { kind, residual: bench.tensor([m, n]), dropout: drop };
              case 'gated':
                return { kind, gate, hidden: bench.tensor([m, n]), dropout: drop };
              case 'reluBackward':
                return { kind, activation: bench.tensor([m, n]), dropout: drop };
              case 'gatedBackward':
                return { kind, gate, activation: bench.tensor([m, n]), dropout: drop };
              default:
                return { kind: 'relu', dropout: drop };
            }
          })();
          const backward = kind === 'reluBackward' || kind === 'gatedBackward';
          const operation: Matmul = {
            kind: 'matmul',
            form: backward ? 'nn' : 'nt',
            m,
            n,
            k,
            a,
            b,
            c,
            scale: 1,
            accumulate: 'never',
            epilogue,
          };
          await bench.check(operation, run, 1e-5);
        },
      ),
      60,
    );
  });
});

describe('rows', () => {
  test('embed and its gradient, ids repeated', async () => {
    await check(
      fc.asyncProperty(
        seed,
        size,
        fc.array(fc.nat({ max: 6 }), { minLength: 1, maxLength: 40 }),
        fc.nat({ max: 9 }),
        dropout,
        where,
        async (...given) => {
          const [value, columns, ids, inDecoder, drop, run] = given;
          const one = makeBench(value);
          const rows = ids.length;
          const weight = one.tensor([7, columns]);
          const embed = {
            kind: 'embed',
            rows: 'encoderRows',
            ids: one.table(ids),
            weight,
            dropout: drop,
          } as const;
          await one.check(
            { ...embed, output: one.tensor([rows + 2, columns]) },
            { ...run, counts: { encoderRows: rows } },
            1e-7,
          );

          const other = makeBench(value);
          const decoderIds = ids.slice(0, inDecoder);
          const index = embeddingIndex(Int32Array.from(ids), Int32Array.from(decoderIds));
          const tables = {
            ids: other.table(index.ids),
            starts: other.table(index.starts),
            rows: other.table(index.rows),
          };
          const tensors = {
            encoder: other.tensor([rows, columns]),
            decoder: other.tensor([decoderIds.length, columns]),
            output: other.tensor([7, columns]),
          };
          const counts = { encoderRows: rows, decoderRows: decoderIds.length, distinctIds: index.ids.length };
          await other.check({ kind: 'embedBackward', ...tables, ...tensors }, { counts }, 1e-6);
        },
      ),
      25,
    );
  });

  test('layer norm and its adjoint', async () => {
    await check(
      fc.asyncProperty(
        seed,
        fc.integer({ min: 1, max: 70 }),
        size,
        dropout,
        dropout,
        fc.boolean(),
        where,
        async (...given) => {
          const [value, rows, columns, drop, below, adds, run] = given;
          const counts = { decoderRows: rows };
          const one = makeBench(value);
          const shape = [rows + 1, columns];
          const [x, weight, y, inverse] = [
            one.tensor(shape),
            one.tensor([columns]),
            one.tensor(shape),
            one.tensor([rows + 1]),
          ];
          await one.check(
            { kind: 'rmsNorm', rows: 'decoderRows', x, weight, y, inverse, epsilon: 1e-6, dropout: drop },
            { ...run, counts },
            1e-6,
          );

          const other = makeBench(value);
          await other.check(
            {
              kind: 'rmsNormBackward',
              rows: 'decoderRows',
              dropout: drop,
              accumulate: adds ? 'always' : 'never',
              dy: other.tensor(shape),
              x: other.tensor(shape),
              inverse: other.tensor([rows + 1]),
              weight: other.tensor([columns]),
              dx: other.tensor(shape),
              partials: other.tensor([64, columns]),
              next: below === null ? null : { output: other.tensor(shape), dropout: below },
            },
            { ...run, counts },
            5e-6,
          );
        },
      ),
      25,
    );
  });

  test('sums of partial results', async () => {
    await check(
      fc.asyncProperty(
        seed,
        fc.integer({ min: 1, max: 4 }),
        fc.integer({ min: 1, max: 64 }),
        size,
        accumulate,
        where,
        async (...given) => {
          const [value, groups, count, columns, mode, run] = given;
          const bench = makeBench(value);
          const [partials, output] = [
            bench.tensor([groups, count, columns]),
            bench.tensor([groups, columns]),
          ];
          await bench.check({ kind: 'sumPartials', partials, output, accumulate: mode }, run, 1e-6);
        },
      ),
      15,
    );
  });
});

describe('loss and update', () => {
  test('cross entropy, rows left out among them', async () => {
    await check(
      fc.asyncProperty(
        seed,
        fc.integer({ min: 1, max: 20 }),
        fc.oneof(size, fc.constant(5003)),
        fc.boolean(),
        accumulate,
        where,
        async (...given) => {
          const [value, rows, columns, gradient, mode, run] = given;
          const bench = makeBench(value);
          const random = new RandomSequence(value, 1);
          const labels = Array.from({ length: rows }, () =>
            random.next() < 0.3 ? -1 : random.nextInt(columns),
          );
          await bench.check(
            {
              kind: 'crossEntropy',
              rows: 'decoderRows',
              logits: bench.tensor([rows + 1, columns], 20),
              labels: bench.table(labels),
              rowWeights: gradient ? bench.tensor([rows]) : null,
              losses: bench.tensor([rows + 1]),
              results: bench.tensor([8]),
              accumulate: mode,
              gradient,
            },
            { ...run, counts: { decoderRows: rows, answerRows: random.nextInt(rows + 1) } },
            2e-6,
          );
        },
      ),
      25,
    );
  });

  test('norm, clip and zero', async () => {
    await check(
      fc.asyncProperty(
        seed,
        fc.constantFrom(64, 16_384, 16_448, 40_000),
        fc.constantFrom(0, 1, 1e6),
        where,
        async (...given) => {
          const [value, length, maxGradNorm, run] = given;
          const one = makeBench(value);
          const [gradients, partials] = [one.tensor([length]), one.tensor([5])];
          await one.check({ kind: 'squaredNorm', gradients, partials, first: 1 }, run, 1e-6);
          const other = makeBench(value);
          const positive = Array.from({ length: 5 }, (_, index) => index + 0.5);
          await other.check(
            { kind: 'clip', partials: other.tensor([5], 1, positive), results: other.tensor([8]) },
            { ...run, maxGradNorm },
            1e-6,
          );
          const last = makeBench(value);
          await last.check(
            { kind: 'zero', target: last.tensor([length]), accumulate: 'laterPasses' },
            run,
            0,
          );
        },
      ),
      10,
    );
  });
});
