/**
 * Every adjoint by directional finite differences in double precision: for a forward operation with inputs x and
 * outputs y, and any weights w of the outputs, Σ w·(y(x + εd) - y(x - εd)) / 2ε must be what the adjoint makes of w.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Operation } from '../operations.ts';
import type { Tensor } from '../plan.ts';
import { caseSizes } from '../testing/case-sizes.ts';
import { operationCases, type CaseSizes } from '../testing/operation-cases.ts';
import { labLayout, OperationLab } from '../testing/operation-lab.ts';
import { TwinExecutor } from './twin-executor.ts';

const epsilon = 1e-5;
const executor = new TwinExecutor(labLayout());

function dot(a: Float64Array, b: Float64Array): number {
  // What is NaN on either side lies beyond the counts.
  return a.reduce((sum, value, index) => {
    const term = value * b[index]!;
    return Number.isNaN(term) ? sum : sum + term;
  }, 0);
}

/** Whether the slope of Σ w·outputs along a random direction of the inputs is Σ direction·gradients. */
async function expectSlope(
  lab: OperationLab,
  forward: readonly Operation[],
  inputs: readonly { tensor: Tensor; gradient: Float64Array }[],
  outputs: readonly { tensor: Tensor; weight: Float64Array }[],
): Promise<void> {
  const kept = inputs.map(({ tensor }) => lab.valuesOf(tensor).slice());
  const directions = kept.map(({ length }) => lab.randomFloats(length));
  const at = async (distance: number): Promise<number> => {
    inputs.forEach(({ tensor }, input) => {
      const values = lab.valuesOf(tensor);
      values.forEach((_, i) => (values[i] = kept[input]![i]! + distance * directions[input]![i]!));
    });
    const found = await lab.results(executor, forward);
    return outputs.reduce((sum, { tensor, weight }) => sum + dot(OperationLab.of(found, tensor), weight), 0);
  };
  const measured = ((await at(epsilon)) - (await at(-epsilon))) / (2 * epsilon);
  inputs.forEach(({ tensor }, input) => lab.valuesOf(tensor).set(kept[input]!));
  const claimed = inputs.reduce((sum, { gradient }, input) => sum + dot(gradient, directions[input]!), 0);
  const scale = inputs.reduce((sum, { gradient }) => sum + Math.sqrt(dot(gradient, gradient)), 1e-3);
  expect(Math.abs(measured - claimed) / scale).toBeLessThan(1e-6);
}

/** NaN where there is no gradient, so that nothing is compared there. */
function difference(after: Float64Array, before: Float64Array): Float64Array {
  return after.map((value, index) => value - before[index]!);
}

function check(name: string, property: (sizes: CaseSizes) => Promise<void>, runs = 40): void {
  test(name, async () => {
    await fc.assert(fc.asyncProperty(caseSizes, property), { numRuns: runs });
  });
}

