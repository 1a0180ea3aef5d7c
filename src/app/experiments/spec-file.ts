/** An experiment as `headless sweep --spec` reads it. Pure. */
import { teacherLayouts } from '../../data/example.ts';
import { hubPrefix } from '../../hub/hub-name.ts';
import type { DatasetRecord, StudentRecord } from '../../store/records.ts';
import { bundledStudentId } from '../../worker/protocol.ts';

/**
 * The spec with files and students by their names: those that a person puts beside it. The sample and the bundled
 * student need none.
 */
export function specFile(
  spec: string,
  dataset: Pick<DatasetRecord, 'sample' | 'files'> | null,
  students: readonly Pick<StudentRecord, 'id' | 'name' | 'hub'>[],
): string {
  const { student, vary, ...rest } = JSON.parse(spec) as { student: string; vary: Lists | Lists[] };
  const folder = (id: unknown): string => folderOf(String(id), students);
  const files = dataset === null || dataset.sample ? {} : filesOf(dataset);
  const grids = Array.isArray(vary) ? vary : [vary];
  const isNamed = student !== bundledStudentId && grids.some((grid) => !('student' in grid));
  const named = isNamed ? { student: folder(student) } : {};
  const own = (grid: Lists): Lists =>
    'student' in grid ? { ...grid, student: grid['student'].map(folder) } : grid;
  const varied = Array.isArray(vary) ? vary.map(own) : own(vary);
  return `${JSON.stringify({ ...files, ...named, ...rest, vary: varied }, null, 2)}\n`;
}

/** A grid. */
type Lists = Record<string, unknown[]>;

function folderOf(id: string, students: readonly Pick<StudentRecord, 'id' | 'name' | 'hub'>[]): string {
  const record = students.find((one) => one.id === id);
  return record?.hub === undefined ? (record?.name ?? id) : hubPrefix + record.hub;
}

const rationaleLayouts: readonly string[] = [...teacherLayouts, 'taught'];

/** By what they are for; several of a kind follow each other. */
function filesOf({ files }: Pick<DatasetRecord, 'files'>): Record<string, string | string[]> {
  const named = new Map<string, string[]>();
  for (const { name, split, layout } of files) {
    if (split === null) continue;
    const key = rationaleLayouts.includes(layout) ? `${split}Rationales` : split;
    named.set(key, [...(named.get(key) ?? []), name]);
  }
  return Object.fromEntries([...named].map(([key, names]) => [key, names.length === 1 ? names[0]! : names]));
}
