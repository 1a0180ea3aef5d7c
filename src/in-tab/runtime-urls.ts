/**
 * Where the files of ONNX Runtime lie: one build with WebGPU, which needs a browser whose WebAssembly can wait for
 * promises (JSPI), and one for processors alone. Only the one that is used is fetched.
 */
import gpuScript from 'onnxruntime-web/ort-wasm-simd-threaded.jspi.mjs?url';
import gpuProgram from 'onnxruntime-web/ort-wasm-simd-threaded.jspi.wasm?url';
import plainScript from 'onnxruntime-web/ort-wasm-simd-threaded.mjs?url';
import plainProgram from 'onnxruntime-web/ort-wasm-simd-threaded.wasm?url';
import type { Device } from './model-folder.ts';

export function runtimeUrls(device: Device): { mjs: string; wasm: string } {
  const absolute = (url: string): string => new URL(url, import.meta.url).href;
  return device === 'webgpu'
    ? { mjs: absolute(gpuScript), wasm: absolute(gpuProgram) }
    : { mjs: absolute(plainScript), wasm: absolute(plainProgram) };
}
