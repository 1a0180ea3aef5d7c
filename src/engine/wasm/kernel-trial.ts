/**
 * Plain and relaxed kernels on the same products: whether they agree, and which are faster on this machine. Products
 * are those of a training step: a layer's outputs, the gradients of its input and of its weights, and few rows.
 */
import { breathe } from '../../base/breathe.ts';
import { RandomSequence } from '../../base/random.ts';
import type { Matmul } from '../plan/operations.ts';
import { noCounts, quietRun, type Tensor } from '../plan/plan.ts';
import { commandWords, encode } from './commands.ts';
import { instantiate, type KernelExports } from './instantiate.ts';
import type { Kernels } from './kernels.ts';
import { controlAddress, pageBytes, runAddress } from './memory-layout.ts';
import { runBlockBytes, writeRunBlock } from './run-block.ts';

/** By so much the relaxed kernels must be faster: less is not worth other last digits. */
export const leastGain = 1.05;
/**
 * Largest difference that is accepted, as a share of the largest value. A sum of 256 products is rounded 512 times by
 * plain kernels and 256 times by fused ones, each time by at most 6e-8 of what it has come to: some 1e-6 is usual.
 */
const tolerance = 1e-5;

const width = 256;
const rows = 64;
/** Outputs, in floats: of the three forms, of two rows alone, and of the sum that tells whether products are fused. */
const outputLengths = [rows * width, rows * width, rows * width, 2 * width, 1] as const;
const operandLengths = [rows * width, width * width, 2, 2] as const;

/** The products on one variant of the kernels, with memory of their own. */
class Products {
  readonly #kernels: KernelExports;
  readonly #outputs: Float32Array;
  readonly #commands: { address: number; count: number };

  constructor({ own }: Kernels) {
    const scratchAddress = 2 * pageBytes;
    const probe = instantiate(own, new WebAssembly.Memory({ initial: 2 }), controlAddress);
    const scratchBytes = probe.scratchBytes(1, 1, width);
    const operands = scratchAddress + scratchBytes;
    const outputs = operands + 4 * sum(operandLengths);
    const commands = outputs + 4 * sum(outputLengths);
    const words = programOf(operands, outputs);
    const initial = Math.ceil((commands + 4 * words.length) / pageBytes);
    const memory = new WebAssembly.Memory({ initial });
    this.#kernels = instantiate(own, memory, controlAddress);
    this.#kernels.join(0, 1);
    const run = { ...quietRun, counts: noCounts };
    const scratch = { address: scratchAddress, bytes: scratchBytes };
    writeRunBlock(new DataView(memory.buffer, runAddress, runBlockBytes), run, scratch);
    new Int32Array(memory.buffer, commands, words.length).set(words);
    new Float32Array(memory.buffer, operands, sum(operandLengths)).set(operandValues());
    this.#commands = { address: commands, count: words.length / commandWords };
    this.#outputs = new Float32Array(memory.buffer, outputs, sum(outputLengths));
  }

  run(): void {
    this.#kernels.run(this.#commands.address, this.#commands.count, runAddress, controlAddress);
  }

  /** What the last run gave. */
  get values(): Float32Array {
    return this.#outputs;
  }

