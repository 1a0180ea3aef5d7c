/** See `estimate-memory` in protocol.ts. */
import { EngineError } from '../base/errors.ts';
import { formatBytes } from '../base/units.ts';
import { fitsIn, memoryOfRun, reliefs } from '../distill/memory-of-run.ts';
import { chooseEngine } from '../engine/choose.ts';
import { probeAdapter } from '../engine/gpu/probe.ts';
import type { DeviceModel } from '../engine/plan/run-memory.ts';
import { loadKernels } from '../engine/wasm/kernels.ts';
import type { CommandOf, MemoryOfRun } from './protocol.ts';

export async function estimateMemory({
  configs,
  recipe,
  lengths,
  request,
}: CommandOf<'estimate-memory'>): Promise<MemoryOfRun[]> {
  let bindingBytes: number | undefined;
  const probe = async () => {
    const found = await probeAdapter(navigator.gpu);
    if (found.kind !== 'none') bindingBytes = bindingBytesOf(found.adapter.limits);
    return found;
  };
  const chosen = await chooseEngine(request, probe);
  if (chosen.engine === 'wgsl' && bindingBytes === undefined) await probe();
  const onGpu = chosen.engine === 'wgsl' ? await wgslModelOf(bindingBytes) : null;
  return Promise.all(
    configs.map(async (config): Promise<MemoryOfRun> => {
      const count = (engine: 'wasm' | 'wgsl', model: DeviceModel): MemoryOfRun => {
        const memory = memoryOfRun(config, recipe, lengths, model);
        if (fitsIn(model, memory)) return { ...memory, engine, problem: null, reliefs: [] };
        const found = reliefs(config, recipe, lengths, model);
        return {
          ...memory,
          engine,
          problem: `WebAssembly has at most ${formatBytes(model.limitBytes)}.`,
          reliefs: found.map((one) => {
            return { key: one.key, words: one.words, steadyBytes: one.memory.steadyBytes };
          }),
        };
      };
      // TensorFlow.js has no plan; it takes more than WebAssembly's.
      if (onGpu === null) return count('wasm', await modelOfWasm());
      try {
        return count('wgsl', onGpu);
      } catch (error) {
        if (!(error instanceof EngineError)) throw error;
        // A GPU that cannot bind a weight is followed by WebAssembly, unless it was asked for by name.
        const counted = count('wasm', await modelOfWasm());
        const wasAskedFor = request.engine !== null || request.backend !== null;
        return wasAskedFor
          ? { ...counted, problem: `${error.problem} ${error.remedy}`, reliefs: [] }
          : counted;
      }
    }),
  );
}

async function wgslModelOf(bindingBytes: number | undefined): Promise<DeviceModel> {
  return (await import('../engine/wgsl/wgsl-bytes.ts')).wgslModel(bindingBytes);
}

/** See `Gpu.bindingBytes`. */
function bindingBytesOf({ maxBufferSize, maxStorageBufferBindingSize }: GPUSupportedLimits): number {
  return Math.min(maxBufferSize, maxStorageBufferBindingSize);
}

async function modelOfWasm(): Promise<DeviceModel> {
  const { wasmModel } = await import('../engine/wasm/memory-layout.ts');
  return wasmModel(await loadKernels(), navigator.hardwareConcurrency);
}
