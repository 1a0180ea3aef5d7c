/**
 * A T5 as the two graphs that transformers.js, optimum and any ONNX runtime read: `encoder_model` and
 * `decoder_model_merged`, with the names that Hugging Face's optimum gives inputs and outputs.
 */
import { OnnxGraph, type OnnxElement } from '../../formats/onnx.ts';
import type { T5Config, Weights } from '../../student/config.ts';
import { hasBias, logitScale } from '../../student/parameters.ts';
import { T5Blocks, type Stack } from './blocks.ts';
import { OnnxMatrices, type OnnxStorage } from './matrices.ts';

const embeddingName = 'shared.weight';

/** The bias of every block's self-attention: one of its own, or the first block's, which the mask is added to once. */
function blockBiases(
  graph: OnnxGraph,
  blocks: T5Blocks,
  { config, stack, layers }: { config: T5Config; stack: Stack; layers: number },
  distances: string,
  mask: string,
): string[] {
  const biases: string[] = [];
  for (let block = 0; block < layers; block += 1) {
    const shared = biases[0];
    biases.push(
      shared !== undefined && !hasBias(config, block)
        ? shared
        : graph.node('Add', [blocks.positionBias(stack, block, distances), mask]),
    );
  }
  return biases;
}

/** `input_ids`, `attention_mask` [batch, tokens] -> `last_hidden_state` [batch, tokens, d_model]. */
export function encoderGraph(config: T5Config, weights: Weights, storage: OnnxStorage): OnnxGraph {
  const graph = new OnnxGraph('t5_encoder');
  const matrices = new OnnxMatrices(graph, weights, storage);
  const blocks = new T5Blocks(graph, config, matrices);
  const { vocab_size, d_model, num_layers } = config;
  const ids = ['batch_size', 'encoder_sequence_length'];
  graph.inputs.push({ name: 'input_ids', element: 'int64', shape: ids });
  graph.inputs.push({ name: 'attention_mask', element: 'int64', shape: ids });
  graph.outputs.push({ name: 'last_hidden_state', element: 'float', shape: [...ids, d_model] });

  const places = blocks.range(graph.integers(0), blocks.size('input_ids', 1));
  const biases = blockBiases(
    graph,
    blocks,
    { config, stack: 'encoder', layers: num_layers },
    blocks.distances(places, places),
    blocks.maskBias('attention_mask'),
  );
  let x = matrices.embedding('input_ids', embeddingName, [vocab_size, d_model]);
  for (let block = 0; block < num_layers; block += 1) {
    const path = `encoder.block.${block}.layer`;
    const attention = `${path}.0.SelfAttention`;
    const normed = blocks.norm(x, `${path}.0.layer_norm`);
    const [q, k, v] = [
      blocks.projected(normed, attention, 'q'),
      blocks.projected(normed, attention, 'k'),
      blocks.projected(normed, attention, 'v'),
    ];
    x = graph.node('Add', [x, blocks.attended(q, k, v, biases[block]!, attention)]);
    const mixed = blocks.feedForward(blocks.norm(x, `${path}.1.layer_norm`), `${path}.1.DenseReluDense`);
    x = graph.node('Add', [x, mixed]);
  }
  blocks.norm(x, 'encoder.final_layer_norm', 'last_hidden_state');
  return graph;
}

/** The value of a past or present cache: `past_key_values.0.decoder.key`. */
function cacheName(time: 'past_key_values' | 'present', block: number, side: Stack, part: CachePart): string {
  return `${time}.${block}.${side}.${part}`;
}
const cacheParts = ['key', 'value'] as const;
type CachePart = (typeof cacheParts)[number];
const projectionOf = { key: 'k', value: 'v' } as const satisfies Record<CachePart, string>;

/** For every step; for the first one alone, without caches; for all others, with them. */
export type DecoderKind = 'merged' | 'first' | 'past';

/** Inputs and outputs of the decoder, in optimum's order. */
function declareDecoder(
  graph: OnnxGraph,
  { d_model, d_kv, num_heads, vocab_size, ...rest }: T5Config,
  kind: DecoderKind,
): void {
  const input = (name: string, element: OnnxElement, ...shape: (number | string)[]): void => {
    graph.inputs.push({ name, element, shape });
  };
  // transformers.js makes the first step's empty caches by this name: dimension 0 of each must have it.
  const batch = 'batch_size';
  const past = 'past_decoder_sequence_length';
  const cross = 'encoder_sequence_length_out';
  input('encoder_attention_mask', 'int64', batch, 'encoder_sequence_length');
  input('input_ids', 'int64', batch, 'decoder_sequence_length');
  if (kind !== 'past') input('encoder_hidden_states', 'float', batch, 'encoder_sequence_length', d_model);
  const logits = [batch, 'decoder_sequence_length', vocab_size];
  graph.outputs.push({ name: 'logits', element: 'float', shape: logits });
  for (let block = 0; block < rest.num_decoder_layers; block += 1) {
    for (const side of ['decoder', 'encoder'] as const) {
      for (const part of cacheParts) {
        const length = side === 'decoder' ? past : cross;
        const grown = kind === 'first' ? 'decoder_sequence_length' : `${past} + decoder_sequence_length`;
        const longer = side === 'decoder' ? grown : cross;
        const name = cacheName('present', block, side, part);
        if (kind !== 'first')
          input(cacheName('past_key_values', block, side, part), 'float', batch, num_heads, length, d_kv);
        // With a past the encoder's are handed in again and again.
        if (kind === 'past' && side === 'encoder') continue;
        graph.outputs.push({ name, element: 'float', shape: [batch, num_heads, longer, d_kv] });
      }
    }
  }
  if (kind === 'merged') input('use_cache_branch', 'bool', 1);
}

