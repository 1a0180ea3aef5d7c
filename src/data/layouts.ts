/** The layouts that are known, and how a file's one is recognised. A new layout is one file and one line here. */
import { alpaca, argilla, distilabel, genLabel, labelStudio } from './layouts/annotations.ts';
import { arithmetic, gsm8k, gsm8kSolutions, mawps, predictions, svamp } from './layouts/arithmetic.ts';
import { chat, promptAndAnswer } from './layouts/chat.ts';
import { inference } from './layouts/inference.ts';
import type { AnyLayout, JsonObject } from './layouts/layout.ts';
import { aqua, choiceRows, commonsenseQa, cosE, eCare, ecqa, scienceQa } from './layouts/questions.ts';
import { bigBench, cotCollection, flanCot, openThoughts, s1, strategyQa } from './layouts/reasoning.ts';
import { rows } from './layouts/rows.ts';
import { batchOutput, explanations, rationales } from './layouts/teacher.ts';
import { listed } from './words.ts';

/** In order of precedence: the first that a record has the columns of. */
export const layouts: readonly AnyLayout[] = [
  chat,
  batchOutput,
  labelStudio,
  aqua,
  commonsenseQa,
  scienceQa,
  cosE,
  choiceRows,
  ecqa,
  eCare,
  inference,
  mawps,
  svamp,
  arithmetic,
  bigBench,
  strategyQa,
  s1,
  openThoughts,
  predictions,
  gsm8kSolutions,
  gsm8k,
  genLabel,
  rows,
  alpaca,
  distilabel,
  cotCollection,
  argilla,
  promptAndAnswer,
  flanCot,
  rationales,
  explanations,
];

/** Layouts whose own rule says which records they have, without their required columns by name. */
const byRule = new Set<AnyLayout>([chat, choiceRows, inference, argilla, predictions]);
/** Layouts that a message names: the others are recognised when they come. */
const namedLayouts: readonly AnyLayout[] = [cosE, rows, rationales];

/** How many records vote. */
export const voters = 50;

function has(layout: AnyLayout, record: JsonObject): boolean {
  const columns = byRule.has(layout) || layout.required.every((column) => Object.hasOwn(record, column));
  return columns && (layout.matches?.(record) ?? true);
}

/**
 * The layout that most of the first records have by their keys, so that one odd record does not decide; null where
 * more of them have no layout's columns than any one layout's.
 */
export function recogniseLayout(records: readonly JsonObject[]): AnyLayout | null {
  const votes = new Map<AnyLayout | null, number>();
  for (const record of records.slice(0, voters)) {
    const layout = layouts.find((one) => has(one, record)) ?? null;
    votes.set(layout, (votes.get(layout) ?? 0) + 1);
  }
  let winner: AnyLayout | null = null;
  for (const layout of layouts) {
    const count = votes.get(layout) ?? 0;
    if (count > 0 && (winner === null || count > votes.get(winner)!)) winner = layout;
  }
  return winner;
}

/** How many of the first records have this layout's columns, and of how many. */
export function shareOfLayout(
  layout: AnyLayout,
  records: readonly JsonObject[],
): { count: number; of: number } {
  const first = records.slice(0, voters);
  return { count: first.filter((record) => has(layout, record)).length, of: first.length };
}

/** `CoS-E rows {question, choices, answer}, generic rows {input, label, rationale?, teacherLabel?} or …`. */
export function layoutsInWords(): string {
  return listed(
    namedLayouts.map(
      ({ title, required, optional }) =>
        `${title} {${[...required, ...optional.map((column) => `${column}?`)].join(', ')}}`,
    ),
    'or',
  );
}

/** The layout of which a record has most columns, and the columns that it lacks; null where it has none of any. */
export function nearestLayout(record: JsonObject): { layout: AnyLayout; missing: string[] } | null {
  let nearest: { layout: AnyLayout; missing: string[] } | null = null;
  let best = 0;
  for (const layout of namedLayouts) {
    const missing = layout.required.filter((column) => !Object.hasOwn(record, column));
    const share = 1 - missing.length / layout.required.length;
    if (share > best && missing.length > 0) {
      nearest = { layout, missing };
      best = share;
    }
  }
  return nearest;
}
