/** Opening a backend in Node: the GPU is that of the npm package `webgpu` (Dawn). Browser code never imports this. */
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import './node-globals.ts';
import type { BackendName } from '../engine.ts';
import { restBetweenLooks } from '../gpu/node-waits.ts';
import { openBackend, type OpenBackend, type WasmPaths } from './open.ts';

let nodeGpu: Promise<GPU | undefined> | undefined;

/**
 * SwiftShader compiles a value that workgroup memory starts with to a store for each number: with it a kernel of
 * attention takes more than twice as long. A loop, which Dawn writes instead, starts memory with the same zeros.
 */
const forSwiftShader = 'disable-dawn-features=use_vulkan_zero_initialize_workgroup_memory_extension';

/** Gives each buffer memory of its own, freed with it, so that memory can be measured. Otherwise Dawn keeps blocks of 8 MB. */
const unshared = 'enable-dawn-features=disable_resource_suballocation';

/**
 * WebGPU in Node, and the globals that come with it. Undefined where the package has no build for this machine. A
 * graphics driver's loader is looked for when the process starts: see scripts/software-gpu.mjs.
 */
export function openNodeGpu(): Promise<GPU | undefined> {
  nodeGpu ??= loadGpu();
  return nodeGpu;
}

async function loadGpu(): Promise<GPU | undefined> {
  let dawn: { create: (options: string[]) => GPU; globals: object };
  try {
    dawn = await import('webgpu');
  } catch {
    return undefined;
  }
  Object.assign(globalThis, dawn.globals);
  restBetweenLooks(globalThis);
  const isSwiftShader = process.env['VK_ICD_FILENAMES']?.includes('swiftshader') === true;
  const measuresMemory = process.env['STILLROOM_MEASURES_MEMORY'] === '1';
  const gpu = dawn.create([
    ...(isSwiftShader ? [forSwiftShader] : []),
    ...(measuresMemory ? [unshared] : []),
  ]);
  // TensorFlow.js' backend refuses to start where it sees no `navigator.gpu`. Node has a navigator from 21 on.
  const navigator = (globalThis as { navigator?: object }).navigator ?? {};
  Object.defineProperty(navigator, 'gpu', { value: gpu, configurable: true });
  Object.defineProperty(globalThis, 'navigator', { value: navigator, configurable: true });
  return gpu;
}

/**
 * Opens the backend asked for, or the best one; see openBackend(). The process runs on while a GPU is held:
 * close the backend, or end the process.
 */
export async function openNodeBackend(
  options: { backend?: BackendName | undefined } = {},
): Promise<OpenBackend> {
  const wantsGpu = options.backend === undefined || options.backend === 'webgpu';
  const gpu = wantsGpu ? await openNodeGpu() : undefined;
  return openBackend({ backend: options.backend, gpu, wasmPaths: wasmFiles() });
}

/** Where TensorFlow.js' WebAssembly files are: in the installed package. */
export function wasmFiles(): WasmPaths {
  const folder = dirname(
    createRequire(import.meta.url).resolve('@tensorflow/tfjs-backend-wasm/dist/index.js'),
  );
  return {
    'tfjs-backend-wasm.wasm': join(folder, 'tfjs-backend-wasm.wasm'),
    'tfjs-backend-wasm-simd.wasm': join(folder, 'tfjs-backend-wasm-simd.wasm'),
  };
}
