import { expect, test } from 'vitest';
import { smallRecipe } from '../../distill/recipe.ts';
import type { RunRecord } from '../../store/records.ts';
import { accuracyColumn, begunColumn, columnsOf, nameColumn, parseColumns } from './run-columns.ts';
import { queryTest } from './run-query.ts';
import { hasGroups, scaleOf, sortRuns, tableRows, type TableRow } from './run-table.ts';

function run(
  name: string,
  part: Partial<RunRecord> = {},
  recipe: Partial<RunRecord['recipe']> = {},
): RunRecord {
  return {
    id: name,
    name,
    createdAt: 0,
    datasetId: 'd',
    datasetName: 'the sample',
    studentId: 's',
    studentName: 'nano',
    recipe: { ...smallRecipe, ...recipe },
    evaluations: [],
    comparison: null,
    trainRows: 400,
    testRows: null,
    engine: null,
    step: 1,
    ...part,
  } as RunRecord;
}

function scored(name: string, correct: number, recipe: Partial<RunRecord['recipe']> = {}): RunRecord {
  const tally = { correct, total: 100 };
  return run(name, { comparison: { base: tally, distilled: tally, teacher: null, step: 1 } }, recipe);
}

const names = (rows: readonly TableRow[]): string[] =>
  rows.map((row) => (row.kind === 'run' ? row.run.name : `[${row.group.name}]`));

test('runs are sorted by a column, the unmeasured last in either direction, the pinned first', () => {
  const runs = [scored('b', 50), run('none'), scored('a', 90), run('pin', { pinned: true })];
  const by = (descending: boolean) =>
    sortRuns(runs, { column: accuracyColumn, descending }).map(({ name }) => name);
  expect(by(true)).toEqual(['pin', 'a', 'b', 'none']);
  expect(by(false)).toEqual(['pin', 'b', 'a', 'none']);
  const named = sortRuns([run('run 10'), run('run 9')], { column: nameColumn, descending: false });
  expect(named.map(({ name }) => name)).toEqual(['run 9', 'run 10']);
});

test('runs that differ in their seed alone are put together, with their mean and its interval', () => {
  const runs = [
    scored('x', 92, { seed: 1, alpha: 0.1 }),
    scored('y', 94, { seed: 2, alpha: 0.1 }),
    scored('z', 60, { seed: 1, alpha: 0.9 }),
    scored('w', 62, { seed: 2, alpha: 0.9 }),
    scored('alone', 99, { seed: 1, alpha: 0.5 }),
  ];
  expect(hasGroups(runs)).toBe(true);
  expect(hasGroups(runs.slice(1, 3))).toBe(false);
  const sorting = { column: accuracyColumn, descending: true };
  const rows = tableRows(runs, { sorting, grouped: true, closed: new Set() });
  expect(names(rows)).toEqual(['alone', '[alpha 0.1]', 'y', 'x', '[alpha 0.9]', 'w', 'z']);
  const group = rows[1]!;
  if (group.kind !== 'group') throw new Error('a group was expected');
  expect(group.group.mean?.share).toBeCloseTo(0.93, 12);
  // Two values: t is 12.71, the deviation 0.0141, the band wider than the scale.
  expect(group.group.mean?.high).toBe(1);
  expect(group.group.mean?.low).toBeCloseTo(0.93 - 12.7062 * 0.01, 4);
  const folded = tableRows(runs, { sorting, grouped: true, closed: new Set([group.group.id]) });
  expect(names(folded)).toEqual(['alone', '[alpha 0.1]', '[alpha 0.9]', 'w', 'z']);
  expect(names(tableRows(runs, { sorting, grouped: false, closed: new Set() }))).toHaveLength(5);
});

test('the scale follows the accuracies', () => {
  expect(scaleOf([])).toEqual({ from: 0, to: 1 });
  const { from, to } = scaleOf([scored('a', 62), scored('b', 91)]);
  expect([from, to]).toEqual([0.6, 1]);
  expect(scaleOf([scored('a', 100)])).toEqual({ from: 0.9, to: 1 });
});

test('a query is words, settings, tags and accuracies', () => {
  const paper = {
    ...scored('copper-heron', 93, { alpha: 0.1, seed: 2 }),
    tags: ['paper'],
    note: 'best: so far',
  };
  const fits = (query: string): boolean => queryTest(query)(paper);
  for (const query of [
    '',
    'heron',
    'COPPER',
    'alpha:0.1',
    'alpha:0.10 seed:2',
    'tag:pap',
    '>90',
    '<=93',
    'best:',
  ]) {
    expect(fits(query), query).toBe(true);
  }
  for (const query of ['kestrel', 'alpha:0.2', 'tag:other', '>95', '<90', 'heron seed:1']) {
    expect(fits(query), query).toBe(false);
  }
  // A name of the form, in any spelling, and a choice in the form's words.
  expect(fits('batch-size:16')).toBe(smallRecipe.batchSize === 16);
  expect(fits('method:step')).toBe(true);
  expect(queryTest('>0')(run('nothing measured'))).toBe(false);
});

test('columns are those that are known, in their own order', () => {
  expect(columnsOf(['steps', 'recipe:seed', 'nonsense']).map(({ id }) => id)).toEqual([
    'recipe:seed',
    'steps',
  ]);
  expect(parseColumns('["rows","x",3]')).toEqual(['rows']);
  for (const text of [null, '', '{}', '[']) expect(parseColumns(text)).toBeNull();
  expect(begunColumn.text(run('a', { createdAt: Date.UTC(2026, 10, 24, 12) }))).toBe('24 Nov');
});
