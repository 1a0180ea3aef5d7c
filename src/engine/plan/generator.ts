/** Drives a generation plan: which rows continue, what they continue, and when to stop. */
import { breathe } from '../../base/breathe.ts';
import type { T5Config } from '../../student/config.ts';
import { openSearch, type RunningBeam } from '../beam-search.ts';
import type { GenerateOptions, Generation } from '../engine.ts';
import type { Executor } from './executor.ts';
import { packStack } from './passes.ts';
import { quietRun, type Counts, type Plan, type Run } from './plan.ts';

/** Work between two looks at the outside world. */
const breatheEveryMs = 30;

/** Rows of a decoder step, and where the cache has their past. */
class DecoderRows {
  readonly #executor: Executor;
  readonly #plan: Plan;
  readonly #counts: Counts;
  readonly #length: number;
  #ancestry: Int32Array;
  #breathedAt = performance.now();
  count = 0;

  constructor(executor: Executor, plan: Plan, inputs: readonly Int32Array[]) {
    this.#executor = executor;
    this.#plan = plan;
    const { tables, capacities } = plan;
    const packed = packStack(inputs);
    this.#counts = {
      encoderRows: packed.ids.length,
      encoderSequences: inputs.length,
      encoderTiles: packed.tiles.length / 2,
      decoderRows: 0,
      answerRows: 0,
      decoderSequences: 0,
      decoderTiles: 0,
      distinctIds: 0,
      generationRows: 0,
    };
    executor.writeTable(tables.encoderIds, packed.ids);
    executor.writeTable(tables.encoderSequences, packed.sequences);
    executor.writeTable(tables.encoderTiles, packed.tiles);
    executor.run('encode', this.#run(0));
    this.#length = tables.ancestry.length / capacities.generationRows;
    this.#ancestry = new Int32Array(tables.ancestry.length);
  }

  /**
   * Lays the next step's rows out again.
   * @param rows Of each: the sequence it continues, the row it was before (itself in the first step), its last token.
   * @param known Positions that are in the cache already.
   */
  arrange(rows: readonly { sequence: number; parent: number; token: number }[], known: number): void {
    const ancestry = new Int32Array(this.#ancestry.length);
    rows.forEach(({ parent }, row) => {
      const start = row * this.#length;
      ancestry.fill(row, start, start + this.#length);
      const past = this.#ancestry.subarray(parent * this.#length, parent * this.#length + known);
      ancestry.set(past, start);
    });
    this.#ancestry = ancestry;
    this.count = rows.length;
    const { tables } = this.#plan;
    this.#executor.writeTable(tables.ancestry, ancestry);
    this.#executor.writeTable(tables.rowSequences, Int32Array.from(rows.map(({ sequence }) => sequence)));
    this.#executor.writeTable(tables.decoderIds, Int32Array.from(rows.map(({ token }) => token)));
    this.#executor.writeTable(tables.finished, new Int32Array(rows.length));
  }

  /** Queues the decoder step that reads the token at this position. */
  step(position: number): void {
    this.#executor.run('decode', this.#run(position));
  }

  /** Lets the event loop take a turn every now and then. */
  async breathe(): Promise<void> {
    if (performance.now() - this.#breathedAt < breatheEveryMs) return;
    await breathe();
    this.#breathedAt = performance.now();
  }

  #run(position: number): Run {
    return {
      ...quietRun,
      counts: { ...this.#counts, generationRows: this.count },
      position,
    };
  }
}

/** Greedy search over one batch; rows that have ended leave it. The plan must be prepared and in use. */
export async function generateGreedy(
  executor: Executor,
  plan: Plan,
  config: T5Config,
  inputs: readonly Int32Array[],
  maxNewTokens: number,
): Promise<Generation[]> {
  const outputs: number[][] = inputs.map(() => []);
  const rows = new DecoderRows(executor, plan, inputs);
  const capacity = plan.capacities.generationRows;
  let going = inputs.map((_, sequence) => sequence);
  const start = config.decoder_start_token_id;
  rows.arrange(
    going.map((sequence) => ({ sequence, parent: sequence, token: start })),
    0,
  );
  for (let position = 0; position < maxNewTokens && going.length > 0;) {
    const from = position;
    const end = Math.min(maxNewTokens, from + executor.stepsPerRead);
    for (; position < end; position += 1) rows.step(position);
    const generated = await executor.readTable(plan.tables.generated, position * capacity);
    going.forEach((sequence, row) => {
      for (let at = from; at < position; at += 1) {
        const token = generated[at * capacity + row]!;
        outputs[sequence]!.push(token);
        if (token === config.eos_token_id) break;
      }
    });
    const lastOf = (row: number) => outputs[going[row]!]![outputs[going[row]!]!.length - 1]!;
    const left = [...going.keys()].filter((row) => lastOf(row) !== config.eos_token_id);
    if (left.length > 0 && left.length < going.length) {
      const next = left.map((row) => ({ sequence: going[row]!, parent: row, token: lastOf(row) }));
      rows.arrange(next, position);
    }
    going = left.map((row) => going[row]!);
    await rows.breathe();
  }
  return outputs.map((ids) => ({ ids: Int32Array.from(ids), score: null }));
}

/** All finished beams of each input, best first: of a greedy search one. The plan must be prepared and in use. */
export async function generateBeams(
  executor: Executor,
  plan: Plan,
  config: T5Config,
  inputs: readonly Int32Array[],
  options: GenerateOptions,
): Promise<Generation[][]> {
  const searches = inputs.map(() => openSearch(options, config));
  const rows = new DecoderRows(executor, plan, inputs);
  const width = config.vocab_size;
  let going = inputs.map((_, sequence) => sequence);
  rows.arrange(
    going.map((sequence) => ({ sequence, parent: sequence, token: config.decoder_start_token_id })),
    0,
  );
  for (let position = 0; going.length > 0; position += 1) {
    rows.step(position);
    const logits = Float32Array.from(await executor.readTensor(plan.host.logits!, rows.count * width));
    const next: { sequence: number; parent: number; token: number }[] = [];
    let first = 0;
    for (const sequence of going) {
      const search = searches[sequence]!;
      const before = search.running;
      search.advance(
        before.map((_, beam) => logits.subarray((first + beam) * width, (first + beam + 1) * width)),
      );
      for (const { ids } of search.running) {
        next.push({ sequence, parent: first + parentOf(ids, before), token: ids[ids.length - 1]! });
      }
      first += before.length;
    }
    going = going.filter((sequence) => searches[sequence]!.running.length > 0);
    if (going.length > 0) rows.arrange(next, position + 1);
    await rows.breathe();
  }
  return searches.map(({ finished }) =>
    finished.map(({ ids, score }) => ({ ids: Int32Array.from(ids), score })),
  );
}

/** The beam that these ids continue; no two running beams of a search have the same ids. */
function parentOf(ids: readonly number[], before: readonly RunningBeam[]): number {
  return before.findIndex((beam) => beam.ids.every((id, index) => id === ids[index]));
}
