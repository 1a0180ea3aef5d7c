import { expect, it } from 'vitest';
import { openContainers } from './containers.ts';
import { joinTeacher } from './join.ts';
import { asDataset, asRationales, readContainer, type DataFile } from './read-file.ts';
import { columnValues, decided, sharedColumns, waysOut, type ColumnValues } from './rejoin.ts';

const names = Array.from({ length: 40 }, (_, index) => `w${index}x${index * 7}`);
const question = (name: string, index: number) => ({
  nr: `r${index}`,
  question: `Which ${name}?`,
  choices: [`${name} a`, `${name} b`],
  answer: `${name} a`,
});
const said = (name: string, index: number) => ({
  ref: `r${index}`,
  rationale: `It is ${name} here.`,
  label: `${name} a`,
});

async function open(rows: readonly object[], rationales: readonly object[]) {
  const values = new Map<DataFile, ColumnValues>();
  const read = async (name: string, all: readonly object[]): Promise<DataFile> => {
    const [container] = await openContainers(
      name,
      new Blob([all.map((one) => JSON.stringify(one)).join('\n')]),
    );
    const data = readContainer(container!);
    values.set(data, columnValues(container!));
    return data;
  };
  const dataset = asDataset(await read('rows', rows));
  const taught = asRationales(await read('said', rationales));
  const valuesOf = (data: DataFile) => Promise.resolve(values.get(data)!);
  return { files: { dataset, rationales: taught }, valuesOf };
}

it('finds the columns that name the rows of both files, and what joining by them gives', async () => {
  const rows = names.map(question);
  const turned = [...names.map(said).slice(11), ...names.map(said).slice(0, 11)];
  const { files, valuesOf } = await open(rows, turned);
  const { alarm } = joinTeacher(files.dataset, files.rationales);
  expect(alarm?.asks).toBe(true);
  const ways = await waysOut(files, alarm!, valuesOf);
  expect(ways).toEqual([
    {
      decision: { kind: 'columns', mine: 'nr', theirs: 'ref' },
      alignment: { choices: { fit: 40, of: 40 }, overlap: { own: 1, distant: 0 } },
    },
  ]);
  const by = await decided(files, ways[0]!.decision, valuesOf);
  const joined = joinTeacher(by.dataset, by.rationales);
  expect(joined.join).toEqual({ by: 'id', moved: 40 });
  expect(joined.teacher).toEqual({ correct: 40, total: 40 });
  const without = await decided(files, { kind: 'leave-out' }, valuesOf);
  expect(joinTeacher(without.dataset, without.rationales).examples[0]).toMatchObject({ rationale: null });
});

it.each([1, -2])('a shift by %i that mends is offered, and done', async (by) => {
  const rows = names.map((name, index) => question(name, index));
  const moved = names.map((_name, index) => {
    const at = (index + by + names.length) % names.length;
    const { ref: _ref, ...rest } = said(names[at]!, at);
    return rest;
  });
  const { files, valuesOf } = await open(rows, moved);
  const { alarm } = joinTeacher(files.dataset, files.rationales);
  const ways = await waysOut(files, alarm!, valuesOf);
  expect(ways.map(({ decision }) => decision)).toEqual([{ kind: 'shift', by }]);
  const after = await decided(files, ways[0]!.decision, valuesOf);
  const joined = joinTeacher(after.dataset, after.rationales);
  const left = Math.abs(by);
  expect(joined.teacher).toEqual({ correct: 40 - left, total: 40 - left });
  expect(joined.examples.filter(({ rationale }) => rationale === null)).toHaveLength(left);
});

it('columns share rows only where each value stands once, and nearly all are there', () => {
  const column = (name: string, ...cells: string[]): ColumnValues => new Map([[name, cells]]);
  expect(sharedColumns(column('a', '1', '2', '3'), column('b', '3', '1', '2'))).toEqual([
    { mine: 'a', theirs: 'b' },
  ]);
  expect(sharedColumns(column('a', '1', '2', '2'), column('b', '1', '2'))).toEqual([]);
  expect(sharedColumns(column('a', '1', '2', '3'), column('b', '1', '9'))).toEqual([]);
});
