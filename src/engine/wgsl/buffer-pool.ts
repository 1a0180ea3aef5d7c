/** Activation buffers that plans share: only one plan is in use at a time, so each takes what others left lying. */
import { bufferUsage, type Gpu } from './gpu.ts';

export class BufferPool<Owner> {
  readonly #gpu: Gpu;
  readonly #buffers: { buffer: GPUBuffer; length: number; owners: Set<Owner> }[] = [];

  constructor(gpu: Gpu) {
    this.#gpu = gpu;
  }

  /**
   * One buffer for each length, in floats; the largest choose first, each the smallest that is large enough. A little
   * too small is as bad as none; much too large is not.
   */
  take(owner: Owner, lengths: readonly number[]): GPUBuffer[] {
    const order = lengths.map((_, index) => index).sort((a, b) => lengths[b]! - lengths[a]!);
    const taken = new Array<GPUBuffer>(lengths.length);
    for (const index of order) {
      const length = lengths[index]!;
      const free = this.#buffers
        .filter((item) => item.length >= length && !item.owners.has(owner))
        .sort((a, b) => a.length - b.length)[0];
      if (free !== undefined) {
        free.owners.add(owner);
        taken[index] = free.buffer;
        continue;
      }
      const buffer = this.#gpu.createBuffer(`slot of ${length}`, 4 * length, bufferUsage.storage);
      this.#buffers.push({ buffer, length, owners: new Set([owner]) });
      taken[index] = buffer;
    }
    return taken;
  }

  /** Destroys what no other owner uses. */
  release(owner: Owner): void {
    for (let index = this.#buffers.length - 1; index >= 0; index -= 1) {
      const item = this.#buffers[index]!;
      if (!item.owners.delete(owner) || item.owners.size > 0) continue;
      this.#gpu.destroyBuffer(item.buffer);
      this.#buffers.splice(index, 1);
    }
  }
}
