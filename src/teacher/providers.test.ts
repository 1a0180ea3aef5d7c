/** What each interface is asked, and how its answers are read: whole ones, and the events of streams. */
import { describe, expect, it } from 'vitest';
import type { Ask, Feature } from './provider.ts';
import { providers } from './providers.ts';
import { answerSchema } from './schema.ts';

const { chat, completions, anthropic, google, ollama } = providers;
const turns = [
  { role: 'user', content: 'Q' },
  { role: 'assistant', content: 'A' },
] as const;
const schema = answerSchema(['yes', 'no']);
const unbounded = JSON.parse(JSON.stringify(schema).replace(/,"maxLength":\d+/, '')) as object;
const full: Ask = {
  model: 'models/m 1',
  prompt: { kind: 'turns', system: 'S', turns: [...turns] },
  temperature: 0.5,
  maxTokens: 10,
  streams: true,
  schema,
  omitted: new Set(),
  stop: ['.'],
  answers: 3,
};
const { stop: _stop, ...endless } = full;
const plain: Ask = {
  ...endless,
  prompt: { kind: 'turns', system: null, turns: [...turns] },
  streams: false,
  schema: null,
  answers: 1,
};
const features: Feature[] = ['temperature', 'max_tokens', 'stop', 'stream_options', 'schema', 'n'];
const least: Ask = { ...full, omitted: new Set(features) };
const text: Ask = { ...full, prompt: { kind: 'text', text: 'T', stop: ['\n'] } };

describe('chat', () => {
  it('is asked with all that it knows, and without what a server does not take', () => {
    const messages = [{ role: 'system', content: 'S' }, ...turns];
    expect(chat.body(full)).toEqual({
      model: 'models/m 1',
      temperature: 0.5,
      max_tokens: 10,
      n: 3,
      stream: true,
      stream_options: { include_usage: true },
      messages,
      stop: ['.'],
      response_format: { type: 'json_schema', json_schema: { name: 'answer', strict: true, schema } },
    });
    expect(chat.body(plain)).toEqual({
      model: 'models/m 1',
      temperature: 0.5,
      max_tokens: 10,
      messages: turns,
    });
    expect(chat.body({ ...plain, answers: 2 })).toHaveProperty('n', 2);
    expect(chat.body(least)).toEqual({
      model: 'models/m 1',
      max_completion_tokens: 10,
      stream: true,
      messages,
    });
    expect(() => chat.body(text)).toThrow(TypeError);
    expect([chat.path(full), chat.headers(null), chat.headers('k')]).toEqual([
      '/chat/completions',
      {},
      { authorization: 'Bearer k' },
    ]);
  });

  it('is read whole, by events, with its thoughts, and why it ended', () => {
    const usage = { prompt_tokens: 4, completion_tokens: 2 };
    const choice = { message: { content: 'a', reasoning_content: 'r' }, finish_reason: 'length' };
    expect(chat.read({ choices: [choice, choice], usage })).toEqual({
      text: 'a',
      reasoning: 'r',
      finish: 'length',
      usage: { input: 4, output: 2 },
      answers: 2,
    });
    const part = (delta: object, finish_reason: string | null = null) =>
      chat.read({ choices: [{ delta, finish_reason }] });
    expect(part({ reasoning: 'r' })).toMatchObject({ text: '', reasoning: 'r', finish: null, usage: null });
    expect(part({ refusal: 'no' }, 'content_filter')).toMatchObject({ text: 'no', finish: 'refused' });
    expect(part({}, 'tool_calls')).toMatchObject({ finish: 'stop' });
    expect(chat.read({ choices: [], usage: { prompt_tokens: 1 } })).toMatchObject({
      usage: { input: 1, output: 0 },
      answers: 0,
    });
    expect(chat.read({ usage })).not.toHaveProperty('answers');
    expect(chat.read({ choices: [] })).toBeNull();
    expect(() => chat.read({ usage: { prompt_tokens: -1 } })).toThrow();
  });
});

it('completions are asked with one text, whose signs end it where the request has none', () => {
  expect(completions.body(text)).toMatchObject({ prompt: 'T', stop: ['.'], n: 3, max_tokens: 10 });
  expect(completions.body({ ...endless, prompt: text.prompt })).toMatchObject({ stop: ['\n'] });
  expect(completions.body({ ...text, omitted: new Set(['stop']) })).not.toHaveProperty('stop');
  expect(() => completions.body(full)).toThrow(TypeError);
  expect(completions.read({ choices: [{ text: 'a', finish_reason: 'stop' }] })).toMatchObject({
    text: 'a',
    finish: 'stop',
  });
  expect(completions.path(text)).toBe('/completions');
});

