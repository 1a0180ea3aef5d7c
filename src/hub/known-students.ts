/** Students on the hub whose shapes are read, trained and exported here, the smallest first. */
import type { T5Config } from '../student/config.ts';
import { publishedShapes } from '../student/shapes.ts';

export interface KnownStudent {
  /** On the hub. */
  name: string;
  config: T5Config;
  /** What to know before it is chosen; null for nothing. */
  note: string | null;
}

const reduceFirst = 'Most of it is vocabulary: Reduce makes it smaller for your rows.';
const pretrained = 'Pre-trained alone: it has been taught no task.';

const known: readonly [name: string, shape: string, note: string | null][] = [
  ['google/t5-efficient-tiny', 't5-efficient-tiny', pretrained],
  ['google/t5-efficient-mini', 't5-efficient-mini', pretrained],
  ['google-t5/t5-small', 't5-small', null],
  ['google/flan-t5-small', 'flan-t5-small', null],
  ['google-t5/t5-base', 't5-base', null],
  ['google/flan-t5-base', 'flan-t5-base', 'The student of the paper’s notebook.'],
  ['google/byt5-small', 'byt5-small', 'Reads bytes: any language, long inputs.'],
  ['google/mt5-small', 'mt5-small', reduceFirst],
  ['google/mt5-base', 'mt5-base', reduceFirst],
  ['google-t5/t5-large', 't5-large', null],
  ['google/flan-t5-large', 'flan-t5-large', null],
];

export const knownStudents: readonly KnownStudent[] = known.map(([name, shape, note]) => {
  const config = publishedShapes.get(shape);
  if (config === undefined) throw new TypeError(`There is no shape ${shape}.`);
  return { name, config, note };
});
