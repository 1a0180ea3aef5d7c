/**
 * How much is submitted at once. A submission that lasts long makes the desktop stutter and may be taken for a hang,
 * so the time of each is measured, and the next ones are cut to last a share of what is bearable.
 */
import type { Gpu } from './gpu.ts';

/** What a submission should last; half of what it may (150 ms), since estimates by operations are rough. */
const targetMs = 70;
/** Before anything is known: short on any GPU of the last ten years. */
const firstFlops = 2e8;
/** Less says more of the way to the GPU and back than of its speed. */
const tellingFlops = 1e7;

export class Pacer {
  readonly #gpu: Gpu;
  #flopsPerMs: number | null = null;
  #lastDoneAt = 0;

  constructor(gpu: Gpu) {
    this.#gpu = gpu;
  }

  /** Floating-point operations that one submission may hold. One dispatch is never cut, whatever it costs. */
  get flopsPerSubmit(): number {
    return this.#flopsPerMs === null ? firstFlops : this.#flopsPerMs * targetMs;
  }

  /** To be called after each submission with what it holds. */
  submitted(flops: number): void {
    const submittedAt = performance.now();
    this.#gpu.device.queue.onSubmittedWorkDone().then(
      () => {
        const doneAt = performance.now();
        // Submissions run one after the other: this one began when the one before it was done.
        const elapsedMs = Math.max(0.1, doneAt - Math.max(submittedAt, this.#lastDoneAt));
        this.#lastDoneAt = doneAt;
        if (flops < tellingFlops) return;
        const rate = flops / elapsedMs;
        this.#flopsPerMs = this.#flopsPerMs === null ? rate : 0.8 * this.#flopsPerMs + 0.2 * rate;
      },
      () => undefined, // The device is gone, which others tell.
    );
  }
}
