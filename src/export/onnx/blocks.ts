/** T5's parts as ONNX nodes. Source for what they compute: Hugging Face, modeling_t5.py. */
import { castToFloat, type OnnxGraph } from '../../formats/onnx.ts';
import { relativeBuckets } from '../../engine/relative-buckets.ts';
import type { T5Config } from '../../student/config.ts';
import type { OnnxMatrices } from './matrices.ts';

/** The lowest float32: added to a score, it leaves a weight of 0. */
const lowest = -3.4028234663852886e38;

export type Stack = 'encoder' | 'decoder';

export class T5Blocks {
  readonly #graph: OnnxGraph;
  readonly #config: T5Config;
  readonly #matrices: OnnxMatrices;

  constructor(graph: OnnxGraph, config: T5Config, matrices: OnnxMatrices) {
    this.#graph = graph;
    this.#config = config;
    this.#matrices = matrices;
  }

  /** Width of all heads together. */
  get inner(): number {
    return this.#config.num_heads * this.#config.d_kv;
  }

  /** x / √(mean x² + ε) · weight; no mean is taken away. */
  norm(x: string, name: string, output?: string): string {
    const graph = this.#graph;
    const { d_model, layer_norm_epsilon } = this.#config;
    const squares = graph.node('Pow', [x, graph.scalar(2)]);
    const mean = graph.node('ReduceMean', [squares], { axes: [-1], keepdims: 1 });
    const root = graph.node('Sqrt', [graph.node('Add', [mean, graph.scalar(layer_norm_epsilon)])]);
    const weight = this.#matrices.exact(`${name}.weight`, [d_model]);
    return graph.node('Mul', [graph.node('Div', [x, root]), weight], {}, output);
  }

