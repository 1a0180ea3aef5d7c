/**
 * A small Llama as a folder in the layout of transformers.js, from its GGUF file: the same weights, another runtime.
 * Source for what it computes: Hugging Face, modeling_llama.py; llama.cpp keeps rotary pairs beside each other.
 */
import { castToFloat, onnxFile, OnnxGraph } from '../../src/formats/onnx.ts';
import { readGguf } from './gguf.ts';

/** Files by path below the folder. */
export function llamaFolder(gguf: Uint8Array<ArrayBuffer>): Map<string, Uint8Array> {
  const { metadata, tensors } = readGguf(gguf);
  const number = (name: string): number => metadata.get(`llama.${name}`) as number;
  const tokens = metadata.get('tokenizer.ggml.tokens') as string[];
  const hidden = number('embedding_length');
  const heads = number('attention.head_count');
  const layers = number('block_count');
  const context = number('context_length');
  const epsilon = number('attention.layer_norm_rms_epsilon');
  const width = hidden / heads;
  const half = width / 2;

  const graph = new OnnxGraph('llama');
  const float = (name: string, shape: (string | number)[]) => ({ name, element: 'float', shape }) as const;
  const ids = (name: string, length: string) =>
    ({ name, element: 'int64', shape: ['batch', length] }) as const;
  graph.inputs.push(
    ids('input_ids', 'tokens'),
    ids('attention_mask', 'total'),
    ids('position_ids', 'tokens'),
  );

  /** A weight as the file has it, in 32 bits. */
  const weight = (name: string): string => {
    const { shape, values } = tensors.get(name)!;
    if (values instanceof Float32Array) return graph.constant(name, 'float', shape, () => values);
    return graph.node('Cast', [graph.constant(name, 'float16', shape, () => values)], { to: castToFloat });
  };
  const product = (x: string, name: string): string =>
    graph.node('MatMul', [x, graph.node('Transpose', [weight(name)], { perm: [1, 0] })]);
  const norm = (x: string, name: string): string => {
    const squares = graph.node('Mul', [x, x]);
    const mean = graph.node('ReduceMean', [squares], { axes: [-1], keepdims: 1 });
    const root = graph.node('Sqrt', [graph.node('Add', [mean, graph.scalar(epsilon)])]);
    return graph.node('Mul', [graph.node('Div', [x, root]), weight(name)]);
  };
  const add = (one: string, other: string): string => graph.node('Add', [one, other]);
  const times = (one: string, other: string): string => graph.node('Mul', [one, other]);

  const base = number('rope.freq_base');
  /** cos or sin of each position's angles, [batch, 1, tokens, width / 2]. */
  const turns = (name: 'cos' | 'sin'): string => {
    const table = graph.constant(name, 'float', [context, half], () =>
      Float32Array.from({ length: context * half }, (_, index) =>
        Math[name](Math.floor(index / half) / base ** ((2 * (index % half)) / width)),
      ),
    );
    return graph.node('Unsqueeze', [graph.node('Gather', [table, 'position_ids']), graph.integers(1)]);
  };
  const cos = turns('cos');
  const sin = turns('sin');
  const rotated = (x: string): string => {
    const pairs = graph.node('Reshape', [x, graph.integers(0, 0, heads, half, 2)]);
    const byHead = graph.node('Transpose', [pairs], { perm: [0, 2, 1, 3, 4] });
    const even = graph.node('Gather', [byHead, graph.integer(0)], { axis: -1 });
    const odd = graph.node('Gather', [byHead, graph.integer(1)], { axis: -1 });
    const first = graph.node('Sub', [times(even, cos), times(odd, sin)]);
    return graph.node('Concat', [first, add(times(even, sin), times(odd, cos))], { axis: -1 });
  };

  // A token sees itself and what came before.
  const total = graph.node('Gather', [graph.node('Shape', ['attention_mask']), graph.integer(1)]);
  const keys = graph.node('Range', [graph.integer(0), total, graph.integer(1)]);
  const queries = graph.node('Unsqueeze', ['position_ids', graph.integers(1, 3)]);
  const sees = graph.node('LessOrEqual', [keys, queries]);
  const mask = graph.node('Where', [sees, graph.scalar(0), graph.scalar(-1e9)]);

  let x = graph.node('Gather', [weight('token_embd.weight'), 'input_ids']);
  for (let layer = 0; layer < layers; layer++) {
    const of = (part: string): string => `blk.${layer}.${part}.weight`;
    const cache = (kind: 'key' | 'value', now: string): string => {
      const past = `past_key_values.${layer}.${kind}`;
      graph.inputs.push(float(past, ['batch', heads, 'past', width]));
      graph.outputs.push(float(`present.${layer}.${kind}`, ['batch', heads, 'total', width]));
      return graph.node('Concat', [past, now], { axis: 2 }, `present.${layer}.${kind}`);
    };
    const normed = norm(x, of('attn_norm'));
    const q = rotated(product(normed, of('attn_q')));
    const k = cache('key', rotated(product(normed, of('attn_k'))));
    const split = graph.node('Reshape', [product(normed, of('attn_v')), graph.integers(0, 0, heads, width)]);
    const v = cache('value', graph.node('Transpose', [split], { perm: [0, 2, 1, 3] }));
    const across = graph.node('Transpose', [k], { perm: [0, 1, 3, 2] });
    const scores = times(graph.node('MatMul', [q, across]), graph.scalar(1 / Math.sqrt(width)));
    const seen = graph.node('Softmax', [add(scores, mask)], { axis: -1 });
    const mixed = graph.node('Transpose', [graph.node('MatMul', [seen, v])], { perm: [0, 2, 1, 3] });
    x = add(x, product(graph.node('Reshape', [mixed, graph.integers(0, 0, hidden)]), of('attn_output')));
    const inner = norm(x, of('ffn_norm'));
    const gate = product(inner, of('ffn_gate'));
    const opened = times(times(gate, graph.node('Sigmoid', [gate])), product(inner, of('ffn_up')));
    x = add(x, product(opened, of('ffn_down')));
  }
  const last = graph.node('Transpose', [weight('token_embd.weight')], { perm: [1, 0] });
  graph.outputs.push(float('logits', ['batch', 'tokens', tokens.length]));
  graph.node('MatMul', [norm(x, 'output_norm.weight'), last], {}, 'logits');

  const json = (value: object): Uint8Array => new TextEncoder().encode(JSON.stringify(value));
  const end = tokens[0]!;
  return new Map<string, Uint8Array>([
    [
      'config.json',
      json({
        model_type: 'llama',
        architectures: ['LlamaForCausalLM'],
        vocab_size: tokens.length,
        hidden_size: hidden,
        num_hidden_layers: layers,
        num_attention_heads: heads,
        num_key_value_heads: heads,
        intermediate_size: number('feed_forward_length'),
        max_position_embeddings: context,
        tie_word_embeddings: true,
        bos_token_id: 0,
        eos_token_id: 0,
        pad_token_id: 0,
      }),
    ],
    ['generation_config.json', json({ bos_token_id: 0, eos_token_id: 0, pad_token_id: 0 })],
    ['tokenizer.json', json(tokenizerOf(tokens, metadata.get('tokenizer.ggml.merges') as string[]))],
    [
      'tokenizer_config.json',
      json({ tokenizer_class: 'PreTrainedTokenizerFast', bos_token: end, eos_token: end, pad_token: end }),
    ],
    ['chat_template.jinja', new TextEncoder().encode(metadata.get('tokenizer.chat_template') as string)],
    ['onnx/model.onnx', joined([...onnxFile(graph, 'model.onnx').chunks()])],
  ]);
}

/** Byte-level BPE, as tokenizers stores it. */
function tokenizerOf(tokens: readonly string[], merges: readonly string[]): object {
  const byteLevel = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true };
  const flags = { single_word: false, lstrip: false, rstrip: false, normalized: false, special: true };
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    normalizer: null,
    post_processor: null,
    added_tokens: [{ id: 0, content: tokens[0], ...flags }],
    pre_tokenizer: byteLevel,
    decoder: byteLevel,
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: null,
      fuse_unk: false,
      byte_fallback: false,
      vocab: Object.fromEntries(tokens.map((token, id): [string, number] => [token, id])),
      merges: merges.map((merge) => merge.split(' ')),
    },
  };
}

function joined(chunks: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(chunks.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.length;
  }
  return whole;
}
