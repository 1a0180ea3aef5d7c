/**
 * How much is submitted at once. A submission that lasts long makes the desktop stutter and may be taken for a hang,
 * so the time of each is measured, and the next ones are cut to last a share of what is bearable. Where a browser says
 * late that work is done (`Gpu.lateMs`), a time gives bounds of the speed, and the estimate moves no further than these.
 */
import type { Gpu } from './gpu.ts';

/** What a submission should last; half of what it may (150 ms), since estimates by operations are rough. */
const targetMs = 70;
/** Before anything is known: short on any GPU of the last ten years. */
const firstFlops = 2e8;
/** Less says more of the way to the GPU and back than of its speed. */
const tellingFlops = 1e7;
/** A time of so many delays bounds the speed well from both sides. */
const tellingDelays = 4;
/** How far the estimate moves at once: sooner down than up. */
const movesDown = 0.5;
const movesUp = 0.2;

export class Pacer {
  readonly #gpu: Gpu;
  #flopsPerMs = firstFlops / targetMs;
  #isFirst = true;
  /** Submitted and not known to be done. */
  #underWay = 0;
  /** What was done since a moment from which the GPU was never idle; that moment may have been so much earlier. */
  #stretch = { startedAt: 0, earlierMs: 0, flops: 0 };

  constructor(gpu: Gpu) {
    this.#gpu = gpu;
  }

  /** Floating-point operations that one submission may hold. One dispatch is never cut, whatever it costs. */
  get flopsPerSubmit(): number {
    return this.#flopsPerMs * targetMs;
  }

  /** To be called after each submission with what it holds. */
  submitted(flops: number): void {
    // Submissions run one after the other: one begins when the one before it is done.
    if (this.#underWay === 0) this.#stretch = { startedAt: performance.now(), earlierMs: 0, flops: 0 };
    this.#underWay += 1;
    this.#gpu.device.queue.onSubmittedWorkDone().then(
      () => {
        this.#underWay -= 1;
        this.#stretch.flops += flops;
        this.#measure(performance.now());
      },
      () => undefined, // The device is gone, which others tell.
    );
  }

  #measure(doneAt: number): void {
    const { lateMs } = this.#gpu;
    const { startedAt, earlierMs, flops } = this.#stretch;
    const elapsedMs = doneAt - startedAt;
    if (this.#underWay > 0 && elapsedMs < tellingDelays * lateMs) return;
    this.#stretch = { startedAt: doneAt, earlierMs: lateMs, flops: 0 };
    if (flops < tellingFlops) return;
    const least = flops / Math.max(0.1, elapsedMs + earlierMs);
    const shortestMs = elapsedMs - lateMs;
    const most = shortestMs > 0 ? flops / shortestMs : Infinity;
    const bounded = Math.min(Math.max(this.#flopsPerMs, least), most);
    const share = this.#isFirst ? 1 : bounded < this.#flopsPerMs ? movesDown : movesUp;
    this.#flopsPerMs += share * (bounded - this.#flopsPerMs);
    this.#isFirst = false;
  }
}