/**
 * Keys and values of the encoder's output: made in the first step, handed through in later ones. All else is the same
 * in both, with caches of length 0 in the first step.
 */
function crossCaches(
  graph: OnnxGraph,
  blocks: T5Blocks,
  { num_heads, d_kv, num_decoder_layers }: T5Config,
): void {
  const made = graph.subgraph('from_encoder');
  const kept = graph.subgraph('from_cache');
  const shape = ['batch_size', num_heads, 'encoder_sequence_length_out', d_kv];
  const names: string[] = [];
  for (let block = 0; block < num_decoder_layers; block += 1) {
    const attention = `decoder.block.${block}.layer.1.EncDecAttention`;
    for (const part of cacheParts) {
      names.push(cacheName('present', block, 'encoder', part));
      const fromEncoder = blocks.projected(
        'encoder_hidden_states',
        attention,
        projectionOf[part],
        made,
        graph.fresh('made'),
      );
      made.outputs.push({ name: fromEncoder, element: 'float', shape });
      const past = cacheName('past_key_values', block, 'encoder', part);
      const fromCache = kept.node('Identity', [past], {}, graph.fresh('kept'));
      kept.outputs.push({ name: fromCache, element: 'float', shape });
    }
  }
  graph.nodes('If', ['use_cache_branch'], names, { then_branch: kept, else_branch: made });
}

/**
 * One step or many of the decoder, with the caches of the steps before: `use_cache_branch` false takes the encoder's
 * keys and values from `encoder_hidden_states`, true from the caches. -> `logits` [batch, tokens, vocabulary] and the
 * caches after.
 * @param kind `first` has no caches yet, and so no such branch; `past` always has them.
 */
export function decoderGraph(
  config: T5Config,
  weights: Weights,
  storage: OnnxStorage,
  kind: DecoderKind = 'merged',
): OnnxGraph {
  const graph = new OnnxGraph(`t5_decoder_${kind}`);
  const matrices = new OnnxMatrices(graph, weights, storage);
  const blocks = new T5Blocks(graph, config, matrices);
  const { vocab_size, d_model, num_decoder_layers } = config;
  declareDecoder(graph, config, kind);
  if (kind === 'merged') crossCaches(graph, blocks, config);

  const now = blocks.size('input_ids', 1);
  const past = kind === 'first' ? null : blocks.size(cacheName('past_key_values', 0, 'decoder', 'key'), 2);
  const end = past === null ? now : graph.node('Add', [past, now]);
  const keys = blocks.range(graph.integers(0), end);
  const queries = past === null ? keys : blocks.range(past, end);
  const biases = blockBiases(
    graph,
    blocks,
    { config, stack: 'decoder', layers: num_decoder_layers },
    blocks.distances(queries, keys),
    blocks.causalBias(queries, keys),
  );
  const mask = blocks.maskBias('encoder_attention_mask');
  let x = matrices.embedding('input_ids', embeddingName, [vocab_size, d_model]);
  for (let block = 0; block < num_decoder_layers; block += 1) {
    const path = `decoder.block.${block}.layer`;
    const own = `${path}.0.SelfAttention`;
    const normed = blocks.norm(x, `${path}.0.layer_norm`);
    const q = blocks.projected(normed, own, 'q');
    const cached = (part: CachePart): string => {
      const present = cacheName('present', block, 'decoder', part);
      if (kind === 'first') return blocks.projected(normed, own, projectionOf[part], graph, present);
      const before = cacheName('past_key_values', block, 'decoder', part);
      const made = blocks.projected(normed, own, projectionOf[part]);
      return graph.node('Concat', [before, made], { axis: 2 }, present);
    };
    x = graph.node('Add', [x, blocks.attended(q, cached('key'), cached('value'), biases[block]!, own)]);

    const cross = `${path}.1.EncDecAttention`;
    const asked = blocks.projected(blocks.norm(x, `${path}.1.layer_norm`), cross, 'q');
    const [k, v] = cacheParts.map((part) => {
      const present = cacheName('present', block, 'encoder', part);
      if (kind === 'past') return cacheName('past_key_values', block, 'encoder', part);
      if (kind === 'merged') return present;
      return blocks.projected('encoder_hidden_states', cross, projectionOf[part], graph, present);
    }) as [string, string];
    x = graph.node('Add', [x, blocks.attended(asked, k, v, mask, cross)]);

    const mixed = blocks.feedForward(blocks.norm(x, `${path}.2.layer_norm`), `${path}.2.DenseReluDense`);
    x = graph.node('Add', [x, mixed]);
  }
  x = blocks.norm(x, 'decoder.final_layer_norm');
  const scale = logitScale(config);
  if (scale !== 1) x = graph.node('Mul', [x, graph.scalar(scale)]);
  if (config.tie_word_embeddings) matrices.backwards(x, embeddingName, [vocab_size, d_model], 'logits');
  else matrices.product(x, 'lm_head.weight', [vocab_size, d_model], graph, 'logits');
  return graph;
}
