/**
 * What was found out about a GPU, or about the CPU, kept between sessions: which variants are fastest on it, and whether
 * it computes rightly. It holds for one browser and one version of the kernels: another's is dropped.
 */
import { z } from '../../base/schemas.ts';

/** How a step on a GPU compared with the same step on the CPU. */
const proofSchema = z.object({
  /** ISO 8601. */
  checkedAt: z.string(),
  /** Largest difference, as a share of the largest value of the same tensor. */
  worstDifference: z.number().nullable(),
  verdict: z.enum(['right', 'wrong']),
});
export type GpuProof = z.infer<typeof proofSchema>;

const recordSchema = z.object({
  /** Browser and kernels that it was found out with. */
  stamp: z.string(),
  /** Names of variants, by class of product. */
  choices: z.record(z.string(), z.string()),
  /** Names of the variants that were tried, by class of product; the others are tried in later sessions. */
  tried: z.record(z.string(), z.array(z.string())),
  /** By kind of student: each kind has its own kernels. */
  proofs: z.record(z.string(), proofSchema),
  /** Of the CPU: how many times as fast as the plain kernels others are, by their name; 0 where they are wrong. */
  gains: z.record(z.string(), z.number()).optional(),
});
export type AdapterRecord = z.infer<typeof recordSchema>;

/** Where records are kept, by the adapter's name. What cannot be read or kept only means that the GPU is measured again. */
export interface AdapterMemory {
  /** Browser or runtime, with its version. */
  readonly browser: string;
  read(adapter: string): Promise<unknown>;
  write(adapter: string, record: AdapterRecord): Promise<void>;
}

/** @returns Null for what is no record. */
export function parseAdapterRecord(found: unknown): AdapterRecord | null {
  return recordSchema.safeParse(found).data ?? null;
}

/** The last check of an adapter, the worst of those at once; null where there was none. */
export function lastProof(record: AdapterRecord | null): GpuProof | null {
  const proofs = Object.values(record?.proofs ?? {});
  return (
    proofs.find(({ verdict }) => verdict === 'wrong') ??
    proofs.sort((a, b) => b.checkedAt.localeCompare(a.checkedAt))[0] ??
    null
  );
}

/** The record of one adapter, as this browser and these kernels may believe it. */
export class AdapterNotes {
  readonly #memory: AdapterMemory | undefined;
  readonly #adapter: string;
  readonly #stamp: string;
  #record: AdapterRecord | null = null;

  /** @param kernels Version of the kernels. */
  constructor(memory: AdapterMemory | undefined, adapter: string, kernels: string) {
    this.#memory = memory;
    this.#adapter = adapter;
    this.#stamp = `${memory?.browser ?? ''}, kernels ${kernels}`;
  }

  async read(): Promise<AdapterRecord> {
    if (this.#record !== null) return this.#record;
    const found = parseAdapterRecord(await this.#memory?.read(this.#adapter));
    const empty = { stamp: this.#stamp, choices: {}, tried: {}, proofs: {} };
    return (this.#record ??= found?.stamp === this.#stamp ? found : empty);
  }

  async keep(change: Partial<Omit<AdapterRecord, 'stamp'>>): Promise<void> {
    this.#record = { ...(await this.read()), ...change };
    await this.#memory?.write(this.#adapter, this.#record);
  }
}