  /** [batch, tokens, inner] by heads: [batch, heads, tokens, d_kv]. */
  heads(x: string, where = this.#graph, output?: string): string {
    const { num_heads, d_kv } = this.#config;
    const split = where.node('Reshape', [x, this.#graph.integers(0, 0, num_heads, d_kv)]);
    return where.node('Transpose', [split], { perm: [0, 2, 1, 3] }, output);
  }

  /** A projection into the heads: `q`, `k` or `v` of an attention. */
  projected(
    x: string,
    attention: string,
    part: 'q' | 'k' | 'v',
    where = this.#graph,
    output?: string,
  ): string {
    const shape = [this.inner, this.#config.d_model] as const;
    return this.heads(this.#matrices.product(x, `${attention}.${part}.weight`, shape, where), where, output);
  }

  /**
   * softmax(q · kᵀ + bias) · v, and out again; T5 does not scale the scores.
   * @param q, k, v By heads. @param bias Added to [batch, heads, queries, keys].
   */
  attended(q: string, k: string, v: string, bias: string, attention: string): string {
    const graph = this.#graph;
    const across = graph.node('Transpose', [k], { perm: [0, 1, 3, 2] });
    const scores = graph.node('Add', [graph.node('MatMul', [q, across]), bias]);
    const mixed = graph.node('MatMul', [graph.node('Softmax', [scores], { axis: -1 }), v]);
    const beside = graph.node('Transpose', [mixed], { perm: [0, 2, 1, 3] });
    const joined = graph.node('Reshape', [beside, graph.integers(0, 0, this.inner)]);
    return this.#matrices.product(joined, `${attention}.o.weight`, [this.#config.d_model, this.inner]);
  }

  feedForward(x: string, path: string): string {
    const { d_model, d_ff, feed_forward_proj } = this.#config;
    const into = (part: string): string =>
      this.#matrices.product(x, `${path}.${part}.weight`, [d_ff, d_model]);
    const hidden =
      feed_forward_proj === 'relu'
        ? this.#graph.node('Relu', [into('wi')])
        : this.#graph.node('Mul', [this.#gate(into('wi_0'), feed_forward_proj), into('wi_1')]);
    return this.#matrices.product(hidden, `${path}.wo.weight`, [d_model, d_ff]);
  }

  #gate(x: string, kind: 'gated-gelu' | 'gated-silu'): string {
    const graph = this.#graph;
    if (kind === 'gated-silu') return graph.node('Mul', [x, graph.node('Sigmoid', [x])]);
    // GELU's tanh form, `NewGELUActivation`.
    const cube = graph.node('Mul', [graph.node('Pow', [x, graph.scalar(3)]), graph.scalar(0.044715)]);
    const inside = graph.node('Mul', [graph.node('Add', [x, cube]), graph.scalar(Math.sqrt(2 / Math.PI))]);
    const above = graph.node('Add', [graph.node('Tanh', [inside]), graph.scalar(1)]);
    return graph.node('Mul', [graph.node('Mul', [x, graph.scalar(0.5)]), above]);
  }

  /** One size of a value, as an int64 vector of one. */
  size(x: string, axis: number): string {
    return this.#graph.node('Gather', [this.#graph.node('Shape', [x]), this.#graph.integers(axis)]);
  }

  /** Whole numbers from `from` to below `to`, both int64 vectors of one. */
  range(from: string, to: string): string {
    const graph = this.#graph;
    const single = (value: string): string => graph.node('Squeeze', [value, graph.integers(0)]);
    return graph.node('Range', [single(from), single(to), graph.integer(1)]);
  }

  /**
   * How far each key is after each query, cut off where buckets no longer tell distances apart, as a row of the table
   * that `positionBias` looks in: int64 [queries, keys].
   */
  distances(queries: string, keys: string): string {
    const graph = this.#graph;
    const far = this.#config.relative_attention_max_distance;
    const across = graph.node('Unsqueeze', [keys, graph.integers(0)]);
    const down = graph.node('Unsqueeze', [queries, graph.integers(1)]);
    const distance = graph.node('Sub', [across, down]);
    const near = graph.node('Min', [graph.node('Max', [distance, graph.integer(-far)]), graph.integer(far)]);
    return graph.node('Add', [near, graph.integer(far)]);
  }

  /**
   * The relative position bias of one block's self-attention, [1, heads, queries, keys]. Buckets are a table, made
   * when the file is: a logarithm in the graph may be a little off, and positions at the edges jump.
   */
  positionBias(stack: Stack, block: number, distances: string): string {
    const graph = this.#graph;
    const {
      relative_attention_num_buckets: numBuckets,
      relative_attention_max_distance: maxDistance,
      num_heads,
    } = this.#config;
    const options = { bidirectional: stack === 'encoder', numBuckets, maxDistance };
    const buckets = graph.constant(`${stack}.buckets`, 'int64', [2 * maxDistance + 1], () =>
      BigInt64Array.from(relativeBuckets(maxDistance + 1, options), BigInt),
    );
    const name = `${stack}.block.${block}.layer.0.SelfAttention.relative_attention_bias.weight`;
    const table = graph.node('Gather', [this.#matrices.exact(name, [numBuckets, num_heads]), buckets]);
    const bias = graph.node('Gather', [table, distances]); // [queries, keys, heads]
    return graph.node('Unsqueeze', [graph.node('Transpose', [bias], { perm: [2, 0, 1] }), graph.integers(0)]);
  }

  /** [batch, 1, 1, keys]: 0 where the mask is 1, the lowest float where it is 0. */
  maskBias(mask: string): string {
    const graph = this.#graph;
    const ones = graph.node('Cast', [mask], { to: castToFloat });
    const absent = graph.node('Sub', [graph.scalar(1), ones]);
    return graph.node('Unsqueeze', [graph.node('Mul', [absent, graph.scalar(lowest)]), graph.integers(1, 2)]);
  }

  /** [queries, keys]: the lowest float where the key comes after the query. */
  causalBias(queries: string, keys: string): string {
    const graph = this.#graph;
    const across = graph.node('Unsqueeze', [keys, graph.integers(0)]);
    const down = graph.node('Unsqueeze', [queries, graph.integers(1)]);
    const later = graph.node('Cast', [graph.node('Greater', [across, down])], { to: castToFloat });
    return graph.node('Mul', [later, graph.scalar(lowest)]);
  }
}
