/**
 * Which backend trains on this machine, and why. A GPU is taken where there is a real one; else WebAssembly, which is
 * about ten times as fast as a GPU in software; else plain JavaScript.
 */
import { EngineError } from '../base/errors.ts';
import type { BackendName } from './engine.ts';

/** A backend that is ready to compute. */
export interface OpenBackend {
  name: BackendName;
  /** The GPU, or what the CPU backend uses (`WebAssembly SIMD, 4 threads`). */
  adapter: string;
  /** Why this one, as a sentence. */
  reason: string;
  /** Call before computing and after each await: makes it current. Throws DeviceLostError or EngineError once it failed. */
  activate: () => void;
  /** Waits for `work`. Rejects with DeviceLostError once the device is lost, with EngineError once it refused something. */
  settle: <T>(work: Promise<T>) => Promise<T>;
  /** Bytes that it holds now. */
  bytesHeld: () => number;
  /** Frees what it holds, the device too. Engines on it must not be used afterwards. */
  close: () => void;
}

/** Where the WebAssembly files without threads of TensorFlow.js are, by file name: URLs in a browser, paths in Node. */
export interface WasmPaths {
  'tfjs-backend-wasm.wasm': string;
  'tfjs-backend-wasm-simd.wasm': string;
}

export interface OpenOptions {
  /** The backend to open whatever the machine has. Left out: the best one. */
  backend?: BackendName | undefined;
  /** Needed where the wasm backend may be opened. */
  wasmPaths?: WasmPaths | undefined;
  /** Left out: `navigator.gpu`. */
  gpu?: GPU | undefined;
}

export type AdapterProbe =
  | { kind: 'none'; description: string }
  | { kind: 'software' | 'hardware'; description: string; adapter: GPUAdapter };

const softwareNames = /swiftshader|llvmpipe|lavapipe|softpipe|microsoft basic render|\bwarp\b/i;

/** Whether an adapter's name is that of a GPU in software. */
export function isSoftwareName(name: string): boolean {
  return softwareNames.test(name);
}

/** Looks for a GPU. `description` names it, or says why there is none (to follow "because"). */
export async function probeAdapter(gpu: GPU | undefined): Promise<AdapterProbe> {
  if (gpu === undefined) return { kind: 'none', description: 'WebGPU is not available here' };
  let adapter: GPUAdapter | null = null;
  try {
    adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' });
  } catch {
    // Some drivers throw where they should answer null.
  }
  if (adapter === null) return { kind: 'none', description: 'WebGPU found no GPU' };
  const { description, vendor, architecture, device } = adapter.info;
  const parts = [description, vendor, architecture, device].filter((part) => part !== '');
  const isSoftware = adapter.info.isFallbackAdapter || parts.some(isSoftwareName);
  const shown = description !== '' ? description : parts.join(' ');
  if (isSoftware) return { kind: 'software', description: shown || 'a software adapter', adapter };
  return { kind: 'hardware', description: shown || 'an unnamed GPU', adapter };
}

function causeOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/**
 * Opens the backend asked for, or the best one.
 * @throws EngineError where the one asked for is not there, or none works.
 */
export async function openBackend(options: OpenOptions = {}): Promise<OpenBackend> {
  const gpu = options.gpu ?? (globalThis.navigator as Navigator | undefined)?.gpu;
  switch (options.backend) {
    case 'webgpu':
      return openAskedGpu(await probeAdapter(gpu));
    case 'wasm':
      return openWasm(options.wasmPaths, 'WebAssembly was asked for.');
    case 'cpu':
      return openCpu('Plain JavaScript was asked for.');
    case undefined:
      return openBest(await probeAdapter(gpu), options.wasmPaths);
    default:
      return options.backend satisfies never;
  }
}

async function openAskedGpu(probe: AdapterProbe): Promise<OpenBackend> {
  const software = probe.kind === 'software' ? ', which is software and slow' : '';
  return withAskedGpu(probe, async (adapter, name) => {
    const { openGpu } = await import('./tfjs/backend-gpu.ts');
    return openGpu(adapter, name, `WebGPU was asked for and runs on ${name}${software}.`);
  });
}

/**
 * Opens something on a GPU that was asked for.
 * @throws EngineError in words, where there is none or it does not open.
 */
export async function withAskedGpu<T>(
  probe: AdapterProbe,
  open: (adapter: GPUAdapter, name: string) => Promise<T>,
): Promise<T> {
  if (probe.kind === 'none') {
    throw new EngineError(
      `WebGPU was asked for, but ${probe.description}.`,
      'Choose wasm, or use a browser and a graphics driver that offer WebGPU.',
    );
  }
  try {
    return await open(probe.adapter, probe.description);
  } catch (error) {
    throw new EngineError(
      `The GPU (${probe.description}) could not be opened: ${causeOf(error)}.`,
      'Close other programs that use the GPU and try again, or choose wasm.',
    );
  }
}

async function openBest(probe: AdapterProbe, wasmPaths: WasmPaths | undefined): Promise<OpenBackend> {
  let why: string;
  switch (probe.kind) {
    case 'hardware':
      try {
        const { openGpu } = await import('./tfjs/backend-gpu.ts');
        return await openGpu(
          probe.adapter,
          probe.description,
          `A GPU was found (${probe.description}), so training runs on it with WebGPU.`,
        );
      } catch (error) {
        why = `The GPU (${probe.description}) could not be opened (${causeOf(error)})`;
      }
      break;
    case 'software':
      why = `No GPU was found (the only adapter is ${probe.description}, which is software)`;
      break;
    case 'none':
      why = `No GPU was found (${probe.description})`;
      break;
    default:
      return probe satisfies never;
  }
  let wasmProblem: unknown;
  try {
    return await openWasm(wasmPaths, `${why}, so training runs on WebAssembly with one thread.`);
  } catch (error) {
    wasmProblem = error;
  }
  return openCpu(
    `${why}, and WebAssembly did not start (${causeOf(wasmProblem)}), so training runs on plain JavaScript, which is slow.`,
  );
}

async function openWasm(paths: WasmPaths | undefined, reason: string): Promise<OpenBackend> {
  const { openWasmBackend } = await import('./tfjs/backend-wasm.ts');
  return openWasmBackend(paths, reason);
}

async function openCpu(reason: string): Promise<OpenBackend> {
  const { openCpuBackend } = await import('./tfjs/backend-cpu.ts');
  return openCpuBackend(reason);
}
