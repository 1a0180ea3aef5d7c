/**
 * A small instruct model in its own worker, through transformers.js: everything it reads was handed in by the page.
 * It reaches nothing; the worker's policy would refuse it too.
 */
import {
  AutoModelForCausalLM,
  AutoTokenizer,
  env,
  LogLevel,
  StoppingCriteria,
  TextStreamer,
  type Message,
  type PreTrainedModel,
  type PreTrainedTokenizer,
  type Tensor,
} from '@huggingface/transformers';
import { allowOwnScripts } from '../base/own-scripts.ts';
import { answerCalls, type Call } from '../frames/calls.ts';
import type { Outcome } from '../teacher/outcome.ts';
import type { Prompt } from '../teacher/prompt.ts';
import type { Ask } from '../teacher/provider.ts';
import { answerOf, cut, refusalOf, stopsOf } from './answer.ts';
import type { Opened, Opening, TabCalls } from './calls.ts';
import { respond, runtimeUrls } from './runtime-files.ts';

/** More threads than this gain nothing on models of this size. */
const mostThreads = 8;

interface Model {
  tokenizer: PreTrainedTokenizer;
  model: PreTrainedModel;
  contextTokens: number | null;
}

let open: Model | null = null;
/** One answer after another: the runtime has one session. */
let last: Promise<unknown> = Promise.resolve();

self.onmessage = ({ ports: [port] }: MessageEvent) => {
  if (port === undefined) return;
  allowOwnScripts();
  answerCalls<TabCalls>(port, {
    open: (opening, { progress }) => openModel(opening, progress),
    ask: (ask, call) => {
      const answer = last.then(() => answerTo(ask, call));
      last = answer.catch(() => undefined);
      return answer;
    },
  });
};

async function openModel(opening: Opening, progress: (readBytes: number) => void): Promise<Opened> {
  const { files, precision, externalFiles, device, contextTokens } = opening;
  env.logLevel = LogLevel.ERROR;
  env.allowRemoteModels = false;
  env.allowLocalModels = true;
  env.localModelPath = '/';
  env.useBrowserCache = false;
  env.useWasmCache = false;
  env.fetch = (url) => respond(String(url), files);
  const runtime = env.backends.onnx.wasm!;
  const threads = crossOriginIsolated ? Math.min(mostThreads, navigator.hardwareConcurrency) : 1;
  runtime.numThreads = threads;
  runtime.wasmPaths = runtimeUrls(device);

  const readBytes = new Map<string, number>();
  const tokenizer = await AutoTokenizer.from_pretrained('model');
  const model = await AutoModelForCausalLM.from_pretrained('model', {
    dtype: precision,
    device,
    use_external_data_format: externalFiles,
    progress_callback: (info) => {
      if (info.status !== 'progress') return;
      readBytes.set(info.file, info.loaded);
      progress([...readBytes.values()].reduce((sum, bytes) => sum + bytes, 0));
    },
  });
  open = { tokenizer, model, contextTokens };
  return { converses: Boolean(tokenizer.chat_template), threads };
}

async function answerTo(ask: Ask, { signal, progress }: Call<string>): Promise<Outcome> {
  if (open === null) throw new TypeError('No model was opened.');
  signal.throwIfAborted();
  const { prompt, maxTokens, temperature } = ask;
  const { tokenizer, model, contextTokens } = open;
  const inputs = inputsOf(prompt, tokenizer);
  const promptTokens = inputs.input_ids.dims[1]!;
  const refusal = refusalOf(ask, promptTokens, contextTokens);
  if (refusal !== null) return refusal;
  const stops = stopsOf(ask);
  const textOf = (ids: readonly bigint[]): string =>
    tokenizer.decode([...ids], { skip_special_tokens: true });
  let said = '';
  const ending = new Ending(
    (ids) => signal.aborted || (stops.length > 0 && cut(textOf(ids), stops).isCut),
    promptTokens,
  );
  const streamer = new TextStreamer(tokenizer, {
    skip_prompt: true,
    callback_function: (piece) => progress(cut((said += piece), stops).text),
  });
  try {
    const output = (await model.generate({
      ...inputs,
      max_new_tokens: maxTokens,
      do_sample: temperature > 0,
      streamer,
      stopping_criteria: ending,
      ...(temperature > 0 ? { temperature } : {}),
    })) as Tensor;
    signal.throwIfAborted();
    const ids = (output.tolist() as bigint[][])[0]!.slice(promptTokens);
    return answerOf(ids, { textOf, stops, ends: endsOf(model), maxTokens, promptTokens });
  } catch (error) {
    signal.throwIfAborted();
    const words = error instanceof Error ? error.message : String(error);
    return {
      kind: 'ended',
      problem: `The model in this tab failed (${words.slice(0, 200)}).`,
      remedy: 'Open its folder again, or a smaller one: memory may have run out.',
    };
  }
}

function inputsOf(prompt: Prompt, tokenizer: PreTrainedTokenizer): { input_ids: Tensor } {
  if (prompt.kind === 'text') return tokenizer(prompt.text);
  const system: Message[] = prompt.system === null ? [] : [{ role: 'system', content: prompt.system }];
  const turns = prompt.turns.map(({ role, content }): Message => ({ role, content }));
  return tokenizer.apply_chat_template([...system, ...turns], {
    add_generation_prompt: true,
    return_dict: true,
  });
}

/** The tokens with which a model ends by itself. */
function endsOf({ generation_config: generation, config }: PreTrainedModel): unknown {
  return generation?.eos_token_id ?? ('eos_token_id' in config ? config.eos_token_id : null);
}

/** Ends an answer where a person stopped it, or where the prompt says that it ends. */
class Ending extends StoppingCriteria {
  constructor(
    private readonly isAtEnd: (ids: readonly bigint[]) => boolean,
    private readonly promptTokens: number,
  ) {
    super();
  }

  override _call(rows: number[][]): boolean[] {
    return rows.map((ids) => this.isAtEnd(ids.slice(this.promptTokens) as unknown as bigint[]));
  }
}
