/**
 * How an ONNX graph keeps a student's matrices, and multiplies by them. Layer norms, biases and all that is computed
 * are float32 in every storage.
 */
import { castToFloat, type OnnxGraph } from '../../formats/onnx.ts';
import type { Weights } from '../../student/config.ts';
import { floatsToHalves } from '../../formats/half.ts';

/**
 * - `f32`: as they are.
 * - `f16`: half floats, made float32 when the model is loaded.
 * - `w8`: whole numbers up to 127 with a scale for each row (each output; each piece of the embedding), made float32
 *   when the model is loaded.
 * - `q8`: the same up to 63, multiplied as whole numbers. Inputs of a product are rounded to 8 bits by the largest
 *   value in the whole batch: an answer may depend on its neighbours. 63 because instructions that add two 8-bit
 *   products at 16 bits (AVX2) overflow beyond.
 */
export const onnxStorages = ['f32', 'f16', 'w8', 'q8'] as const;
export type OnnxStorage = (typeof onnxStorages)[number];

const largest8 = { w8: 127, q8: 63 } as const;

/** Matrices of a student in one graph. Weights are [rows, columns], products x · weightᵀ: `rows` is what comes out. */
export class OnnxMatrices {
  readonly #graph: OnnxGraph;
  readonly #weights: Weights;
  readonly #storage: OnnxStorage;
  /** What was rounded to 8 bits already, in each graph: the value, its scale, its zero. */
  readonly #rounded = new Map<OnnxGraph, Map<string, readonly [string, string, string]>>();

  constructor(graph: OnnxGraph, weights: Weights, storage: OnnxStorage) {
    this.#graph = graph;
    this.#weights = weights;
    this.#storage = storage;
  }

  /** @throws RangeError where the student has no such weight. */
  weight(name: string): Float32Array {
    const values = this.#weights.get(name);
    if (values === undefined) throw new RangeError(`no weight "${name}" to export`);
    return values;
  }

  /** A weight as it is, float32 in every storage. */
  exact(name: string, shape: readonly number[]): string {
    return this.#graph.constant(name, 'float', shape, () => this.weight(name));
  }

