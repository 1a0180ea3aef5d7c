/** What is typed above the table of runs: words, `setting:value`, `tag:word`, and accuracies as `>90`. */
import type { RunRecord } from '../../store/records.ts';
import { draftOf, recipeKeys } from '../recipe/recipe-draft.ts';
import { fieldOf, valueWords } from '../recipe/recipe-fields.ts';
import { accuracyOf } from './run-columns.ts';

type Test = (run: RunRecord) => boolean;

/** Every word of the query must fit a run. */
export function queryTest(query: string): Test {
  const tests = query.toLowerCase().split(/\s+/).filter(Boolean).map(testOf);
  return (run) => tests.every((test) => test(run));
}

function testOf(word: string): Test {
  const [, sign, number] = /^([<>])=?(\d+(?:\.\d+)?)%?$/.exec(word) ?? [];
  if (sign !== undefined) {
    const limit = Number(number) / 100;
    const isOver = sign === '>';
    return (run) => {
      const share = accuracyOf(run);
      return share !== null && (isOver ? share >= limit : share <= limit);
    };
  }
  const colon = word.indexOf(':');
  if (colon > 0 && colon < word.length - 1) {
    const [name, value] = [word.slice(0, colon), word.slice(colon + 1)];
    if (name === 'tag') return ({ tags = [] }) => tags.some((tag) => tag.toLowerCase().includes(value));
    if (name === 'student') return (run) => run.studentName.toLowerCase().includes(value);
    if (name === 'data') return (run) => run.datasetName.toLowerCase().includes(value);
    const keys = recipeKeys.filter((key) => isNamed(key, name));
    // A name that is none is looked for as it stands, so that what has a colon in it is found too.
    if (keys.length > 0) return (run) => keys.some((key) => hasValue(run, key, value));
  }
  return (run) =>
    [run.name, run.note ?? '', run.studentName, run.datasetName, ...(run.tags ?? [])].some((text) =>
      text.toLowerCase().includes(word),
    );
}

/** A setting goes by its key and by the name that the form has for it, with or without spaces. */
function isNamed(key: (typeof recipeKeys)[number], name: string): boolean {
  const plain = (text: string): string => text.toLowerCase().replace(/[\s-]/g, '');
  return plain(key) === plain(name) || plain(fieldOf(key).label) === plain(name);
}

function hasValue({ recipe }: RunRecord, key: (typeof recipeKeys)[number], value: string): boolean {
  const own = recipe[key];
  if (typeof own === 'number') return own === Number(value);
  const text = draftOf(recipe)[key];
  return [text, valueWords(key, text)].some((one) => one.toLowerCase().replace(/\s/g, '').includes(value));
}
