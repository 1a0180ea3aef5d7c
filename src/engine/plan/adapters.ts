/**
 * Adapters (LoRA) as operations. With the modules of a block side by side, as its product is:
 *   u = scale·drop(x)·Aᵀ [rows, modules · rank]; y[:, module] += u[:, module]·Bᵀ
 *   du = scale·dy[:, module]·B; dA = duᵀ·drop(x); dB = dy[:, module]ᵀ·u; dx += drop(du·A).
 * The scale is applied where it is cheap. Without dropout all modules of a block share the products with A; with it
 * each has its own mask, as peft has it, and its input is dropped once more on the way back instead of being kept.
 */
import { adapterSite } from '../dropout.ts';
import type { PlanBuilder } from './builder.ts';
import type { Accumulate, Drop, Matmul } from './operations.ts';
import type { CountName, Extent, Tensor } from './plan.ts';
import type { BlockAdapters } from './slab-layout.ts';

type Adding = Exclude<Accumulate, 'laterPasses'>;

/** A product whose operands may be columns of wider matrices: the last dimensions of their shapes are the strides. */
function product(
  form: Matmul['form'],
  [m, n, k]: readonly [Extent, Extent, Extent],
  { a, b, c }: { a: Tensor; b: Tensor; c: Tensor },
  accumulate: Accumulate,
  scale = 1,
): Matmul {
  return {
    kind: 'matmul',
    form,
    m,
    n,
    k,
    a,
    b,
    c,
    scale,
    accumulate,
    epilogue: { kind: 'none' },
    strides: { a: a.shape[1]!, b: b.shape[1]!, c: c.shape[1]! },
  };
}

/** A matrix from this column on. */
function columnsFrom(of: Tensor, from: number): Tensor {
  return { ...of, offset: of.offset + from };
}

/** What is in `output` afterwards is, in the block's columns, u·Bᵀ alone (`never`) or on top of what was there. */
export function addAdapters(
  builder: PlanBuilder,
  rows: CountName,
  firstName: string,
  { input, output }: { input: Tensor; output: Tensor },
  accumulate: Adding,
): boolean {
  const adapters = builder.adapters('parameters', firstName);
  if (adapters === null) return false;
  const u = addDown(builder, rows, firstName, adapters, input);
  const { rank, modules } = adapters;
  // Columns of layers without adapters hold nothing yet.
  const covered = modules.reduce((sum, { outputs }) => sum + outputs, 0);
  const adds = accumulate === 'never' && covered < output.shape[1]! ? 'always' : accumulate;
  if (adds !== accumulate) builder.add({ kind: 'zero', target: output, accumulate: 'never' });
  modules.forEach(({ b, firstOutput, outputs }, index) => {
    const operands = { a: columnsFrom(u, index * rank), b, c: columnsFrom(output, firstOutput) };
    builder.add(product('nt', [rows, outputs, rank], operands, adds));
  });
  return true;
}

/** u of a block with one module, for a product onto the residual stream; null where the block has no adapters. */
export function addResidualAdapter(
  builder: PlanBuilder,
  rows: CountName,
  firstName: string,
  input: Tensor,
): { u: Tensor; b: Tensor } | null {
  const adapters = builder.adapters('parameters', firstName);
  if (adapters === null) return null;
  return { u: addDown(builder, rows, firstName, adapters, input), b: adapters.modules[0]!.b };
}

function addDown(
  builder: PlanBuilder,
  rows: CountName,
  firstName: string,
  { a, modules, rank, scale, dropout }: BlockAdapters,
  input: Tensor,
): Tensor {
  const inputs = input.shape[1]!;
  const u = builder.rows(rows, modules.length * rank);
  builder.adapterInputs.set(firstName, u);
  if (builder.adapterUse !== 'dropped') {
    builder.add(
      product('nt', [rows, modules.length * rank, inputs], { a: input, b: a, c: u }, 'never', scale),
    );
    return u;
  }
  modules.forEach((module, index) => {
    const dropped = addDropped(builder, rows, module.name, dropout, input);
    const operands = { a: dropped, b: module.a, c: columnsFrom(u, index * rank) };
    builder.add(product('nt', [rows, rank, inputs], operands, 'never', scale));
  });
  return u;
}

function addDropped(
  builder: PlanBuilder,
  rows: CountName,
  module: string,
  rate: number,
  input: Tensor,
): Tensor {
  const output = builder.rows(rows, input.shape[1]!);
  builder.add(drop(rows, module, rate, { input, output }, 'never'));
  return output;
}

function drop(
  rows: CountName,
  module: string,
  rate: number,
  operands: { input: Tensor; output: Tensor },
  accumulate: Adding,
): Drop {
  const stack = rows === 'encoderRows' ? 'encoder' : 'decoder';
  return { kind: 'drop', rows, rate, dropout: { site: adapterSite(module), stack }, ...operands, accumulate };
}

/**
 * du, and with `dx` what it makes of the input's gradient: overwritten or added to.
 * @returns Null where the block has no adapters.
 */
export function addAdapterInputGradient(
  builder: PlanBuilder,
  rows: CountName,
  firstName: string,
  { dy, dx }: { dy: Tensor; dx: Tensor | null },
  accumulate: Adding,
): Tensor | null {
  const adapters = builder.adapters('parameters', firstName);
  if (adapters === null) return null;
  const { a, modules, rank, scale, dropout } = adapters;
  const du = builder.rows(rows, modules.length * rank);
  modules.forEach(({ b, firstOutput, outputs }, index) => {
    const operands = { a: columnsFrom(dy, firstOutput), b, c: columnsFrom(du, index * rank) };
    builder.add(product('nn', [rows, rank, outputs], operands, 'never', scale));
  });
  if (dx === null) return du;
  const inputs = dx.shape[1]!;
  if (builder.adapterUse !== 'dropped') {
    builder.add(product('nn', [rows, inputs, modules.length * rank], { a: du, b: a, c: dx }, accumulate));
    return du;
  }
  modules.forEach((module, index) => {
    const input = builder.rows(rows, inputs);
    const operands = { a: columnsFrom(du, index * rank), b: module.a, c: input };
    builder.add(product('nn', [rows, inputs, rank], operands, 'never'));
    const adds = index === 0 ? accumulate : 'always';
    builder.add(drop(rows, module.name, dropout, { input, output: dx }, adds));
  });
  return du;
}

/** Gradients of A and B. @param du As `addAdapterInputGradient` has made it. */
export function addAdapterGradients(
  builder: PlanBuilder,
  rows: CountName,
  firstName: string,
  { dy, input, du }: { dy: Tensor; input: Tensor; du: Tensor },
): void {
  const { a, modules, rank, dropout } = builder.adapters('gradients', firstName)!;
  const u = builder.adapterInputs.get(firstName)!;
  const inputs = input.shape[1]!;
  modules.forEach(({ b, firstOutput, outputs }, index) => {
    const operands = { a: columnsFrom(dy, firstOutput), b: columnsFrom(u, index * rank), c: b };
    builder.add(product('tn', [outputs, rank, rows], operands, 'laterPasses'));
  });
  if (builder.adapterUse !== 'dropped') {
    const operands = { a: du, b: input, c: a };
    builder.add(product('tn', [modules.length * rank, inputs, rows], operands, 'laterPasses'));
    return;
  }
  modules.forEach((module, index) => {
    const dropped = addDropped(builder, rows, module.name, dropout, input);
    const operands = { a: columnsFrom(du, index * rank), b: dropped, c: module.a };
    builder.add(product('tn', [rank, inputs, rows], operands, 'laterPasses'));
  });
}
