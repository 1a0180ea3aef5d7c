/**
 * Chooses how matrix products are cut up, by timing the variants on the GPU that is there: hardware that nobody has
 * seen is the normal case. Choices change speed only, never a bit of the results: each variant is held against the
 * others and against the CPU on random numbers before it may be chosen. The likeliest are tried first, few at a time;
 * the others in later sessions.
 */
import { EngineError } from '../../base/errors.ts';
import type { Matmul, Operation } from '../plan/operations.ts';
import { flopsOfAll } from '../plan/cost.ts';
import type { Counts } from '../plan/plan.ts';
import type { AdapterNotes } from '../gpu/adapter-notes.ts';
import { canDo, hasFewColumns, variantsFor, type MatmulVariant } from './matmul.ts';
import {
  areSame,
  isProduct,
  operandsOfTrial,
  shrink,
  type OpenTrial,
  type OpenTrials,
  type Trial,
} from './trial.ts';

/** What the tuner knows of a GPU; `Gpu` is one. */
export interface TunedGpu {
  readonly hasSubgroups: boolean;
  readonly isSoftware: boolean;
  /** Subgroups have more lanes than a quad. */
  readonly hasWideSubgroups: boolean;
  /** How late the end of work may be told. */
  readonly lateMs: number;
}

/** Time for all timings of one plan; what is not timed by then takes the first candidate. */
const budgetMs = 2000;
/** A first, small problem tells software from hardware. */
const smallFlops = 3e7;
const fullFlops = 2e9;
const tooFastMs = 4;
/** What one submission may last, far below what a desktop can take. */
const longestMs = 100;
/** A time is believed once it is so many times what may be wrong with it. */
const tellingDelays = 8;
const tellingMs = 16;

/** Of one product: it took no less and no more than so long. */
interface Timing {
  leastMs: number;
  mostMs: number;
}

export class Tuner {
  readonly #gpu: TunedGpu;
  readonly #openTrial: OpenTrials;
  readonly #notes: AdapterNotes;
  readonly #choices = new Map<string, string>();
  readonly #tried = new Map<string, readonly string[]>();
  #hasRead = false;
  /** Classes that were tried in this session. */
  readonly #triedNow = new Set<string>();

  constructor(gpu: TunedGpu, openTrial: OpenTrials, notes: AdapterNotes) {
    this.#gpu = gpu;
    this.#openTrial = openTrial;
    this.#notes = notes;
  }

  /** The variant for a product; `asked` where it can do it. */
  choose(operation: Matmul, asked?: MatmulVariant): MatmulVariant {
    const candidates = this.#candidates(operation);
    if (asked !== undefined) {
      const isThere = asked.kernel !== 'quad' || this.#gpu.hasSubgroups;
      return isThere && canDo(asked, operation) ? asked : candidates[0]!;
    }
    const chosen = this.#choices.get(productClass(operation));
    return candidates.find(({ name }) => name === chosen) ?? candidates[0]!;
  }

  /**
   * Times variants of every class of product, of each on its largest product: those that no session has tried.
   * @throws EngineError where no variant of a class computes what it should.
   */
  async tune(operations: readonly Operation[], capacities: Counts): Promise<void> {
    await this.#read();
    const largest = new Map<string, Matmul>();
    for (const operation of operations) {
      if (operation.kind !== 'matmul') continue;
      const key = productClass(operation);
      if (this.#triedNow.has(key) || this.#untried(operation).length === 0) continue;
      const other = largest.get(key);
      if (other === undefined || flopsOfAll([operation], capacities) > flopsOfAll([other], capacities)) {
        largest.set(key, operation);
      }
    }
    if (largest.size === 0) return;
    const endsAt = performance.now() + budgetMs;
    let left = largest.size;
    for (const [key, operation] of largest) {
      const shareMs = (endsAt - performance.now()) / left;
      await this.#try(key, operation, capacities, shareMs);
      this.#triedNow.add(key);
      left -= 1;
    }
    await this.#notes.keep({
      choices: Object.fromEntries(this.#choices),
      tried: Object.fromEntries([...this.#tried].map(([key, names]) => [key, [...names]])),
    });
  }

  async #read(): Promise<void> {
    if (this.#hasRead) return;
    this.#hasRead = true;
    const { choices, tried } = await this.#notes.read();
    for (const [key, name] of Object.entries(choices)) this.#choices.set(key, name);
    for (const [key, names] of Object.entries(tried)) this.#tried.set(key, names);
  }

  /** The likeliest first. */
  #candidates(operation: Matmul): MatmulVariant[] {
    const { hasSubgroups, hasWideSubgroups, isSoftware } = this.#gpu;
    const able = variantsFor(operation, hasWideSubgroups ? 8 : hasSubgroups ? 4 : 0);
    if (!isSoftware) return able;
    // Where barriers are expensive, the variants without them come first, those that share loads by quads before all: of
    // these the smallest was the fastest with SwiftShader, and is the soonest compiled everywhere.
    const isQuad = ({ kernel }: MatmulVariant) => kernel === 'quad';
    return [...able.filter(isQuad), ...able.filter((variant) => !isQuad(variant)).reverse()];
  }

  #untried(operation: Matmul): MatmulVariant[] {
    const tried = this.#tried.get(productClass(operation)) ?? [];
    return this.#candidates(operation).filter(({ name }) => !tried.includes(name));
  }

