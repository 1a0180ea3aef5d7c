/** A step by LoRA against a whole one, on the same executor: both take their steps in turns, so that what disturbs the machine disturbs both. */
import { makeBatch, makeStudent, makeUpdate, type Case, type ModelName } from '../src/bench/cases.ts';
import { summarise, type Timing } from '../src/bench/timing.ts';
import type { EngineStudent } from '../src/engine/engine.ts';
import { defaultLora, initialiseAdapters, type Lora } from '../src/student/lora/lora.ts';
import { asContender, type Contender } from './contender.ts';
import { allThreads, openWasm, openWgslGpu } from './engines.ts';

export interface AdapterComparison {
  model: ModelName;
  engine: 'wasm' | 'wgsl';
  lora: Lora;
  whole: Timing;
  adapters: Timing;
  /** A step by LoRA by a whole one: medians. */
  ratio: number;
}

/** @param onGpu On WebGPU; else on WebAssembly, with all threads. peft's adapters: rank 8 on q and v. */
export async function compareAdapters(
  one: Case,
  onGpu: boolean,
  progress: (line: string) => void,
): Promise<AdapterComparison> {
  const student = makeStudent(one);
  const lora: Lora = defaultLora;
  const adapted: EngineStudent = {
    ...student,
    adapters: { lora, weights: initialiseAdapters(one.config, lora, 1) },
  };
  const both: Contender[] = [];
  try {
    for (const of of [student, adapted])
      both.push(onGpu ? await openWgslGpu(of, one) : asContender((await openWasm(of, allThreads)).engine));
    const elapsed: [number[], number[]] = [[], []];
    // The first two rounds compile and warm up.
    for (let round = -1; round <= one.steps; round += 1) {
      progress(`${one.model}: round ${Math.max(0, round)} of ${one.steps}`);
      // Each comes first in every other round.
      for (const which of round % 2 === 0 ? ([0, 1] as const) : ([1, 0] as const)) {
        const startedAt = performance.now();
        await both[which]!.step(makeBatch(one), makeUpdate(round + 2));
        if (round > 0) elapsed[which].push(performance.now() - startedAt);
      }
    }
    const [whole, adapters] = elapsed.map(summarise) as [Timing, Timing];
    const engine = onGpu ? 'wgsl' : 'wasm';
    return { model: one.model, engine, lora, whole, adapters, ratio: adapters.median / whole.median };
  } finally {
    for (const { close } of both) close();
  }
}

/** As lines of text. */
export function adapterLines(compared: readonly AdapterComparison[]): string[] {
  const words = ({ median, min, max }: Timing): string =>
    `${median.toPrecision(3)} ms (${min.toPrecision(3)} … ${max.toPrecision(3)})`;
  return compared.map(
    ({ model, engine, lora, whole, adapters, ratio }) =>
      `${model}, ${engine}: whole ${words(whole)}, by LoRA of rank ${lora.rank} on ${targetWords(lora)} ` +
      `${words(adapters)}; ${ratio.toFixed(2)} of a whole step`,
  );
}

function targetWords({ targets }: Lora): string {
  return targets === 'all-linear' ? 'all linear layers' : targets.join(' and ');
}
