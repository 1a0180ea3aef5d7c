/** How rows were read and joined, beyond what their files say of themselves. */
import { formatColumnMap, isTeachersMap, type ColumnMap } from './column-map.ts';
import type { CompletionMode } from './completions.ts';
import { parseFixes, type Fix } from './fixes.ts';
import type { HoldOut, KeptReading } from './kept-reading.ts';
import type { Note } from './notes.ts';
import type { Split } from './split-name.ts';
import { formatTeachers, parseTeachers, type TeacherChoice } from './teachers.ts';

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

/** What a person switched on or decided for a dataset. */
export interface DatasetReading {
  /** What is fixed in the rows, in this order. */
  fixes?: readonly Fix[];
  alarms?: Partial<Record<Split, AlarmDecision>>;
  /** Test rows, where no file has them. */
  holdOut?: HoldOut;
  /** Validation rows, where no file has them. */
  validation?: HoldOut;
  /** The part of the training rows that is trained on. */
  subsample?: HoldOut;
  /** How raw completions are read; left out: as suits the file. */
  completions?: CompletionMode;
  /** Which of several answers to a row counts. */
  teachers?: TeacherChoice;
  /** Rows without a partner of the same id or input go without. */
  onlyMatching?: boolean;
  /** Whether a column with splits is followed; left out: yes. */
  splitColumn?: string | null;
}

/** What a person changes: what is undefined is no longer said. */
export type ReadingChange = { [Key in keyof DatasetReading]?: DatasetReading[Key] | undefined };

export function changedReading(reading: DatasetReading = {}, change: ReadingChange): DatasetReading {
  const all: ReadingChange = { ...reading, ...change };
  return Object.fromEntries(Object.entries(all).filter(([, said]) => said !== undefined));
}

/** What to keep of a dataset's reading, and of the notes on its training rows; null where its files were read as they are. */
export function keptReading(
  files: readonly { split: string | null; map?: ColumnMap }[],
  reading: DatasetReading = {},
  notes: readonly Pick<Note, 'kind' | 'count'>[] = [],
): KeptReading | null {
  const { fixes = [], alarms = {}, teachers, onlyMatching, ...same } = reading;
  const mapOf = (taught: boolean): ColumnMap | undefined => {
    const mapped = files.filter(({ map }) => map !== undefined && isTeachersMap(map) === taught);
    return (mapped.find(({ split }) => split === 'train') ?? mapped[0])?.map;
  };
  const [map, rationalesMap] = [mapOf(false), mapOf(true)];
  const kept: KeptReading = {
    ...(map === undefined ? {} : { map: formatColumnMap(map) }),
    ...(rationalesMap === undefined ? {} : { rationalesMap: formatColumnMap(rationalesMap) }),
    ...(fixes.length === 0 ? {} : { fix: fixes.join(',') }),
    ...(alarms.train === undefined ? {} : keptDecision(alarms.train)),
    ...(teachers === undefined ? {} : { teachers: formatTeachers(teachers) }),
    ...(onlyMatching ? { onlyMatching } : {}),
    ...same,
    ...keptOrigins(notes),
  };
  return Object.keys(kept).length === 0 ? null : kept;
}

/** A reading with what the notes on its training rows say of where reasons came from. */
export function withOrigins(
  kept: KeptReading | null,
  notes: readonly Pick<Note, 'kind' | 'count'>[],
): KeptReading | null {
  const all = { ...kept, ...keptOrigins(notes) };
  return Object.keys(all).length === 0 ? null : all;
}

function keptOrigins(notes: readonly Pick<Note, 'kind' | 'count'>[]): KeptReading {
  const countOf = (kind: string): number =>
    notes.reduce((sum, note) => sum + (note.kind === kind ? note.count : 0), 0);
  const [rationalised, edited] = [countOf('rationalised'), countOf('edited')];
  return { ...(rationalised > 0 && { rationalised }), ...(edited > 0 && { edited }) };
}

/** What a dataset's reading was, from what a run keeps of it; the maps are of files, and stay with who reads those. */
export function readingOf(kept: KeptReading): DatasetReading {
  const { fix, unaligned, rejoined, teachers, onlyMatching } = kept;
  const { holdOut, validation, subsample, completions, splitColumn } = kept;
  const decision = unaligned
    ? ({ kind: 'keep' } as const)
    : rejoined === undefined
      ? null
      : decisionOf(rejoined);
  return changedReading(
    {},
    {
      holdOut,
      validation,
      subsample,
      completions,
      splitColumn,
      onlyMatching,
      fixes: fix === undefined ? undefined : parseFixes(fix),
      alarms: decision === null ? undefined : { train: decision },
      teachers: teachers === undefined ? undefined : parseTeachers(teachers),
    },
  );
}

/** A decision from the words that `keptDecision` has for it. */
function decisionOf(words: string): AlarmDecision | null {
  if (words === 'left out') return { kind: 'leave-out' };
  const by = /^moved by (-?\d+) rows$/.exec(words)?.[1];
  if (by !== undefined) return { kind: 'shift', by: Number(by) };
  const [, mine, theirs] = /^by the columns (.+) and (.+)$/.exec(words) ?? [];
  return mine === undefined || theirs === undefined ? null : { kind: 'columns', mine, theirs };
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
