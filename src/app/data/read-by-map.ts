/** A row as a map reads it, for a look before the file is read. */
import { mappedLayout, type ColumnMap } from '../../data/column-map.ts';
import type { ExampleColumns, JsonObject, Reading } from '../../data/layouts/layout.ts';

/** What is shown of a row; a teacher's file may have no input, and has no true label. */
export type MappedColumns = Pick<ExampleColumns, 'id' | 'label' | 'rationale' | 'teacherLabel'> & {
  input: string | null;
};

export interface ReadByMap {
  /** Null where the map cannot be used yet. */
  reading: Reading<MappedColumns> | null;
  /** The columns that some of the rows give to something. */
  used: ReadonlySet<string>;
}

export function readByMap(map: ColumnMap, rows: readonly JsonObject[], at: number): ReadByMap {
  const used = new Set<string>();
  try {
    const layout = mappedLayout(map);
    const context = {
      classLabels: new Map<string, readonly string[]>(),
      use: (column: string) => void used.add(column),
      tell: () => undefined,
    };
    const read = rows.map((row) => layout.read(row, context));
    const found = read[at];
    if (found === undefined) return { reading: null, used };
    if (!found.ok || 'teacherLabel' in found.row) return { reading: found as Reading<ExampleColumns>, used };
    const { id, input, rationale, label } = found.row;
    return { reading: { ok: true, row: { id, input, label: null, rationale, teacherLabel: label } }, used };
  } catch {
    // The field says what is wrong with the template.
    return { reading: null, used };
  }
}
