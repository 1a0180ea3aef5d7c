/** Anthropic's interface, `/v1/messages` (https://docs.anthropic.com/en/api/messages), which llama.cpp speaks too. */
import { z } from '../../base/schemas.ts';
import type { Part, Provider } from '../provider.ts';
import { withoutLengths } from '../schema.ts';

const block = z.object({ text: z.string().nullish(), thinking: z.string().nullish() });
const counts = z.object({
  input_tokens: z.number().nonnegative().nullish(),
  cache_creation_input_tokens: z.number().nonnegative().nullish(),
  cache_read_input_tokens: z.number().nonnegative().nullish(),
  output_tokens: z.number().nonnegative().nullish(),
});
const stopReason = z.string().nullish();

/** A whole answer, or one of the events `message_start`, `content_block_delta` and `message_delta`. */
const answer = z.object({
  type: z.string(),
  content: z.array(block).nullish(),
  stop_reason: stopReason,
  usage: counts.nullish(),
  message: z.object({ usage: counts.nullish() }).nullish(),
  delta: block.extend({ stop_reason: stopReason }).nullish(),
});

const finishes: Readonly<Record<string, NonNullable<Part['finish']>>> = {
  max_tokens: 'length',
  model_context_window_exceeded: 'length',
  refusal: 'refused',
};

export const anthropic: Provider = {
  hasSeveral: false,
  promptKind: 'turns',
  prefix: '/v1',
  modelsPath: '/models',
  path: () => '/messages',
  headers: (key) => ({
    'anthropic-version': '2023-06-01',
    // Without it, no page is let in.
    'anthropic-dangerous-direct-browser-access': 'true',
    ...(key === null ? {} : { 'x-api-key': key }),
  }),
  body({ model, prompt, temperature, maxTokens, streams, schema, omitted, stop }) {
    if (prompt.kind !== 'turns') throw new TypeError('Anthropic’s interface is asked in turns.');
    const format = schema === null ? null : { type: 'json_schema', schema: withoutLengths(schema) };
    return {
      model,
      max_tokens: maxTokens,
      messages: prompt.turns,
      ...(prompt.system === null ? {} : { system: prompt.system }),
      ...(omitted.has('temperature') ? {} : { temperature }),
      ...(stop === undefined || omitted.has('stop') ? {} : { stop_sequences: stop }),
      ...(streams ? { stream: true } : {}),
      ...(format === null || omitted.has('schema') ? {} : { output_config: { format } }),
    };
  },
  read(value) {
    const { content, delta, message, ...rest } = answer.parse(value);
    const blocks = content ?? (delta ? [delta] : []);
    const usage = rest.usage ?? message?.usage;
    const reason = rest.stop_reason ?? delta?.stop_reason;
    const cached = (usage?.cache_creation_input_tokens ?? 0) + (usage?.cache_read_input_tokens ?? 0);
    return {
      text: blocks.map(({ text }) => text ?? '').join(''),
      reasoning: blocks.map(({ thinking }) => thinking ?? '').join(''),
      finish: reason ? (finishes[reason] ?? 'stop') : null,
      usage: usage ? { input: (usage.input_tokens ?? 0) + cached, output: usage.output_tokens ?? 0 } : null,
    };
  },
};
