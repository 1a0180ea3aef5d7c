/**
 * OpenAI's chat and completions interfaces, which llama.cpp, Ollama, LM Studio, vLLM and most hosted teachers speak too
 * (https://platform.openai.com/docs/api-reference). Events of a stream have the same shape, with `delta` for `message`.
 */
import { z } from '../../base/schemas.ts';
import type { Ask, Part, Provider } from '../provider.ts';

const message = z.object({
  content: z.string().nullish(),
  // DeepSeek's, vLLM's and llama.cpp's field; OpenRouter's and Ollama's.
  reasoning_content: z.string().nullish(),
  reasoning: z.string().nullish(),
  refusal: z.string().nullish(),
});

const answer = z.object({
  choices: z
    .array(
      z.object({
        text: z.string().nullish(),
        message: message.nullish(),
        delta: message.nullish(),
        finish_reason: z.string().nullish(),
      }),
    )
    .nullish(),
  usage: z
    .object({
      prompt_tokens: z.number().nonnegative(),
      completion_tokens: z.number().nonnegative().default(0),
    })
    .nullish(),
});

const finishes: Readonly<Record<string, NonNullable<Part['finish']>>> = {
  length: 'length',
  content_filter: 'refused',
};

function read(value: unknown): Part | null {
  const { choices, usage } = answer.parse(value);
  const [choice] = choices ?? [];
  if (choice === undefined && !usage) return null;
  const said = choice?.message ?? choice?.delta;
  const reason = choice?.finish_reason;
  return {
    text: choice?.text ?? said?.content ?? said?.refusal ?? '',
    reasoning: said?.reasoning_content ?? said?.reasoning ?? '',
    finish: reason ? (finishes[reason] ?? 'stop') : null,
    usage: usage ? { input: usage.prompt_tokens, output: usage.completion_tokens } : null,
    ...(choices === null || choices === undefined ? {} : { answers: choices.length }),
  };
}

function common(ask: Ask): object {
  const { omitted } = ask;
  return {
    model: ask.model,
    ...(omitted.has('temperature') ? {} : { temperature: ask.temperature }),
    // OpenAI's newer models refuse the name that everybody else knows.
    ...(omitted.has('max_tokens') ? { max_completion_tokens: ask.maxTokens } : { max_tokens: ask.maxTokens }),
    ...((ask.answers ?? 1) > 1 && !omitted.has('n') ? { n: ask.answers } : {}),
    ...(ask.streams ? { stream: true } : {}),
    ...(ask.streams && !omitted.has('stream_options') ? { stream_options: { include_usage: true } } : {}),
  };
}

const headers = (key: string | null): Record<string, string> =>
  key === null ? {} : { authorization: `Bearer ${key}` };

export const chat: Provider = {
  hasSeveral: true,
  promptKind: 'turns',
  prefix: '/v1',
  modelsPath: '/models',
  path: () => '/chat/completions',
  headers,
  body(ask) {
    const { prompt, schema, omitted } = ask;
    if (prompt.kind !== 'turns') throw new TypeError('A chat is asked in turns.');
    const system = prompt.system === null ? [] : [{ role: 'system', content: prompt.system }];
    const format = { type: 'json_schema', json_schema: { name: 'answer', strict: true, schema } };
    return {
      ...common(ask),
      messages: [...system, ...prompt.turns],
      ...(ask.stop === undefined || omitted.has('stop') ? {} : { stop: ask.stop }),
      ...(schema === null || omitted.has('schema') ? {} : { response_format: format }),
    };
  },
  read,
};

export const completions: Provider = {
  hasSeveral: true,
  promptKind: 'text',
  prefix: '/v1',
  modelsPath: '/models',
  path: () => '/completions',
  headers,
  body(ask) {
    const { prompt, omitted } = ask;
    if (prompt.kind !== 'text') throw new TypeError('A completion is asked with one text.');
    const stop = omitted.has('stop') ? {} : { stop: ask.stop ?? prompt.stop };
    return { ...common(ask), prompt: prompt.text, ...stop };
  },
  read,
};