describe('adjoints', () => {
  check('embedding', async (sizes) => {
    const { lab, operations } = operationCases.embedBackward!({ ...sizes, dropout: false });
    const [backward] = operations;
    if (backward?.kind !== 'embedBackward') throw new Error('unexpected case');
    // The forward of both stacks, with ids spelt out from the index.
    const idOf = (position: number) => 2 * (position % 3);
    const rows = sizes.rows;
    const weight = lab.filled(backward.output.shape);
    const forwards = (['encoderRows', 'decoderRows'] as const).map((name, stack) => ({
      kind: 'embed' as const,
      rows: name,
      ids: lab.table(Array.from({ length: rows }, (_, row) => idOf(row + stack * rows))),
      weight,
      output: lab.output(name, sizes.columns),
      dropout: null,
    }));
    const before = lab.valuesOf(backward.output).slice();
    const found = await lab.results(executor, operations);
    const gradient = difference(OperationLab.of(found, backward.output), before);
    await expectSlope(
      lab,
      forwards,
      [{ tensor: weight, gradient }],
      [
        { tensor: forwards[0]!.output, weight: lab.valuesOf(backward.encoder) },
        { tensor: forwards[1]!.output, weight: lab.valuesOf(backward.decoder) },
      ],
    );
  });

  check('rmsNorm, its weight, and the copy for the sublayer below', async (drawn) => {
    // In one or two columns a norm is all but the sign of its input: near zero no difference quotient sees its slope.
    const sizes = { ...drawn, columns: Math.max(4, drawn.columns) };
    const { lab, operations } = operationCases.rmsNormBackward!(sizes);
    const [forward, backward] = operations;
    if (forward?.kind !== 'rmsNorm' || backward?.kind !== 'rmsNormBackward')
      throw new Error('unexpected case');
    const before = lab.valuesOf(backward.dx).slice();
    const found = await lab.results(executor, operations);
    const after = OperationLab.of(found, backward.dx);
    const partials = OperationLab.of(found, backward.partials);
    const { columns } = sizes;
    const dWeight = Float64Array.from({ length: columns }, (_, column) =>
      [0, 1, 2, 3].reduce((sum, partial) => sum + partials[partial * columns + column]!, 0),
    );
    await expectSlope(
      lab,
      [forward],
      [
        { tensor: forward.x, gradient: sizes.accumulate ? difference(after, before) : after },
        { tensor: forward.weight, gradient: dWeight },
      ],
      [{ tensor: forward.y, weight: lab.valuesOf(backward.dy) }],
    );
    const next = OperationLab.of(found, backward.next!.output);
    const keep = sizes.dropout ? Math.fround(1 / 0.7) : 1;
    next.forEach((value, index) => {
      if (!Number.isNaN(value) && value !== 0) expect(value).toBe(after[index]! * keep);
    });
    if (!sizes.dropout) expect(next).toEqual(after);
  });

  for (const kind of ['bidirectional', 'causal', 'cross']) {
    check(`attention, ${kind}, and the table of biases`, async (sizes) => {
      const accumulate = false;
      const { lab, operations } = operationCases[`attentionBackward, ${kind}`]!({ ...sizes, accumulate });
      const [forward, backward, bias] = operations;
      if (forward?.kind !== 'attention' || backward?.kind !== 'attentionBackward') {
        throw new Error('unexpected case');
      }
      const found = await lab.results(executor, operations);
      const of = (tensor: Tensor) => OperationLab.of(found, tensor);
      // Gradients lie as the inputs do.
      const inputs = [{ tensor: forward.q.of, gradient: of(backward.dq.of) }];
      if (forward.k.of !== forward.q.of) {
        inputs.push({ tensor: forward.k.of, gradient: of(backward.dk.of) });
      }
      if (bias?.kind === 'biasGradient') {
        inputs.push({ tensor: forward.bias!.weight, gradient: of(bias.output) });
      }
      await expectSlope(lab, [forward], inputs, [
        { tensor: forward.context, weight: lab.valuesOf(backward.dContext) },
      ]);
    });
  }

  check('cross entropy', async (sizes) => {
    const { lab, operations } = operationCases['crossEntropy with gradient']!({
      ...sizes,
      accumulate: false,
    });
    const [operation] = operations;
    if (operation?.kind !== 'crossEntropy') throw new Error('unexpected case');
    const found = await lab.results(executor, operations);
    await expectSlope(
      lab,
      [{ ...operation, gradient: false }],
      [{ tensor: operation.logits, gradient: OperationLab.of(found, operation.logits) }],
      [{ tensor: operation.losses, weight: lab.valuesOf(operation.rowWeights!) }],
    );
  });

  check('matrix products: input by nn, weight by tn', async ({ rows, columns, inner, seed }) => {
    const lab = new OperationLab(seed);
    lab.counts.encoderRows = rows;
    const name = 'encoderRows';
    const plain = { kind: 'matmul', scale: 0.5, accumulate: 'never', epilogue: { kind: 'none' } } as const;
    const a = lab.rows(name, inner);
    const b = lab.filled([columns, inner]);
    const c = lab.output(name, columns);
    const dc = lab.rows(name, columns);
    const da = lab.output(name, inner);
    const db = lab.tensor([columns, inner]);
    const forward: Operation = { ...plain, form: 'nt', m: name, n: columns, k: inner, a, b, c };
    const found = await lab.results(executor, [
      { ...plain, form: 'nn', m: name, n: inner, k: columns, a: dc, b, c: da },
      { ...plain, form: 'tn', m: columns, n: inner, k: name, a: dc, b: a, c: db },
    ]);
    await expectSlope(
      lab,
      [forward],
      [
        { tensor: a, gradient: OperationLab.of(found, da) },
        { tensor: b, gradient: OperationLab.of(found, db) },
      ],
      [{ tensor: c, weight: lab.valuesOf(dc) }],
    );
  });

  for (const name of ['relu', 'gated by gelu', 'gated by silu'] as const) {
    const gate = name === 'relu' ? null : name === 'gated by gelu' ? 'gelu' : 'silu';
    check(`${name} and its dropout`, async (sizes) => {
      const { lab, operations } = operationCases[`matmul nt, ${name}`]!(sizes);
      const [first] = operations;
      if (first?.kind !== 'matmul') throw new Error('unexpected case');
      // The upstream gradient v is a product with the identity; what is asked for is d(hidden).
      const { columns } = sizes;
      const width = gate === null ? columns : 2 * columns;
      const identity = Float64Array.from({ length: columns ** 2 }, (_, i) =>
        i % (columns + 1) === 0 ? 1 : 0,
      );
      const dc = lab.rows('encoderRows', columns);
      const dHidden = gate === null ? lab.output('encoderRows', columns) : hiddenOf(first);
      const activation = gate === null ? first.c : lab.output('encoderRows', columns);
      const { dropout } = first.epilogue as { dropout: null };
      const backward: Operation = {
        kind: 'matmul',
        form: 'nn',
        m: 'encoderRows',
        n: columns,
        k: columns,
        scale: 1,
        a: dc,
        b: lab.tensor([columns, columns], identity),
        c: dHidden,
        accumulate: 'never',
        epilogue:
          gate === null
            ? { kind: 'reluBackward', activation, dropout }
            : { kind: 'gatedBackward', gate, activation, dropout },
      };
      const found = await lab.results(executor, [first, backward]);
      if (gate !== null) {
        expect(OperationLab.of(found, activation)).toEqual(OperationLab.of(found, first.c));
      }
      // d(a) = d(hidden) · b · scale, spelt out.
      const hidden = OperationLab.of(found, dHidden);
      const b = lab.valuesOf(first.b);
      const { inner, rows } = sizes;
      const dA = new Float64Array((rows + 2) * inner);
      for (let row = 0; row < rows; row += 1) {
        for (let i = 0; i < inner; i += 1) {
          for (let n = 0; n < width; n += 1) {
            dA[row * inner + i]! += hidden[row * width + n]! * b[n * inner + i]! * first.scale;
          }
        }
      }
      await expectSlope(
        lab,
        [first],
        [{ tensor: first.a, gradient: dA }],
        [{ tensor: first.c, weight: lab.valuesOf(dc) }],
      );
    });
  }
});

function hiddenOf(operation: Operation): Tensor {
  if (operation.kind === 'matmul' && operation.epilogue.kind === 'gated') return operation.epilogue.hidden;
  throw new Error('unexpected case');
}
