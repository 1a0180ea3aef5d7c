/** Progress in a terminal: one line that is overwritten; plain lines now and then where it is no terminal. */
import { formatBytes, formatCount, formatDuration, formatPercent } from '../base/units.ts';
import type { Watch } from '../distill/ports.ts';
import type { MetricsPoint, RunState } from '../distill/run-state.ts';
import type { TeachProgress } from '../jobs/teach.ts';
import type { Mode } from '../teacher/prompt.ts';
import { asText } from './as-text.ts';

/**
 * Without a terminal, a line at most this often: sooner at first, since a pipe that was closed after the first lines
 * (`| head -1`) is noticed by the next one alone, and a teacher costs money meanwhile.
 */
const plainEveryMs = 10_000;
const firstPlainMs = 1000;

const purposes = {
  accuracy: 'test accuracy',
  validation: 'validation accuracy',
  watched: 'watched questions',
  distilled: 'distilled answers',
  rationales: 'distilled rationales',
  base: 'base answers',
} as const;

export class ProgressLine {
  readonly #out: NodeJS.WriteStream;
  #saidAt = -Infinity;
  #nextMs = firstPlainMs;

  constructor(out: NodeJS.WriteStream) {
    this.#out = out;
  }

  /** A line that stays. */
  say(line: string): void {
    const text = asText(line);
    if (this.#out.isTTY) this.#out.write(`\r\u001b[K${text}\n`);
    else this.#out.write(`${text}\n`);
  }

  step(point: MetricsPoint, steps: number): void {
    const perStep = point.elapsedMs / point.step;
    const rationale = point.rationaleLoss === null ? '' : `, rationale ${point.rationaleLoss.toFixed(3)}`;
    const left = formatDuration(perStep * (steps - point.step));
    this.show(
      `step ${point.step} of ${steps}: answer ${point.answerLoss.toFixed(3)}${rationale}, ` +
        `${perStep.toFixed(0)} ms a step, ${left} left`,
      point.step === steps,
    );
  }

  taught(progress: TeachProgress, mode: Mode): void {
    const { done, total, asked, read, right, inFlight, spent, cost, elapsedMs } = progress;
    const isJudged = mode === 'label' && read > 0;
    const accuracy = isJudged ? `, ${formatPercent(right / read, 1)} right` : '';
    const price = cost === null ? '' : `, cost ${cost.toFixed(4)}`;
    const perRowMs = elapsedMs / asked;
    const pace =
      asked === 0
        ? ''
        : `, ${formatCount(Math.round(60_000 / perRowMs))} rows a minute, ${formatDuration(perRowMs * (total - done))} left`;
    this.show(
      `row ${formatCount(done)} of ${formatCount(total)}${accuracy}, ${inFlight} in flight, ` +
        `${formatCount(spent.input + spent.output)} tokens${price}${pace}`,
      done === total,
    );
  }

  state(state: RunState): void {
    if (state.phase === 'preparing') {
      const count = state.inBytes ? formatBytes : String;
      this.show(`${state.what}: ${count(state.done)} of ${count(state.total)}`);
    }
    if (state.phase === 'evaluating') {
      this.show(`${purposes[state.purpose]}: ${state.done} of ${state.total}`);
    }
    if (state.phase === 'recovering') this.say(`${state.reason}. It resumes from its last checkpoint.`);
  }

  /** A line that the next one overwrites. @param always Also where it is no terminal and one was just written. */
  show(line: string, always = false): void {
    const text = asText(line);
    if (this.#out.isTTY) {
      this.#out.write(`\r\u001b[K${text}`);
      return;
    }
    const now = performance.now();
    const isFirst = this.#saidAt === -Infinity;
    if (!always && now - this.#saidAt < this.#nextMs) return;
    this.#saidAt = now;
    if (!isFirst && !always) this.#nextMs = Math.min(plainEveryMs, 2 * this.#nextMs);
    this.#out.write(`${text}\n`);
  }

  /** Takes a line away that was only shown: the next output begins in an empty one. */
  clear(): void {
    if (this.#out.isTTY) this.#out.write('\r\u001b[K');
  }
}

/**
 * Work that keeps nothing before its end, so that a signal may end the program at once. How it goes is told on the error
 * stream: what a command prints stays whole.
 */
export async function whileTelling<Result>(work: (watch: Watch) => Promise<Result>): Promise<Result> {
  const line = new ProgressLine(process.stderr);
  const report: Watch['report'] = (what, done, total) =>
    line.show(total === 0 ? what : `${what}: ${formatCount(done)} of ${formatCount(total)}`);
  try {
    return await work({ report, signal: new AbortController().signal });
  } finally {
    line.clear();
  }
}
