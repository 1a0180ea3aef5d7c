/** How rows were read and joined, beyond what their files say of themselves. */
import { formatColumnMap, type ColumnMap } from './column-map.ts';
import type { Fix } from './fixes.ts';
import type { Split } from './split-name.ts';

/** What a person decided on rationales that seem to belong to other rows. */
export type AlarmDecision =
  /** They belong together all the same. */
  | { kind: 'keep' }
  /** The rows stay, without them. */
  | { kind: 'leave-out' }
  /** They belong so many rows further. */
  | { kind: 'shift'; by: number }
  /** Columns of both files that hold the same values name the rows. */
  | { kind: 'columns'; mine: string; theirs: string };

/** A part of the training rows that is set aside to test with. */
export interface HoldOut {
  /** In (0, 1). */
  share: number;
  seed: number;
}

/** What a person switched on or decided for a dataset. */
export interface DatasetReading {
  /** What is mended in the rows, in this order. */
  fixes?: readonly Fix[];
  alarms?: Partial<Record<Split, AlarmDecision>>;
  /** Where no file has test rows. */
  holdOut?: HoldOut;
}

/** As it is kept with a run: keys and words are those of the terminal's `job.json`, where it has them. */
export interface KeptReading {
  /** Which column is what, as `--map` takes it. */
  map?: string;
  /** What was mended, as `--fix` takes it. */
  fix?: string;
  /** Joined although the rationales seem to belong to other rows. */
  unaligned?: boolean;
  /** How else the training rows' rationales were joined after an alarm, in words. */
  rejoined?: string;
  holdOut?: HoldOut;
}

/** What to keep of a dataset's reading; null where its files were read as they are. */
export function keptReading(
  files: readonly { split: string | null; map?: ColumnMap }[],
  { fixes = [], alarms = {}, holdOut }: DatasetReading = {},
): KeptReading | null {
  const mapped = files.filter(({ map }) => map !== undefined);
  const train = mapped.find(({ split }) => split === 'train') ?? mapped[0];
  const kept: KeptReading = {
    ...(train?.map === undefined ? {} : { map: formatColumnMap(train.map) }),
    ...(fixes.length === 0 ? {} : { fix: fixes.join(',') }),
    ...(alarms.train === undefined ? {} : keptDecision(alarms.train)),
    ...(holdOut === undefined ? {} : { holdOut }),
  };
  return Object.keys(kept).length === 0 ? null : kept;
}

function keptDecision(decision: AlarmDecision): KeptReading {
  switch (decision.kind) {
    case 'keep':
      return { unaligned: true };
    case 'leave-out':
      return { rejoined: 'left out' };
    case 'shift':
      return { rejoined: `moved by ${decision.by} rows` };
    case 'columns':
      return { rejoined: `by the columns ${decision.mine} and ${decision.theirs}` };
    default:
      return decision satisfies never;
  }
}
