/** Whether a column is usually called so: such a name in a file's first row makes it a head. */
import { choicesNames, inputNames, labelNames, rationaleNames, teacherLabelNames } from './roles.ts';

/** Names that say no role, or only within one layout, and are no data either. */
const otherNames = [
  'premise',
  'hypothesis',
  'sentence1',
  'sentence2',
  'id',
  'qid',
  'uid',
  'pairid',
  'customid',
  'idx',
  'index',
];

const usualNames = new Set<string>([
  ...inputNames,
  ...labelNames,
  ...rationaleNames,
  ...teacherLabelNames,
  ...choicesNames,
  ...otherNames,
]);

/** Compared in lower case, without outer white space, `_`, `-` and `.`. */
export function isUsualName(name: string): boolean {
  return usualNames.has(
    name
      .trim()
      .toLowerCase()
      .replace(/[_.\- ]/g, ''),
  );
}
