/** What the runtime is given in place of a network: its own programs, and the page's files of the model. */
import gpuScript from 'onnxruntime-web/ort-wasm-simd-threaded.jspi.mjs?url';
import gpuProgram from 'onnxruntime-web/ort-wasm-simd-threaded.jspi.wasm?url';
import plainScript from 'onnxruntime-web/ort-wasm-simd-threaded.mjs?url';
import plainProgram from 'onnxruntime-web/ort-wasm-simd-threaded.wasm?url';
import type { Device } from './model-folder.ts';

/**
 * Where ONNX Runtime's programs lie: one build with WebGPU, which needs a browser whose WebAssembly can wait for promises
 * (JSPI), and one for processors alone. Only the one that is used is fetched.
 */
export function runtimeUrls(device: Device): { mjs: string; wasm: string } {
  const absolute = (url: string): string => new URL(url, import.meta.url).href;
  return device === 'webgpu'
    ? { mjs: absolute(gpuScript), wasm: absolute(gpuProgram) }
    : { mjs: absolute(plainScript), wasm: absolute(plainProgram) };
}

/** What transformers.js asks for while it opens a model. @param url Below `/model/`. @param files By path below the model's folder. */
export async function respond(url: string, files: ReadonlyMap<string, Blob>): Promise<Response> {
  const path = url.replace(/^\/?model\//, '');
  const file = path === 'tokenizer_config.json' ? await tokenizerConfig(files) : files.get(path);
  if (file === undefined) return new Response('', { status: 404 });
  return new Response(file, { headers: { 'content-length': String(file.size) } });
}

/** Newer folders have the template of turns beside the configuration, where transformers.js does not look. */
async function tokenizerConfig(files: ReadonlyMap<string, Blob>): Promise<Blob> {
  const config = JSON.parse((await files.get('tokenizer_config.json')?.text()) ?? '{}') as object;
  const template = files.get('chat_template.jinja');
  if ('chat_template' in config || template === undefined) return new Blob([JSON.stringify(config)]);
  return new Blob([JSON.stringify({ ...config, chat_template: await template.text() })]);
}