  /** Whether a product was added without having been rounded first. To be asked after a run. */
  get isFused(): boolean {
    return this.#outputs.at(-1) === 2 ** -24;
  }
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

/** Where each of several arrays of floats begins, in floats. */
function starts(lengths: readonly number[]): number[] {
  return lengths.map((_, index) => sum(lengths.slice(0, index)));
}

/** Fixed values in [-1, 1), and two rows whose product is 2^-24 where it is fused, else 0. */
function operandValues(): Float32Array {
  const random = new RandomSequence(1);
  const values = Float32Array.from({ length: sum(operandLengths) }, () => 2 * random.next() - 1);
  values.set([-(1 + 2 ** -11), 1 + 2 ** -12, 1, 1 + 2 ** -12], values.length - 4);
  return values;
}

/** The commands, with operands and outputs one behind the other at these addresses. */
function programOf(operands: number, outputs: number): Int32Array {
  const slots = [
    ...starts(operandLengths).map((start) => operands + 4 * start),
    ...starts(outputLengths).map((start) => outputs + 4 * start),
  ];
  const tensor = (slot: number): Tensor => ({ place: { kind: 'slot', slot }, offset: 0, shape: [] });
  const product = (index: number, sizes: Pick<Matmul, 'form' | 'm' | 'n' | 'k'>): Matmul => ({
    kind: 'matmul',
    ...sizes,
    a: tensor(index === 4 ? 2 : 0),
    b: tensor(index === 4 ? 3 : 1),
    c: tensor(operandLengths.length + index),
    scale: 1,
    accumulate: 'never',
    epilogue: { kind: 'none' },
  });
  const whole = { m: rows, n: width, k: width };
  const nothing = () => {
    throw new Error('A product has no tables and no slabs.');
  };
  const addresses = {
    tensor: ({ place }: Tensor) => (place.kind === 'slot' ? slots[place.slot]! : nothing()),
    table: nothing,
    slabs: nothing,
    capacities: noCounts,
  };
  const records = [
    product(0, { form: 'nt', ...whole }),
    product(1, { form: 'nn', ...whole }),
    product(2, { form: 'tn', ...whole }),
    product(3, { form: 'nt', m: 2, n: width, k: width }),
    product(4, { form: 'nn', m: 1, n: 1, k: 2 }),
  ].flatMap((operation) => encode(operation, addresses));
  const words = new Int32Array(records.length * commandWords);
  records.forEach((record, index) => words.set(record, index * commandWords));
  return words;
}

/** Whether two results are the same but for rounding. @returns False for values that are no numbers. */
export function agree(expected: Float32Array, found: Float32Array): boolean {
  let largest = 0;
  for (const value of expected) largest = Math.max(largest, Math.abs(value));
  return found.every((value, index) => Math.abs(value - expected[index]!) <= tolerance * largest);
}

/** What relaxed kernels are here: fused and as right as the plain ones, or why they are of no use. */
export type RelaxedVerdict = 'right' | 'unfused' | 'different';

/** Holds relaxed kernels against plain ones on the same products. */
export function judgeRelaxed(plain: Kernels, relaxed: Kernels): RelaxedVerdict {
  return verdictOf(new Products(plain), new Products(relaxed));
}

function verdictOf(plain: Products, relaxed: Products): RelaxedVerdict {
  plain.run();
  relaxed.run();
  if (!agree(plain.values, relaxed.values)) return 'different';
  return relaxed.isFused ? 'right' : 'unfused';
}

/** Milliseconds of the same work, taken one after the other. */
export interface Round {
  plainMs: number;
  relaxedMs: number;
}

/** What a quarter of the rounds may be above the fastest: more, and something else was at work. */
const mostJitter = 0.05;

/**
 * How many times as fast the relaxed kernels were, by the faster quarter of the rounds.
 * @returns Null where that may not be believed: the rounds differ too much among themselves, or the earlier were slower
 * than the later. (Code runs slowly until it was compiled for speed, which happens in the background.)
 */
export function gainOf(timed: readonly Round[]): number | null {
  const half = timed.length >> 1;
  const quarters: number[] = [];
  for (const key of ['plainMs', 'relaxedMs'] as const) {
    const all = timed.map((round) => round[key]);
    const best = Math.min(...all);
    const quarter = [...all].sort((a, b) => a - b)[all.length >> 2]!;
    const early = Math.min(...all.slice(0, half));
    if (best <= 0 || Math.max(quarter, early) > (1 + mostJitter) * best) return null;
    quarters.push(quarter);
  }
  return quarters[0]! / quarters[1]!;
}

/** Rounds that are judged together. */
const roundCount = 24;
/** What one timing lasts at least. Short ones are often over before a busy machine takes the core away. */
const shortestMs = 0.7;
/** And how many of the clock's steps, so that they hide no difference. */
const clockSteps = 50;
const longestMs = 5;
/** How long each variant runs before anything is timed. */
const warmUpMs = 20;
/** How long rounds are taken again where they may not be believed. */
const patienceMs = 300;

/**
 * Holds relaxed kernels against plain ones, then times both in turns: a tenth of a second on a calm machine.
 * @returns How many times as fast the relaxed ones are; 0 where they do not fuse, or differ by more than rounding;
 * null where the machine was too busy to tell, or the clock too coarse.
 */
export async function measureGain(plain: Kernels, relaxed: Kernels): Promise<number | null> {
  const [first, second] = [new Products(plain), new Products(relaxed)];
  if (verdictOf(first, second) !== 'right') return 0;
  const timingMs = Math.max(shortestMs, clockSteps * clockStepMs());
  if (timingMs > longestMs) return null;
  const fastestMs = Math.min(await warmUp(first), await warmUp(second));
  const repeats = Math.ceil(timingMs / Math.max(fastestMs, 0.01));
  const end = performance.now() + patienceMs;
  do {
    const timed: Round[] = [];
    while (timed.length < roundCount) {
      await breathe();
      // Whoever comes second finds another cache: each is first in every other round.
      const isEven = timed.length % 2 === 0;
      const a = time(isEven ? first : second, repeats);
      const b = time(isEven ? second : first, repeats);
      timed.push(isEven ? { plainMs: a, relaxedMs: b } : { plainMs: b, relaxedMs: a });
    }
    const gain = gainOf(timed);
    if (gain !== null) return gain;
  } while (performance.now() < end);
  return null;
}

/** The smallest step that the clock was seen to take; browsers make it coarse. Infinite where it stands still. */
function clockStepMs(): number {
  let step = Infinity;
  let last = performance.now();
  for (let looks = 0, steps = 0; looks < 1_000_000 && steps < 3; looks += 1) {
    const now = performance.now();
    if (now === last) continue;
    step = Math.min(step, now - last);
    last = now;
    steps += 1;
  }
  return step;
}

/** @returns How long the products took at best. */
async function warmUp(products: Products): Promise<number> {
  let fastestMs = Infinity;
  const end = performance.now() + warmUpMs;
  while (performance.now() < end) {
    fastestMs = Math.min(fastestMs, time(products, 1));
    await breathe();
  }
  return fastestMs;
}

function time(products: Products, repeats: number): number {
  const startedAt = performance.now();
  for (let repeat = 0; repeat < repeats; repeat += 1) products.run();
  return performance.now() - startedAt;
}
