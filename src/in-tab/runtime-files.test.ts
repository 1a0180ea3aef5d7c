import { expect, it } from 'vitest';
import { respond, runtimeUrls } from './runtime-files.ts';

const folder = (files: Record<string, string>) =>
  new Map(Object.entries(files).map(([path, text]) => [path, new Blob([text])]));

it('answers with a file of the folder, as long as it is, or says that there is none', async () => {
  const files = folder({ 'onnx/model.onnx': 'abcde' });
  for (const url of ['/model/onnx/model.onnx', 'model/onnx/model.onnx']) {
    const answer = await respond(url, files);
    expect([answer.status, answer.headers.get('content-length'), await answer.text()]).toEqual([
      200,
      '5',
      'abcde',
    ]);
  }
  expect((await respond('/model/onnx/other.onnx', files)).status).toBe(404);
});

it('puts a template of turns that lies beside the configuration into it, unless it has its own', async () => {
  const config = async (files: Record<string, string>): Promise<unknown> =>
    (await respond('/model/tokenizer_config.json', folder(files))).json();
  const template = { 'chat_template.jinja': '{{ turns }}' };
  expect(await config({ ...template, 'tokenizer_config.json': '{"a":1}' })).toEqual({
    a: 1,
    chat_template: '{{ turns }}',
  });
  expect(await config({ ...template, 'tokenizer_config.json': '{"chat_template":"own"}' })).toEqual({
    chat_template: 'own',
  });
  expect(await config(template)).toEqual({ chat_template: '{{ turns }}' });
  expect(await config({ 'tokenizer_config.json': '{"a":1}' })).toEqual({ a: 1 });
});

it('names the build for processors alone, or the one with WebGPU that waits for promises', () => {
  for (const [device, build] of [
    ['wasm', 'ort-wasm-simd-threaded'],
    ['webgpu', 'ort-wasm-simd-threaded.jspi'],
  ] as const) {
    const { mjs, wasm } = runtimeUrls(device);
    expect([mjs, wasm].map((url) => new URL(url).pathname.split('/').at(-1))).toEqual([
      `${build}.mjs`,
      `${build}.wasm`,
    ]);
  }
});