  /** Tries as many variants as there is time for, and keeps the fastest of those and the one chosen before. */
  async #try(key: string, operation: Matmul, capacities: Counts, shareMs: number): Promise<void> {
    const endsAt = performance.now() + shareMs;
    const known = this.#candidates(operation).find(({ name }) => name === this.#choices.get(key));
    const candidates = [...(known === undefined ? [] : [known]), ...this.#untried(operation)];
    const small = shrink(operation, capacities, smallFlops);
    const operands = operandsOfTrial(small);
    let right: readonly Float32Array[] | null = null;
    let timed = small;
    let best: Timing | null = null;
    for (const variant of candidates) {
      // One is always timed: a machine so slow that nothing can be compared keeps it.
      if (best !== null && performance.now() > endsAt) break;
      this.#tried.set(key, [
        ...(this.#tried.get(key) ?? []).filter((name) => name !== variant.name),
        variant.name,
      ]);
      let timing = await this.#on(small, variant, async (trial): Promise<Timing | null> => {
        const firstMs = await trial.run(1); // Drivers compile when a kernel is first used.
        const results = await trial.results();
        if (!isProduct(small, operands, results[0]!)) return null;
        right ??= results;
        if (!areSame(results, right)) return null;
        if (timed === small) return this.#time(trial, firstMs);
        const againMs = await trial.run(1);
        return { leastMs: 0, mostMs: againMs };
      });
      // It computes something else: a fault of the driver, and never chosen.
      if (timing === null) {
        if (variant === known) this.#choices.delete(key);
        continue;
      }
      if (best === null && timing.mostMs < tooFastMs) {
        timed = shrink(
          operation,
          capacities,
          Math.min(fullFlops, (small.flops * longestMs) / 2 / timing.mostMs),
        );
      }
      if (timed !== small) {
        // Far slower than the best: not worth a submission that would be felt.
        if ((timing.mostMs * timed.flops) / small.flops > longestMs) continue;
        timing = await this.#on(timed, variant, async (trial) => this.#time(trial, await trial.run(1)));
      }
      // No choice by chance: it must be faster whatever the times leave open.
      if (best !== null && timing.mostMs >= best.leastMs) continue;
      best = timing;
      this.#choices.set(key, variant.name);
    }
    if (best === null) {
      throw new EngineError(
        'This GPU computes matrix products wrongly: every kernel for them differs from the CPU.',
        'Update the graphics driver or the browser, or train on WebAssembly.',
      );
    }
  }

  async #on<T>(trial: Trial, variant: MatmulVariant, work: (open: OpenTrial) => Promise<T>): Promise<T> {
    const open = await this.#openTrial(trial, variant);
    try {
      return await work(open);
    } finally {
      open.close();
    }
  }

  /** @param firstMs What it took when it ran first: at least what it takes. */
  async #time(trial: OpenTrial, firstMs: number): Promise<Timing> {
    const { lateMs } = this.#gpu;
    const wantedMs = Math.max(tellingMs, tellingDelays * lateMs);
    let least: Timing = { leastMs: Math.max(0, firstMs - lateMs), mostMs: firstMs };
    let times = 1;
    for (let last = false; ;) {
      const elapsedMs = await trial.run(times);
      if (elapsedMs / times < least.mostMs) {
        least = { leastMs: Math.max(0, elapsedMs - lateMs) / times, mostMs: elapsedMs / times };
      }
      if (last) return least;
      last = elapsedMs >= wantedMs || 2 * times * least.mostMs > longestMs;
      if (!last) times *= 2;
    }
  }
}

/** Products of one class share a choice: what is fastest depends on how a product is loaded, and on its shape. */
export function productClass(operation: Matmul): string {
  const { form, m, epilogue } = operation;
  const gate = epilogue.kind === 'gated' ? ' with a gate' : '';
  const rows = m === 'generationRows' ? ' of few rows' : '';
  return `${form}${gate}${rows}${hasFewColumns(operation) ? ' of few columns' : ''}`;
}