describe('Anthropic’s interface', () => {
  it('is asked with all that it knows, and without what a server does not take', () => {
    expect(anthropic.body(full)).toEqual({
      model: 'models/m 1',
      max_tokens: 10,
      messages: turns,
      system: 'S',
      temperature: 0.5,
      stop_sequences: ['.'],
      stream: true,
      output_config: { format: { type: 'json_schema', schema: unbounded } },
    });
    const bare = { model: 'models/m 1', max_tokens: 10, messages: turns };
    expect(anthropic.body(plain)).toEqual({ ...bare, temperature: 0.5 });
    expect(anthropic.body(least)).toEqual({ ...bare, system: 'S', stream: true });
    expect(() => anthropic.body(text)).toThrow(TypeError);
    expect(anthropic.headers(null)).not.toHaveProperty('x-api-key');
    expect(anthropic.headers('k')).toMatchObject({
      'x-api-key': 'k',
      'anthropic-dangerous-direct-browser-access': 'true',
    });
  });

  it('is read whole and by events; what it had in its cache was sent too', () => {
    expect(
      anthropic.read({
        type: 'message',
        content: [{ thinking: 'r' }, { text: 'a' }, { text: 'b' }],
        stop_reason: 'max_tokens',
        usage: {
          input_tokens: 1,
          cache_creation_input_tokens: 20,
          cache_read_input_tokens: 300,
          output_tokens: 4,
        },
      }),
    ).toEqual({ text: 'ab', reasoning: 'r', finish: 'length', usage: { input: 321, output: 4 } });
    const part = (event: object) => anthropic.read(event);
    expect(part({ type: 'message_start', message: { usage: {} } })).toEqual({
      text: '',
      reasoning: '',
      finish: null,
      usage: { input: 0, output: 0 },
    });
    expect(part({ type: 'content_block_delta', delta: { text: 'a' } })).toMatchObject({
      text: 'a',
      usage: null,
    });
    for (const [reason, finish] of [
      ['refusal', 'refused'],
      ['model_context_window_exceeded', 'length'],
      ['end_turn', 'stop'],
    ]) {
      expect(part({ type: 'message_delta', delta: { stop_reason: reason } })).toMatchObject({ finish });
    }
  });
});

describe('Google’s interface', () => {
  it('is asked with all that it knows, and without what a server does not take', () => {
    const contents = [
      { role: 'user', parts: [{ text: 'Q' }] },
      { role: 'model', parts: [{ text: 'A' }] },
    ];
    const systemInstruction = { parts: [{ text: 'S' }] };
    expect(google.body(full)).toEqual({
      contents,
      systemInstruction,
      generationConfig: {
        maxOutputTokens: 10,
        temperature: 0.5,
        stopSequences: ['.'],
        candidateCount: 3,
        responseMimeType: 'application/json',
        responseJsonSchema: unbounded,
      },
    });
    expect(google.body(plain)).toEqual({
      contents,
      generationConfig: { maxOutputTokens: 10, temperature: 0.5 },
    });
    expect(google.body(least)).toEqual({
      contents,
      systemInstruction,
      generationConfig: { maxOutputTokens: 10 },
    });
    expect(() => google.body(text)).toThrow(TypeError);
    expect([google.path(full), google.path(plain)]).toEqual([
      '/models/m%201:streamGenerateContent?alt=sse',
      '/models/m%201:generateContent',
    ]);
    expect([google.headers(null), google.headers('k')]).toEqual([{}, { 'x-goog-api-key': 'k' }]);
  });

  it('is read with its thoughts apart, which count as written', () => {
    const parts = [{ text: 'r', thought: true }, { text: 'a' }, { text: 'b', thought: false }, {}];
    const usageMetadata = { promptTokenCount: 5, candidatesTokenCount: 20, thoughtsTokenCount: 300 };
    expect(
      google.read({ candidates: [{ content: { parts }, finishReason: 'STOP' }], usageMetadata }),
    ).toEqual({
      text: 'ab',
      reasoning: 'r',
      finish: 'stop',
      usage: { input: 5, output: 320 },
      answers: 1,
    });
    const ended = (finishReason: string) => google.read({ candidates: [{ finishReason }] })!.finish;
    expect(['MAX_TOKENS', 'SAFETY'].map(ended)).toEqual(['length', 'refused']);
    expect(google.read({ promptFeedback: { blockReason: 'OTHER' } })).toEqual({
      text: '',
      reasoning: '',
      finish: 'refused',
      usage: null,
    });
    expect(google.read({ usageMetadata: {} })).toMatchObject({
      finish: null,
      usage: { input: 0, output: 0 },
    });
  });
});

describe('Ollama’s interface', () => {
  it('is asked with all that it knows, and without what a server does not take', () => {
    const messages = [{ role: 'system', content: 'S' }, ...turns];
    expect(ollama.body(full)).toEqual({
      model: 'models/m 1',
      messages,
      stream: true,
      options: { num_predict: 10, temperature: 0.5, stop: ['.'] },
      format: schema,
    });
    expect(ollama.body(plain)).toEqual({
      model: 'models/m 1',
      messages: turns,
      stream: false,
      options: { num_predict: 10, temperature: 0.5 },
    });
    expect(ollama.body(least)).toEqual({
      model: 'models/m 1',
      messages,
      stream: true,
      options: { num_predict: 10 },
    });
    expect(() => ollama.body(text)).toThrow(TypeError);
    expect([ollama.path(full), ollama.headers(null), ollama.headers('k')]).toEqual([
      '/api/chat',
      {},
      { authorization: 'Bearer k' },
    ]);
  });

  it('is read line by line; tokens are known with the last', () => {
    expect(ollama.read({ message: { content: 'a', thinking: 'r' }, done: false, eval_count: 3 })).toEqual({
      text: 'a',
      reasoning: 'r',
      finish: null,
      usage: null,
    });
    const last = (rest: object) => ollama.read({ done: true, ...rest });
    expect(last({ done_reason: 'length', prompt_eval_count: 4, eval_count: 3 })).toEqual({
      text: '',
      reasoning: '',
      finish: 'length',
      usage: { input: 4, output: 3 },
    });
    expect(last({ done_reason: 'stop', eval_count: 0 })).toMatchObject({
      finish: 'stop',
      usage: { input: 0, output: 0 },
    });
    expect(last({ prompt_eval_count: 4 })).toMatchObject({ finish: 'stop', usage: null });
  });
});
