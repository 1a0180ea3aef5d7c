/** Gathers a plan's operations, tensors and tables while a planner describes them one after the other. */
import { relativeBuckets } from '../relative-buckets.ts';
import type { T5Config } from '../../student/config.ts';
import type { Operation } from './operations.ts';
import type {
  CountName,
  Counts,
  HostTensors,
  Place,
  Plan,
  PlanTables,
  ProgramName,
  Table,
  Tensor,
} from './plan.ts';
import { tileRows } from './plan.ts';
import type { BlockAdapters, SlabLayout } from './slab-layout.ts';
import { assignSlots, type SlotDraft } from './slots.ts';

/** The capacities that a plan is made for. Two plans of one student with equal buckets are equal. */
export interface Bucket {
  encoderRows: number;
  decoderRows: number;
  /** Of the encoder; in training also of the decoder. */
  sequences: number;
  maxEncoderLength: number;
  /** In generation: new tokens at most. */
  maxDecoderLength: number;
  /** Rows of a decoder step; 0 where nothing is generated. */
  generationRows: number;
}

/** Used, used with their inputs dropped at their own rate, or left out: the base alone computes. */
export type AdapterUse = 'used' | 'dropped' | 'left out';

export class PlanBuilder {
  readonly capacities: Counts;
  readonly tables: PlanTables;
  /** scale·x·Aᵀ of adapters, by the first name of their block: kept for the backward pass (adapters.ts). */
  readonly adapterInputs = new Map<string, Tensor>();
  readonly #drafts: SlotDraft[] = [];
  readonly #places: Extract<Place, { kind: 'slot' }>[] = [];
  readonly #programs = new Map<ProgramName, Operation[]>();
  readonly #constants: { table: Table; values: Int32Array }[] = [];
  #tablesLength = 0;
  #current: Operation[] = [];

  constructor(
    readonly layout: SlabLayout,
    readonly bucket: Bucket,
    /** Whether this plan computes with the layout's adapters. Without adapters it says nothing. */
    readonly adapterUse: AdapterUse = 'used',
  ) {
    const tiles = (rows: number) => Math.floor((rows + (tileRows - 1) * bucket.sequences) / tileRows);
    this.capacities = {
      encoderRows: bucket.encoderRows,
      decoderRows: bucket.decoderRows,
      answerRows: bucket.decoderRows,
      encoderSequences: bucket.sequences,
      decoderSequences: bucket.decoderRows > 0 ? bucket.sequences : 0,
      encoderTiles: tiles(bucket.encoderRows),
      decoderTiles: bucket.decoderRows > 0 ? tiles(bucket.decoderRows) : 0,
      distinctIds: bucket.decoderRows > 0 ? bucket.encoderRows + bucket.decoderRows : 0,
      generationRows: bucket.generationRows,
    };
    this.tables = this.#makeTables();
  }

  get config(): T5Config {
    return this.layout.config;
  }

  /** The adapters of the block that begins with this weight; null where it has none, or they are left out. */
  adapters(slab: 'parameters' | 'gradients', firstName: string): BlockAdapters | null {
    return this.adapterUse === 'left out' ? null : this.layout.adapters(slab, firstName);
  }

  /** Operations added from now on belong to this program. */
  program(name: ProgramName): void {
    this.#current = [];
    this.#programs.set(name, this.#current);
  }

  add(...operations: readonly Operation[]): void {
    this.#current.push(...operations);
  }

  /** A new tensor. `persistent` ones keep their content between programs and runs. */
  tensor(shape: readonly number[], persistent = false): Tensor {
    const length = shape.reduce((product, size) => product * size, 1);
    const place = { kind: 'slot' as const, slot: this.#drafts.length };
    this.#drafts.push({ length, persistent });
    this.#places.push(place);
    return { place, offset: 0, shape };
  }

  /** A new tensor of [capacity of rows, columns]. */
  rows(rows: CountName, columns: number, persistent = false): Tensor {
    return this.tensor([this.capacities[rows], columns], persistent);
  }

  finish(host: Partial<HostTensors>): Plan {
    const { slots, slotOf } = assignSlots(this.#drafts, this.#programs.values());
    for (const place of this.#places) place.slot = slotOf[place.slot]!;
    return {
      programs: this.#programs,
      slots,
      tables: this.tables,
      tablesLength: this.#tablesLength,
      constants: this.#constants,
      capacities: this.capacities,
      host: { rowWeights: null, results: null, encoderOutput: null, logits: null, ...host },
    };
  }

  #makeTables(): PlanTables {
    const { capacities, bucket } = this;
    const generates = bucket.generationRows > 0;
    const generated = bucket.generationRows * bucket.maxDecoderLength;
    return {
      encoderIds: this.#table(capacities.encoderRows),
      decoderIds: this.#table(Math.max(capacities.decoderRows, capacities.generationRows)),
      labels: this.#table(capacities.decoderRows),
      encoderSequences: this.#table(3 * capacities.encoderSequences),
      decoderSequences: this.#table(3 * capacities.decoderSequences),
      encoderTiles: this.#table(2 * capacities.encoderTiles),
      decoderTiles: this.#table(2 * capacities.decoderTiles),
      embeddingIds: this.#table(capacities.distinctIds),
      embeddingStarts: this.#table(capacities.distinctIds > 0 ? capacities.distinctIds + 1 : 0),
      embeddingRows: this.#table(capacities.distinctIds),
      encoderBuckets: this.#buckets(bucket.maxEncoderLength, true),
      decoderBuckets: this.#buckets(bucket.maxDecoderLength, false),
      rowSequences: this.#table(bucket.generationRows),
      ancestry: this.#table(generated),
      finished: this.#table(generates ? bucket.generationRows : 0),
      generated: this.#table(generated),
    };
  }

  #table(length: number): Table {
    const table = { offset: this.#tablesLength, length };
    this.#tablesLength += length;
    return table;
  }

  #buckets(length: number, bidirectional: boolean): Table {
    const values = relativeBuckets(length, {
      bidirectional,
      numBuckets: this.config.relative_attention_num_buckets,
      maxDistance: this.config.relative_attention_max_distance,
    });
    const table = this.#table(values.length);
    this.#constants.push({ table, values });
    return table;
  }
}
