/** Why nothing of a file can be used, in words. */
import { InputError } from '../base/errors.ts';
import { layoutsInWords, nearestLayout } from './layouts.ts';
import { isObject } from './layouts/cells.ts';
import type { JsonObject } from './layouts/layout.ts';
import type { FileRecord } from '../formats/record.ts';
import { listed, typeInWords } from './words.ts';

const shapes = 'JSON Lines (one object on each line) or one JSON array of objects';
/** Keys that a message names before it only counts them. */
const keysNamed = 12;

/** Rows with named columns that are no known layout: a person can say which column is what. */
export class UnknownLayoutError extends InputError {}

export function withoutObjects(file: string, records: readonly FileRecord[]): InputError {
  const value = records.find((record) => record.kind === 'value');
  const remedy = `Choose a file of rows as ${shapes}.`;
  if (value !== undefined) {
    return new InputError(
      `There are no rows with named columns in this file: the first record is ${typeInWords(value.value)}.`,
      remedy,
      { file, line: value.line },
    );
  }
  const fault = records.find((record) => record.kind !== 'value');
  if (fault === undefined) return new InputError('The file holds no rows.', remedy, { file });
  return new InputError(`No row of this file can be read; the first: ${fault.reason}.`, remedy, {
    file,
    line: fault.line,
  });
}

export function unknownLayout(
  file: string,
  example: JsonObject,
  records: readonly FileRecord[],
): UnknownLayoutError {
  const keys = Object.keys(example);
  const named = keys.slice(0, keysNamed).map((key) => (key.length > 40 ? `${key.slice(0, 40)}…` : key));
  const more = keys.length > keysNamed ? ` and ${keys.length - keysNamed} more` : '';
  const found =
    keys.length === 0 ? 'Its first row has no columns at all' : `Its columns are ${named.join(', ')}${more}`;
  const nearest = nearestLayout(example);
  const hint =
    nearest === null
      ? ''
      : ` As ${nearest.layout.title} it lacks ${listed(nearest.missing.map((column) => `“${column}”`))}.`;
  return new UnknownLayoutError(
    `${found}, which is no known layout.${hint}`,
    `Say which column is what (in a terminal: --map input=COLUMN,label=COLUMN), or rename columns, so that the rows are ${layoutsInWords()}.`,
    { file, line: records.find((record) => record.kind === 'value' && isObject(record.value))?.line },
  );
}
