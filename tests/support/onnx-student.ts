/** An exported student in onnxruntime-web, generating greedily as transformers.js does. */
import * as ort from 'onnxruntime-web';
import type { T5Config } from '../../src/student/config.ts';
import type { FolderFile } from '../../src/export/model-folder.ts';

ort.env.wasm.numThreads = 1;
ort.env.logLevel = 'error';

const longs = (values: readonly number[] | Int32Array): BigInt64Array =>
  BigInt64Array.from(Array.from(values), BigInt);

export class OnnxStudent {
  readonly #config: T5Config;

  private constructor(
    config: T5Config,
    readonly encoder: ort.InferenceSession,
    readonly decoder: ort.InferenceSession,
  ) {
    this.#config = config;
  }

  /** @param files An ONNX folder's: the first encoder and decoder in it are opened. */
  static async open(config: T5Config, files: readonly FolderFile[]): Promise<OnnxStudent> {
    const session = (name: string): Promise<ort.InferenceSession> => {
      const file = files.find(({ path }) => path.startsWith(`onnx/${name}`));
      if (file === undefined) throw new Error(`no ${name} among the files`);
      return ort.InferenceSession.create(file.bytes);
    };
    return new OnnxStudent(config, await session('encoder_model'), await session('decoder_model_merged'));
  }

  /** The whole logits of a batch by teacher forcing, [batch, tokens, vocabulary], in one pass without caches. */
  async logits(inputs: readonly Int32Array[], targets: readonly Int32Array[]): Promise<ort.Tensor> {
    const feeds = await this.#firstFeeds(inputs);
    const output = await this.decoder.run({ ...feeds, input_ids: padded(targets, 0).ids });
    return output['logits']!;
  }

  /** New ids of each input, without the start token, up to the end token and with it. */
  async generate(inputs: readonly Int32Array[], maxNewTokens: number): Promise<number[][]> {
    const { decoder_start_token_id: start, eos_token_id: end, pad_token_id: pad } = this.#config;
    let feeds = await this.#firstFeeds(inputs);
    const answers: number[][] = inputs.map(() => []);
    const done = inputs.map(() => false);
    let last = inputs.map(() => start);
    for (let step = 0; step < maxNewTokens && done.includes(false); step += 1) {
      feeds['input_ids'] = new ort.Tensor('int64', longs(last), [inputs.length, 1]);
      const output = await this.decoder.run(feeds);
      const logits = output['logits']!;
      const values = logits.data as Float32Array;
      const size = logits.dims[2]!;
      last = inputs.map((_, row) => {
        if (done[row]) return pad;
        const best = argmax(values.subarray(row * size, (row + 1) * size));
        answers[row]!.push(best);
        done[row] = best === end;
        return best;
      });
      feeds = { ...feeds, use_cache_branch: new ort.Tensor('bool', [true], [1]) };
      for (const [name, value] of Object.entries(output)) {
        if (name.startsWith('present.')) feeds[name.replace('present', 'past_key_values')] = value;
      }
    }
    return answers;
  }

  async close(): Promise<void> {
    await this.encoder.release();
    await this.decoder.release();
  }

  async #firstFeeds(inputs: readonly Int32Array[]): Promise<Record<string, ort.Tensor>> {
    const { ids, mask } = padded(inputs, this.#config.pad_token_id);
    const encoded = await this.encoder.run({ input_ids: ids, attention_mask: mask });
    const { num_heads, d_kv } = this.#config;
    const caches = this.decoder.inputNames.filter((name) => name.startsWith('past_key_values.'));
    const empty = (): ort.Tensor =>
      new ort.Tensor('float32', new Float32Array(0), [inputs.length, num_heads, 0, d_kv]);
    return {
      encoder_attention_mask: mask,
      encoder_hidden_states: encoded['last_hidden_state']!,
      use_cache_branch: new ort.Tensor('bool', [false], [1]),
      ...Object.fromEntries(caches.map((name) => [name, empty()])),
    };
  }
}

/** Rows padded to the longest, and 1 where a token is. */
function padded(rows: readonly Int32Array[], pad: number): { ids: ort.Tensor; mask: ort.Tensor } {
  const width = Math.max(...rows.map(({ length }) => length));
  const fill = (value: (row: Int32Array, at: number) => number): ort.Tensor => {
    const values = rows.flatMap((row) => Array.from({ length: width }, (_, at) => value(row, at)));
    return new ort.Tensor('int64', longs(values), [rows.length, width]);
  };
  return {
    ids: fill((row, at) => row[at] ?? pad),
    mask: fill((row, at) => (at < row.length ? 1 : 0)),
  };
}

function argmax(values: Float32Array): number {
  let best = 0;
  for (let at = 1; at < values.length; at += 1) if (values[at]! > values[best]!) best = at;
  return best;
}
