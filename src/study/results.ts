/** What has been measured of the study, looked up by cell: all seeds of one setting. */
import { smallRecipe } from '../distill/recipe.ts';
import { runId, type Run, type Scale } from './design.ts';
import { baseId, type BaseEntry, type Entry, type RunEntry } from './published.ts';
import { meanInterval, type MeanInterval } from '../experiment/statistics.ts';

/** A setting, of which each seed is a run. */
export type Cell = Omit<Run, 'seed'>;

/** Accuracies by seed, each a share of the test rows. */
export type BySeed = ReadonlyMap<number, number>;

export class Results {
  readonly scale: Scale;
  readonly #entries: ReadonlyMap<string, Entry>;

  /** @param entries By `runId` and `baseId`. */
  constructor(entries: ReadonlyMap<string, Entry>, scale: Scale) {
    this.scale = scale;
    this.#entries = entries;
  }

  /** The untouched student and the teacher on a task, or null where they have not been asked. */
  base(task: Run['task']): BaseEntry | null {
    const entry = this.#entries.get(baseId(task));
    return entry?.kind === 'base' ? entry : null;
  }

  /** Every run that has ended. */
  all(): RunEntry[] {
    return [...this.#entries.values()].filter((entry) => entry.kind === 'run');
  }

  /** Seeds that a cell is planned to have. */
  seeds({ task }: Pick<Cell, 'task'>): readonly number[] {
    return task === 'svamp' ? (this.scale.svamp?.seeds ?? []) : this.scale.seeds;
  }

  /** The runs of a cell that have ended. */
  runs(cell: Cell): RunEntry[] {
    return this.seeds(cell).flatMap((seed) => {
      const entry = this.#entries.get(runId({ ...cell, seed }));
      return entry?.kind === 'run' ? [entry] : [];
    });
  }

  bySeed(cell: Cell): BySeed {
    return new Map(this.runs(cell).map(({ seed, correct, total }) => [seed, correct / total]));
  }

  /** The cell of the main table. */
  sampleCell(method: Run['method'], labels: Run['labels'], rows: number): Cell {
    return { task: 'sample', method, labels, rows, alpha: alphaOf(method), steps: this.scale.steps };
  }

  alphaCell(alpha: number): Cell {
    return { ...this.sampleCell('step-by-step', 'teacher', this.scale.alphaRows), alpha };
  }

  /** Standard fine-tuning with as much computing as step by step. */
  controlCell(): Cell {
    return {
      ...this.sampleCell('standard', 'teacher', this.scale.alphaRows),
      steps: this.scale.controlSteps,
    };
  }

  svampCell(method: Run['method'], labels: Run['labels']): Cell {
    const { rows, steps } = this.scale.svamp ?? { rows: 0, steps: 0 };
    return { task: 'svamp', method, labels, rows, alpha: alphaOf(method), steps };
  }

  /** What `more` has over `less`, by seeds that both have: the same seed chose the same rows. */
  difference(more: Cell, less: Cell): MeanInterval {
    const other = this.bySeed(less);
    return meanInterval(
      [...this.bySeed(more)].flatMap(([seed, share]) => {
        const against = other.get(seed);
        return against === undefined ? [] : [share - against];
      }),
    );
  }
}

function alphaOf(method: Run['method']): number | null {
  return method === 'standard' ? null : smallRecipe.alpha;
}
