/** Ollama's own interface, `/api/chat` (https://docs.ollama.com/api/chat): a stream is JSON Lines. */
import { z } from '../../base/schemas.ts';
import type { Provider } from '../provider.ts';

const answer = z.object({
  message: z.object({ content: z.string().nullish(), thinking: z.string().nullish() }).nullish(),
  done: z.boolean(),
  done_reason: z.string().nullish(),
  prompt_eval_count: z.number().nonnegative().nullish(),
  eval_count: z.number().nonnegative().nullish(),
});

export const ollama: Provider = {
  hasSeveral: false,
  promptKind: 'turns',
  prefix: '',
  modelsPath: '/api/tags',
  path: () => '/api/chat',
  headers: (key) => (key === null ? {} : { authorization: `Bearer ${key}` }),
  body({ model, prompt, temperature, maxTokens, streams, schema, omitted, stop }) {
    if (prompt.kind !== 'turns') throw new TypeError('Ollama’s interface is asked in turns.');
    const system = prompt.system === null ? [] : [{ role: 'system', content: prompt.system }];
    return {
      model,
      messages: [...system, ...prompt.turns],
      stream: streams,
      options: {
        num_predict: maxTokens,
        ...(omitted.has('temperature') ? {} : { temperature }),
        ...(stop === undefined || omitted.has('stop') ? {} : { stop }),
      },
      ...(schema === null || omitted.has('schema') ? {} : { format: schema }),
    };
  },
  read(value) {
    const { message, done, ...rest } = answer.parse(value);
    const counted = done && (rest.eval_count ?? null) !== null;
    return {
      text: message?.content ?? '',
      reasoning: message?.thinking ?? '',
      finish: !done ? null : rest.done_reason === 'length' ? 'length' : 'stop',
      // A prompt that was in its cache may not be counted.
      usage: counted ? { input: rest.prompt_eval_count ?? 0, output: rest.eval_count ?? 0 } : null,
    };
  },
};
