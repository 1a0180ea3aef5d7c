/** The layouts that are known, and how a file's one is recognised. A new layout is one file and one line here. */
import { cosE } from './layouts/cos-e.ts';
import type { AnyLayout, JsonObject } from './layouts/layout.ts';
import { rationales } from './layouts/rationales.ts';
import { rows } from './layouts/rows.ts';

/** In order of precedence: `{input, label, rationale}` is rows, `{rationale, label}` without an input is rationales. */
export const layouts: readonly AnyLayout[] = [cosE, rows, rationales];

/** How many records vote. */
const voters = 50;

/**
 * The layout that most of the first records have by their keys, so that one odd record does not decide; null where
 * none of them has the columns of any layout.
 */
export function recogniseLayout(records: readonly JsonObject[]): AnyLayout | null {
  const votes = new Map<AnyLayout, number>();
  for (const record of records.slice(0, voters)) {
    const layout = layouts.find(({ required }) => required.every((column) => Object.hasOwn(record, column)));
    if (layout !== undefined) votes.set(layout, (votes.get(layout) ?? 0) + 1);
  }
  let winner: AnyLayout | null = null;
  for (const layout of layouts) {
    const count = votes.get(layout) ?? 0;
    if (count > 0 && (winner === null || count > votes.get(winner)!)) winner = layout;
  }
  return winner;
}

/** `CoS-E rows (question, choices, answer), generic rows (input, label, rationale?, teacherLabel?) or …`. */
export function layoutsInWords(): string {
  const described = layouts.map(
    ({ title, required, optional }) =>
      `${title} {${[...required, ...optional.map((column) => `${column}?`)].join(', ')}}`,
  );
  return `${described.slice(0, -1).join(', ')} or ${described.at(-1)!}`;
}

/** The layout of which a record has most columns, and the columns that it lacks; null where it has none of any. */
export function nearestLayout(record: JsonObject): { layout: AnyLayout; missing: string[] } | null {
  let nearest: { layout: AnyLayout; missing: string[] } | null = null;
  let best = 0;
  for (const layout of layouts) {
    const missing = layout.required.filter((column) => !Object.hasOwn(record, column));
    const share = 1 - missing.length / layout.required.length;
    if (share > best) {
      nearest = { layout, missing };
      best = share;
    }
  }
  return nearest;
}
