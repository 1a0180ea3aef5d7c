/**
 * What a late word from the GPU costs: the same steps of a very small student with and without some milliseconds added
 * to every wait, block by block in turns. Steps are queued as a run queues them, and one at a time for comparison.
 */
import { cases, makeBatch, makeStudent, makeUpdate, type Case } from '../src/bench/cases.ts';
import { summarise } from '../src/bench/timing.ts';
import { StepsAhead } from '../src/distill/steps-ahead.ts';
import type { Engine } from '../src/engine/engine.ts';
import { probeAdapter, withAskedGpu } from '../src/engine/gpu/probe.ts';
import { PlanEngine } from '../src/engine/plan/plan-engine.ts';
import { openNodeGpu } from '../src/engine/tfjs/node-backend.ts';
import { Gpu } from '../src/engine/wgsl/gpu.ts';
import { WgslExecutor } from '../src/engine/wgsl/wgsl-executor.ts';

/** Smaller than any student that is worth training: the less a step computes, the more its wait counts. */
const crumb: Case = {
  model: 'nano',
  config: {
    ...cases[0]!.config,
    vocab_size: 64,
    d_model: 16,
    d_kv: 4,
    num_heads: 2,
    d_ff: 32,
    num_layers: 1,
    num_decoder_layers: 1,
  },
  batch: 2,
  inputLength: 8,
  targetLength: 4,
  steps: 0,
};

export interface Waits {
  addedMs: number;
  /** Steps a second, medians of the blocks. */
  queued: { without: number; added: number };
  oneAtATime: { without: number; added: number };
}

const rounds = 5;
/** Of each block: what is not counted (how many are queued depends on how long steps take), and what is. */
const firstMs = 1000;
const countedMs = 3000;

/** @param addedMs Added to every wait for the GPU. */
export async function measureWaits(addedMs: number, progress: (line: string) => void): Promise<Waits> {
  const delay = await delayWaits();
  const probe = await probeAdapter(await openNodeGpu());
  // Default limits: the kernels that any GPU compiles fast.
  const gpu = await withAskedGpu(probe, (adapter, name) => Gpu.open(adapter, { name, defaultsOnly: true }));
  const engine = new PlanEngine(makeStudent(crumb), {
    createExecutor: (layout) => new WgslExecutor(layout, gpu, { tunes: false }),
    reason: 'Measured.',
  });
  try {
    let step = 0;
    const blocks = { queued: [[], []], oneAtATime: [[], []] } as Record<string, [number[], number[]]>;
    for (let round = 1; round <= rounds; round += 1) {
      for (const way of ['queued', 'oneAtATime'] as const) {
        for (const [index, ms] of [0, addedMs].entries()) {
          delay(ms);
          const { perSecond, last } = await takeBlock(engine, way === 'queued', step);
          step = last;
          blocks[way]![index]!.push(perSecond);
          progress(
            `round ${round} of ${rounds}, ${way === 'queued' ? 'queued' : 'one at a time'}, ${ms} ms added: ${perSecond.toFixed(1)} steps/s`,
          );
        }
      }
    }
    const median = (found: number[]) => summarise(found).median;
    const of = ([without, added]: [number[], number[]]) => ({
      without: median(without),
      added: median(added),
    });
    return { addedMs, queued: of(blocks.queued!), oneAtATime: of(blocks.oneAtATime!) };
  } finally {
    delay(0);
    engine.dispose();
  }
}

/** @returns Steps a second, and the last step that was taken. */
async function takeBlock(
  engine: Engine,
  queues: boolean,
  from: number,
): Promise<{ perSecond: number; last: number }> {
  const ahead = new StepsAhead(engine, from);
  const guard = <T>(_: number, work: Promise<T>) => work;
  const batches = [makeBatch(crumb)];
  const openedAt = performance.now();
  let counting: { step: number; startedAt: number } | null = null;
  for (;;) {
    while (queues ? ahead.wantsMore : ahead.count === 0) {
      await ahead.queue(batches, makeUpdate(ahead.lastStep + 1), performance.now(), guard);
    }
    const { step } = await ahead.next(guard);
    const now = performance.now();
    if (counting === null) {
      if (now - openedAt >= firstMs) counting = { step, startedAt: now };
    } else if (now - counting.startedAt >= countedMs) {
      while (ahead.count > 0) await ahead.next(guard);
      return {
        perSecond: ((step - counting.step) / (now - counting.startedAt)) * 1000,
        last: ahead.lastStep,
      };
    }
  }
}

/** Makes every wait for the GPU later. @returns Sets by how many milliseconds. */
async function delayWaits(): Promise<(ms: number) => void> {
  let addedMs = 0;
  await openNodeGpu();
  const globals = globalThis as unknown as Record<
    string,
    { prototype: Record<string, (this: object, ...args: never[]) => Promise<unknown>> }
  >;
  const late = (className: string, method: string) => {
    const { prototype } = globals[className]!;
    const original = prototype[method]!;
    prototype[method] = async function (this: object, ...args: never[]) {
      const found = await original.apply(this, args);
      if (addedMs > 0) await new Promise((resolve) => setTimeout(resolve, addedMs));
      return found;
    };
  };
  late('GPUBuffer', 'mapAsync');
  late('GPUQueue', 'onSubmittedWorkDone');
  return (ms) => (addedMs = ms);
}

/** As lines for a terminal. */
export function waitLines({ addedMs, queued, oneAtATime }: Waits): string[] {
  const line = (words: string, { without, added }: Waits['queued']) =>
    `${words}: ${without.toFixed(1)} steps/s, ${added.toFixed(1)} with ${addedMs} ms added to every wait: ${(100 * (1 - added / without)).toFixed(1)} % fewer`;
  return [line('queued, as a run has it', queued), line('one at a time', oneAtATime)];
}
