/** The table of runs as data: filtered, grouped over seeds, sorted. Pure. */
import { meanInterval } from '../../experiment/statistics.ts';
import type { RunRecord } from '../../store/records.ts';
import { differences } from './differences.ts';
import { accuracyOf, type RunColumn, type SortValue } from './run-columns.ts';

export interface Sorting {
  column: RunColumn;
  descending: boolean;
}

/** Runs that differ in nothing but the seed. */
export interface RunGroup {
  id: string;
  /** What sets it apart from the other groups, in words. */
  name: string;
  runs: readonly RunRecord[];
  /** Of the accuracies that were measured; null where there is none. Shares; the band is Student's 95 % over seeds. */
  mean: { share: number; low: number; high: number; measured: number } | null;
}

export type TableRow =
  { kind: 'group'; group: RunGroup; isOpen: boolean } | { kind: 'run'; run: RunRecord; isMember: boolean };

/** Sorted; what has no value comes last, and equals stay newest first. Pinned runs stand first in any order. */
export function sortRuns(runs: readonly RunRecord[], sorting: Sorting): RunRecord[] {
  const { sortValue } = sorting.column;
  return runs.toSorted(
    (a, b) =>
      Number(b.pinned ?? false) - Number(a.pinned ?? false) ||
      compareValues(sortValue(a), sortValue(b), sorting.descending),
  );
}

function compareValues(a: SortValue, b: SortValue, descending: boolean): number {
  if (a === null || b === null) return Number(a === null) - Number(b === null);
  const rising =
    typeof a === 'number' && typeof b === 'number'
      ? a - b
      : String(a).localeCompare(String(b), 'en', { numeric: true });
  return descending ? -rising : rising;
}

/** True where grouping says anything: some runs differ in nothing but the seed. */
export function hasGroups(runs: readonly RunRecord[]): boolean {
  const ids = runs.map(groupId);
  return new Set(ids).size < ids.length;
}

function groupId(run: RunRecord): string {
  const { seed: _, ...recipe } = run.recipe;
  const student = run.studentSha256 ?? run.studentId;
  return JSON.stringify([student, run.datasetId, run.trainRows, run.testRows, recipe]);
}

/** Runs put together over seeds, groups of one among them, in the order of their first run. */
export function groupRuns(runs: readonly RunRecord[]): RunGroup[] {
  const groups = new Map<string, RunRecord[]>();
  for (const run of runs) {
    const id = groupId(run);
    groups.set(id, [...(groups.get(id) ?? []), run]);
  }
  const all = [...groups];
  const firsts = all.map(([, members]) => members[0]!);
  const apart = differences(firsts).filter(({ name }) => name !== 'Seed' && name !== 'Engine');
  return all.map(([id, members], index) => ({
    id,
    name: nameOf(apart.map(({ name, values }) => ({ name, value: values[index]! }))),
    runs: members,
    mean: meanOf(members),
  }));
}

/** So many differences name a group; more would not be read. */
const mostNamed = 3;

function nameOf(parts: readonly { name: string; value: string }[]): string {
  if (parts.length === 0) return 'All runs';
  const said = parts
    .slice(0, mostNamed)
    .map(({ name, value }) =>
      name === 'Method' || name === 'Student' || name === 'Data' ? value : `${name.toLowerCase()} ${value}`,
    );
  return said.join(' · ');
}

function meanOf(runs: readonly RunRecord[]): RunGroup['mean'] {
  const shares = runs.flatMap((run) => accuracyOf(run) ?? []);
  if (shares.length === 0) return null;
  const { mean, low, high } = meanInterval(shares);
  const known = Number.isFinite(low) && Number.isFinite(high);
  return {
    share: mean,
    measured: shares.length,
    low: known ? Math.max(0, low) : mean,
    high: known ? Math.min(1, high) : mean,
  };
}

/** The rows of the table, in order. @param closed Groups whose runs are folded away. */
export function tableRows(
  runs: readonly RunRecord[],
  { sorting, grouped, closed }: { sorting: Sorting; grouped: boolean; closed: ReadonlySet<string> },
): TableRow[] {
  const sorted = sortRuns(runs, sorting);
  if (!grouped) return sorted.map((run) => ({ kind: 'run', run, isMember: false }));
  const { column, descending } = sorting;
  const groups = groupRuns(sorted);
  // By the mean where accuracy sorts; else a group stands where its first run does.
  const ordered =
    column.id === 'accuracy'
      ? groups.toSorted((a, b) => compareValues(a.mean?.share ?? null, b.mean?.share ?? null, descending))
      : groups;
  return ordered.flatMap((group): TableRow[] => {
    if (group.runs.length === 1) return [{ kind: 'run', run: group.runs[0]!, isMember: false }];
    const isOpen = !closed.has(group.id);
    const members = isOpen ? group.runs.map((run): TableRow => ({ kind: 'run', run, isMember: true })) : [];
    return [{ kind: 'group', group, isOpen }, ...members];
  });
}

/** The ends of the little scale: all accuracies with their intervals, to the next ten per cent. */
export function scaleOf(runs: readonly RunRecord[]): { from: number; to: number } {
  const shares = runs.flatMap((run) => accuracyOf(run) ?? []);
  if (shares.length === 0) return { from: 0, to: 1 };
  const from = Math.floor(Math.min(...shares) * 10 - 1e-9) / 10;
  const to = Math.ceil(Math.max(...shares) * 10 + 1e-9) / 10;
  return { from: Math.max(0, from), to: Math.min(1, Math.max(to, from + 0.1)) };
}
