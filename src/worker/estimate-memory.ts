/** See `estimate-memory` in protocol.ts. */
import { formatBytes } from '../base/units.ts';
import { fitsIn, memoryOfRun, reliefs } from '../distill/memory-of-run.ts';
import { chooseEngine } from '../engine/choose.ts';
import { probeAdapter } from '../engine/gpu/probe.ts';
import type { DeviceModel } from '../engine/plan/run-memory.ts';
import type { CommandOf, MemoryOfRun } from './protocol.ts';

export async function estimateMemory({
  configs,
  recipe,
  lengths,
  request,
}: CommandOf<'estimate-memory'>): Promise<MemoryOfRun[]> {
  const chosen = await chooseEngine(request, () => probeAdapter(navigator.gpu));
  // TensorFlow.js has no plan; it takes more than WebAssembly's.
  const engine = chosen.engine === 'wgsl' ? 'wgsl' : 'wasm';
  const model = await modelOf(engine);
  return configs.map((config) => {
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
  });
}

async function modelOf(engine: 'wasm' | 'wgsl'): Promise<DeviceModel> {
  if (engine === 'wgsl') return (await import('../engine/wgsl/wgsl-bytes.ts')).wgslModel;
  const [{ wasmModel }, { loadKernels }] = await Promise.all([
    import('../engine/wasm/memory-layout.ts'),
    import('../engine/wasm/kernels.ts'),
  ]);
  return wasmModel(await loadKernels(), navigator.hardwareConcurrency);
}
