/**
 * Which backend TensorFlow.js computes on, and why. A GPU is taken where there is a real one; else WebAssembly, which is
 * about ten times as fast as a GPU in software; else plain JavaScript.
 */
import type { BackendName } from '../engine.ts';
import { causeOf, probeAdapter, withAskedGpu, type AdapterProbe } from '../gpu/probe.ts';

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
    const { openGpu } = await import('./backend-gpu.ts');
    return openGpu(adapter, name, `WebGPU was asked for and runs on ${name}${software}.`);
  });
}

async function openBest(probe: AdapterProbe, wasmPaths: WasmPaths | undefined): Promise<OpenBackend> {
  let why: string;
  switch (probe.kind) {
    case 'hardware':
      try {
        const { openGpu } = await import('./backend-gpu.ts');
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
  const { openWasmBackend } = await import('./backend-wasm.ts');
  return openWasmBackend(paths, reason);
}

async function openCpu(reason: string): Promise<OpenBackend> {
  const { openCpuBackend } = await import('./backend-cpu.ts');
  return openCpuBackend(reason);
}
