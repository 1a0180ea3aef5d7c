/** Means, standard deviations and Student's t: what a handful of seeds can say. */

export interface Summary {
  count: number;
  /** NaN of no values. */
  mean: number;
  /** Of a sample (n - 1); NaN of fewer than two values. */
  deviation: number;
}

export function summarise(values: readonly number[]): Summary {
  const count = values.length;
  const mean = values.reduce((total, value) => total + value, 0) / count;
  const squares = values.reduce((total, value) => total + (value - mean) ** 2, 0);
  return { count, mean, deviation: count < 2 ? NaN : Math.sqrt(squares / (count - 1)) };
}

/** A mean with its interval of 95 %. */
export interface MeanInterval extends Summary {
  /** NaN of fewer than two values. */
  low: number;
  high: number;
}

/** The mean of independent values from a normal distribution, with Student's interval of 95 %. */
export function meanInterval(values: readonly number[]): MeanInterval {
  const summary = summarise(values);
  const { count, mean, deviation } = summary;
  const half = count < 2 ? NaN : (tQuantile(count - 1) * deviation) / Math.sqrt(count);
  return { ...summary, low: mean - half, high: mean + half };
}

/**
 * The t that a variable of Student's distribution stays within, on both sides, with this probability.
 * @param freedom Degrees of freedom, a whole number from 1.
 */
export function tQuantile(freedom: number, probability = 0.95): number {
  let low = 0;
  let high = 1;
  while (withinProbability(high, freedom) < probability) high *= 2;
  for (let halvings = 0; halvings < 80; halvings += 1) {
    const middle = (low + high) / 2;
    if (withinProbability(middle, freedom) < probability) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** P(|T| ≤ t) of Student's distribution with a whole number of degrees of freedom (Abramowitz and Stegun 26.7.3-4). */
function withinProbability(t: number, freedom: number): number {
  const angle = Math.atan(t / Math.sqrt(freedom));
  const cosine = Math.cos(angle);
  const isOdd = freedom % 2 === 1;
  let term = isOdd ? cosine : 1;
  let series = freedom === 1 ? 0 : term;
  for (let power = isOdd ? 3 : 2; power <= freedom - 2; power += 2) {
    term *= ((power - 1) / power) * cosine ** 2;
    series += term;
  }
  const sine = Math.sin(angle);
  return isOdd ? (2 / Math.PI) * (angle + sine * series) : sine * series;
}
