/** Google's interface, `generateContent` (https://ai.google.dev/api/generate-content). The key goes in a header. */
import { z } from '../../base/schemas.ts';
import type { Part, Provider } from '../provider.ts';
import { withoutLengths } from '../schema.ts';

const count = z.number().nonnegative().default(0);
const answer = z.object({
  candidates: z
    .array(
      z.object({
        content: z
          .object({
            parts: z
              .array(z.object({ text: z.string().nullish(), thought: z.boolean().nullish() }))
              .nullish(),
          })
          .nullish(),
        finishReason: z.string().nullish(),
      }),
    )
    .nullish(),
  promptFeedback: z.object({ blockReason: z.string().nullish() }).nullish(),
  usageMetadata: z
    .object({ promptTokenCount: count, candidatesTokenCount: count, thoughtsTokenCount: count })
    .nullish(),
});

const finishes: Readonly<Record<string, NonNullable<Part['finish']>>> = {
  STOP: 'stop',
  MAX_TOKENS: 'length',
};

export const google: Provider = {
  hasSeveral: true,
  promptKind: 'turns',
  prefix: '/v1beta',
  modelsPath: '/models',
  path: ({ model, streams }) => {
    const name = encodeURIComponent(model.replace(/^models\//, ''));
    return `/models/${name}:${streams ? 'streamGenerateContent?alt=sse' : 'generateContent'}`;
  },
  headers: (key) => (key === null ? {} : { 'x-goog-api-key': key }),
  body({ prompt, temperature, maxTokens, schema, omitted, stop, answers = 1 }) {
    if (prompt.kind !== 'turns') throw new TypeError('Google’s interface is asked in turns.');
    return {
      contents: prompt.turns.map(({ role, content }) => ({
        role: role === 'assistant' ? 'model' : 'user',
        parts: [{ text: content }],
      })),
      ...(prompt.system === null ? {} : { systemInstruction: { parts: [{ text: prompt.system }] } }),
      generationConfig: {
        maxOutputTokens: maxTokens,
        ...(omitted.has('temperature') ? {} : { temperature }),
        ...(stop === undefined || omitted.has('stop') ? {} : { stopSequences: stop }),
        ...(answers === 1 || omitted.has('n') ? {} : { candidateCount: answers }),
        ...(schema === null || omitted.has('schema')
          ? {}
          : { responseMimeType: 'application/json', responseJsonSchema: withoutLengths(schema) }),
      },
    };
  },
  read(value) {
    const { candidates, promptFeedback, usageMetadata: used } = answer.parse(value);
    const [candidate] = candidates ?? [];
    const parts = candidate?.content?.parts ?? [];
    const said = (thought: boolean): string =>
      parts.flatMap((part) => ((part.thought ?? false) === thought ? [part.text ?? ''] : [])).join('');
    const reason = candidate?.finishReason ?? promptFeedback?.blockReason;
    return {
      text: said(false),
      reasoning: said(true),
      finish: reason ? (finishes[reason] ?? 'refused') : null,
      usage: used
        ? { input: used.promptTokenCount, output: used.candidatesTokenCount + used.thoughtsTokenCount }
        : null,
      ...(candidates === null || candidates === undefined ? {} : { answers: candidates.length }),
    };
  },
};
