/** Smoothing that does not lie: a debiased exponential mean over every value, before anything is left out. */

/** The strongest smoothing: its mean reaches back about a hundred values. */
export const maxSmoothing = 0.99;

/**
 * An exponential moving average that grows with its values: `y = f y + (1 - f) x`, divided by `1 - f^n`, so that the
 * first values are not drawn towards 0 (the debiasing of Adam's moments, and of TensorBoard's curves). Values that
 * are missing or no finite number are skipped, and have no mean.
 */
export class SmoothedValues {
  /** One for each value seen. */
  readonly values: (number | null)[] = [];
  readonly #factor: number;
  #mean = 0;
  /** `f^n` for the n values that count. */
  #weight = 1;

  /** @param factor From 0, the values themselves, to below 1. */
  constructor(factor: number) {
    this.#factor = factor;
  }

  /** Takes in what `values` has beyond those that were seen already. */
  extend(values: readonly (number | null)[]): void {
    const factor = this.#factor;
    // Local in the loop: a change of the factor goes through every value while a hand is on the slider.
    let mean = this.#mean;
    let weight = this.#weight;
    for (let index = this.values.length; index < values.length; index += 1) {
      const value = values[index] ?? null;
      if (value === null || !Number.isFinite(value)) {
        this.values.push(null);
        continue;
      }
      mean = factor * mean + (1 - factor) * value;
      weight *= factor;
      this.values.push(mean / (1 - weight));
    }
    this.#mean = mean;
    this.#weight = weight;
  }
}
