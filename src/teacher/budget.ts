/** What a run may cost. A request's most is put aside before it is sent, so that no limit is ever passed. */
import type { Usage } from './provider.ts';

export interface Limits {
  /** Different rows that are asked. */
  rows: number | null;
  /** Tokens, of prompts and answers together. */
  tokens: number | null;
  /** In the currency of the prices. */
  money: number | null;
}

/** For a million tokens, in any currency. */
export interface Prices {
  input: number;
  output: number;
}

/** What tokens cost; null where no price is known, which is not 0. */
export function costOf(usage: Usage, prices: Prices | null): number | null {
  return prices === null ? null : (usage.input * prices.input + usage.output * prices.output) / 1e6;
}

export type Reservation = 'granted' | 'wait' | keyof Limits;

export class Budget {
  readonly #limits: Limits;
  readonly #prices: Prices | null;
  readonly #rows: Set<number>;
  readonly #spent: Usage;
  readonly #reserved: Usage = { input: 0, output: 0 };
  #isPassed = false;

  /**
   * @param before Rows asked and tokens used by then, by earlier runs on the same answers: they count.
   * @throws RangeError where money is limited and no price is known.
   */
  constructor(limits: Limits, prices: Prices | null, before: { rows: Iterable<number>; spent: Usage }) {
    if (limits.money !== null && prices === null) throw new RangeError('A limit in money needs prices.');
    this.#limits = limits;
    this.#prices = prices;
    this.#rows = new Set(before.rows);
    this.#spent = { ...before.spent };
  }

  get spent(): Readonly<Usage> {
    return this.#spent;
  }

  get cost(): number | null {
    return costOf(this.#spent, this.#prices);
  }

  /** A server used more tokens than it was allowed, and passed a limit with them. */
  get isPassed(): boolean {
    return this.#isPassed;
  }

  /**
   * Puts aside the most that a request can use. `wait`: there may be enough when those in flight have ended; otherwise
   * the limit that it would pass.
   */
  reserve(row: number, most: Usage): Reservation {
    const { rows } = this.#limits;
    if (rows !== null && !this.#rows.has(row) && this.#rows.size >= rows) return 'rows';
    const over = this.#over(add(add(this.#spent, this.#reserved), most));
    if (over !== null) return this.#over(add(this.#spent, most)) === null ? 'wait' : over;
    this.#rows.add(row);
    change(this.#reserved, most, 1);
    return 'granted';
  }

  /** A request has ended. @param used What it used; null where it is not known, which counts as the most. */
  settle(most: Usage, used: Usage | null): void {
    change(this.#reserved, most, -1);
    change(this.#spent, used ?? most, 1);
    if (this.#over(this.#spent) !== null) this.#isPassed = true;
  }

  #over(usage: Usage): 'tokens' | 'money' | null {
    const { tokens, money } = this.#limits;
    if (tokens !== null && usage.input + usage.output > tokens) return 'tokens';
    return money !== null && costOf(usage, this.#prices)! > money ? 'money' : null;
  }
}

function add(one: Usage, other: Usage): Usage {
  return { input: one.input + other.input, output: one.output + other.output };
}

function change(usage: Usage, by: Usage, sign: 1 | -1): void {
  usage.input += sign * by.input;
  usage.output += sign * by.output;
}
