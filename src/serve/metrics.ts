/**
 * What Prometheus reads, in its text format 0.0.4 (prometheus.io/docs/instrumenting/exposition_formats). Labels are
 * names of ours alone, never a client's text, so that there are few series and nothing to escape.
 */

/** Routes as they are counted: what is none of the server's own is `other`. */
export type RouteName = 'predict' | 'health' | 'metrics' | 'other';

/** Upper bounds of the buckets, in seconds. */
const bounds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** What is measured when the text is asked for. */
export interface Gauges {
  ready: boolean;
  queueRows: number;
}

export class Metrics {
  readonly #requests = new Map<string, number>();
  /** Of answered predictions; the last bucket has no bound. */
  readonly #buckets = new Array<number>(bounds.length + 1).fill(0);
  #seconds = 0;
  #rows = 0;
  #batches = 0;

  /** Counts a request that has its answer. */
  request(route: RouteName, status: number, elapsedMs: number): void {
    const labels = `route="${route}",status="${status}"`;
    this.#requests.set(labels, (this.#requests.get(labels) ?? 0) + 1);
    if (route !== 'predict' || status !== 200) return;
    const seconds = elapsedMs / 1000;
    const bucket = bounds.findIndex((bound) => seconds <= bound);
    this.#buckets[bucket < 0 ? bounds.length : bucket]! += 1;
    this.#seconds += seconds;
  }

  /** Counts rows that were computed together. */
  batch(rows: number): void {
    this.#rows += rows;
    this.#batches += 1;
  }

  text({ ready, queueRows }: Gauges): string {
    let atMost = 0;
    const buckets = this.#buckets.map((count, index) => {
      atMost += count;
      return [`_bucket{le="${bounds[index] ?? '+Inf'}"}`, atMost] as const;
    });
    return [
      family('requests_total', 'counter', 'Requests by route and status.', [
        ...[...this.#requests].map(([labels, count]) => [`{${labels}}`, count] as const),
      ]),
      family('predict_seconds', 'histogram', 'Time from a prediction’s request to its answer.', [
        ...buckets,
        ['_sum', this.#seconds],
        ['_count', atMost],
      ]),
      family('rows_total', 'counter', 'Texts generated, answers and rationales.', [['', this.#rows]]),
      family('batches_total', 'counter', 'Batches that they were generated in.', [['', this.#batches]]),
      family('queue_rows', 'gauge', 'Texts that wait for their batch.', [['', queueRows]]),
      family('ready', 'gauge', '1 where the model is loaded and requests are answered.', [
        ['', ready ? 1 : 0],
      ]),
    ].join('');
  }
}

function family(
  name: string,
  type: 'counter' | 'gauge' | 'histogram',
  help: string,
  samples: readonly (readonly [suffix: string, value: number])[],
): string {
  const full = `stillroom_${name}`;
  const lines = samples.map(([suffix, value]) => `${full}${suffix} ${value}\n`).join('');
  return `# HELP ${full} ${help}\n# TYPE ${full} ${type}\n${lines}`;
}
