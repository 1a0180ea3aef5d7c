/** The whole plan in WebAssembly against what PyTorch computed. */
import { describeAdafactor } from '../../../tests/support/adafactor-suite.ts';
import { describeFamily, describeGoldens } from '../../../tests/support/golden-suite.ts';
import { describeHalfBase } from '../../../tests/support/half-base-suite.ts';
import { describeLora } from '../../../tests/support/lora-suite.ts';
import type { EngineStudent } from '../engine.ts';
import { PlanEngine } from '../plan/plan-engine.ts';
import { loadKernels } from './kernels.ts';
import { startNodeThread } from './node-thread.ts';
import { WasmExecutor } from './wasm-executor.ts';

const kernels = await loadKernels();

for (const threads of [1, 2]) {
  const open = (student: EngineStudent): PlanEngine =>
    new PlanEngine(student, {
      createExecutor: (layout) =>
        new WasmExecutor(layout, { kernels, threads, startThread: startNodeThread, poison: true }),
      reason: 'A test.',
    });
  describeGoldens(`the plan in WebAssembly agrees with PyTorch, ${threads} threads`, open);
  describeFamily(
    `the plan in WebAssembly agrees with PyTorch on the rest of the family, ${threads} threads`,
    open,
  );
  describeAdafactor(`Adafactor in WebAssembly agrees with transformers, ${threads} threads`, open);
  describeLora(`LoRA in WebAssembly agrees with peft, ${threads} threads`, open);
  describeHalfBase(`a base in half precision in WebAssembly, ${threads} threads`, open);
}