  /**
   * x · weightᵀ.
   * @param x [.., columns].
   * @param where The graph that the product is computed in.
   */
  product(
    x: string,
    name: string,
    [rows, columns]: readonly [number, number],
    where = this.#graph,
    output?: string,
  ): string {
    const stored = `${name}.transposed`; // [columns, rows]
    const shape = [columns, rows];
    const turned = <T extends Float32Array | Int8Array>(values: T): T => transposed(values, rows, columns);
    const storage = this.#storage;
    switch (storage) {
      case 'f32': {
        const make = (): Float32Array => turned(this.weight(name));
        return where.node('MatMul', [x, this.#graph.constant(stored, 'float', shape, make)], {}, output);
      }
      case 'f16': {
        const make = (): Uint16Array => floatsToHalves(turned(this.weight(name)));
        const half = this.#graph.constant(stored, 'float16', shape, make);
        return where.node('MatMul', [x, this.#once('Cast', [half], `${stored}.float`)], {}, output);
      }
      case 'w8': {
        const matrix = this.#constant8(stored, shape, name, rows, turned);
        const float = this.#once('Cast', [matrix], `${stored}.unscaled`);
        const scaled = this.#once('Mul', [float, this.#scales(name, [rows])], `${stored}.float`);
        return where.node('MatMul', [x, scaled], {}, output);
      }
      case 'q8': {
        const matrix = this.#constant8(stored, shape, name, rows, turned);
        return this.#product8(x, matrix, this.#scales(name, [rows]), where, output);
      }
      default:
        return storage satisfies never;
    }
  }

  /** Rows of the embedding. @param ids int64, any shape. @returns [.., columns]. */
  embedding(ids: string, name: string, shape: readonly [number, number]): string {
    const stored = this.#rows(name, shape);
    const rows = this.#graph.node('Gather', [stored, ids]);
    switch (this.#storage) {
      case 'f32':
        return rows;
      case 'f16':
        return this.#graph.node('Cast', [rows], { to: castToFloat });
      case 'w8':
      case 'q8': {
        const scales = this.#graph.node('Gather', [this.#scales(name, [shape[0], 1]), ids]);
        return this.#graph.node('Mul', [this.#graph.node('Cast', [rows], { to: castToFloat }), scales]);
      }
      default:
        return this.#storage satisfies never;
    }
  }

  /**
   * x · embeddingᵀ, with the matrix that `embedding` reads: a tied output keeps no second copy.
   * @param x [batch, tokens, columns]. @param output [batch, tokens, rows].
   */
  backwards(x: string, name: string, [rows, columns]: readonly [number, number], output: string): void {
    const graph = this.#graph;
    const stored = this.#rows(name, [rows, columns]);
    if (this.#storage === 'q8') {
      const matrix = this.#once('Transpose', [stored], `${name}.transposed`, { perm: [1, 0] });
      this.#product8(x, matrix, this.#scales(name, [rows]), graph, output);
      return;
    }
    let matrix = stored;
    if (this.#storage !== 'f32') matrix = this.#once('Cast', [matrix], `${name}.float`);
    if (this.#storage === 'w8')
      matrix = this.#once('Mul', [matrix, this.#scales(name, [rows, 1])], `${name}.scaled`);
    const flat = graph.node('Reshape', [x, graph.integers(-1, columns)]);
    const logits = graph.node('Gemm', [flat, matrix], { transB: 1 }); // [batch · tokens, rows]
    const shape = graph.node('Shape', [x]);
    const leading = graph.node('Slice', [shape, graph.integers(0), graph.integers(2)]);
    const whole = graph.node('Concat', [leading, graph.integers(rows)], { axis: 0 });
    graph.node('Reshape', [logits, whole], {}, output);
  }

  /** The embedding as stored, [rows, columns]. */
  #rows(name: string, shape: readonly [number, number]): string {
    const storage = this.#storage;
    switch (storage) {
      case 'f32':
        return this.exact(name, shape);
      case 'f16':
        return this.#graph.constant(name, 'float16', shape, () => floatsToHalves(this.weight(name)));
      case 'w8':
      case 'q8':
        return this.#constant8(name, shape, name, shape[0], (values) => values);
      default:
        return storage satisfies never;
    }
  }

  /** A node of the outer graph made of constants alone, kept once: runtimes compute it when they load the model. */
  #once(
    operator: string,
    inputs: readonly string[],
    output: string,
    attributes: Readonly<Record<string, readonly number[]>> = {},
  ): string {
    if (!this.#made.has(output)) {
      this.#made.add(output);
      this.#graph.node(operator, inputs, operator === 'Cast' ? { to: castToFloat } : attributes, output);
    }
    return output;
  }
  readonly #made = new Set<string>();

  /** The scale of each row, [rows] or as `shape` says. */
  #scales(name: string, shape: readonly number[]): string {
    const make = (): Float32Array => rowScales(this.weight(name), shape[0]!, this.#largest);
    return this.#graph.constant(`${name}.scale${shape.length === 1 ? '' : 's'}`, 'float', shape, make);
  }

  #constant8(
    stored: string,
    shape: readonly number[],
    name: string,
    rows: number,
    arrange: (values: Int8Array) => Int8Array,
  ): string {
    const make = (): Int8Array => {
      const values = this.weight(name);
      return arrange(rounded8(values, rowScales(values, rows, this.#largest), this.#largest));
    };
    return this.#graph.constant(stored, 'int8', shape, make);
  }

  get #largest(): number {
    return this.#storage === 'q8' ? largest8.q8 : largest8.w8;
  }

  #product8(x: string, matrix: string, scales: string, where: OnnxGraph, output?: string): string {
    const known = this.#rounded.get(where) ?? new Map<string, readonly [string, string, string]>();
    this.#rounded.set(where, known);
    const [values, scale, zero] =
      known.get(x) ?? (where.nodes('DynamicQuantizeLinear', [x], 3) as [string, string, string]);
    known.set(x, [values, scale, zero]);
    const sums = where.node('MatMulInteger', [values, matrix, zero]);
    const factors = where.node('Mul', [scale, scales]);
    return where.node('Mul', [where.node('Cast', [sums], { to: castToFloat }), factors], {}, output);
  }
}

/** [rows, columns] as [columns, rows]. */
function transposed<T extends Float32Array | Int8Array>(values: T, rows: number, columns: number): T {
  const turned = values.slice() as T;
  for (let row = 0; row < rows; row += 1) {
    for (let column = 0; column < columns; column += 1) {
      turned[column * rows + row] = values[row * columns + column]!;
    }
  }
  return turned;
}

/** What a step of each row's whole numbers is worth; 1 for a row of zeros. */
function rowScales(values: Float32Array, rows: number, largest: number): Float32Array {
  const columns = values.length / rows;
  const scales = new Float32Array(rows);
  for (let row = 0; row < rows; row += 1) {
    let top = 0;
    for (let at = row * columns; at < (row + 1) * columns; at += 1)
      top = Math.max(top, Math.abs(values[at]!));
    scales[row] = top / largest;
    // A row of zeros, or of values so small that the scale is none.
    if (scales[row] === 0) scales[row] = 1;
  }
  return scales;
}

function rounded8(values: Float32Array, scales: Float32Array, largest: number): Int8Array {
  const columns = values.length / scales.length;
  const rounded = new Int8Array(values.length);
  for (let row = 0; row < scales.length; row += 1) {
    for (let at = row * columns; at < (row + 1) * columns; at += 1) {
      rounded[at] = Math.max(-largest, Math.min(largest, Math.round(values[at]! / scales[row]!)));
    }
  }
  return rounded;
}
