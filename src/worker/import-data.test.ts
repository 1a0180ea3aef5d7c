import 'fake-indexeddb/auto';
import { strToU8, zipSync } from 'fflate';
import { expect, it } from 'vitest';
import { withWebLocks } from '../../tests/support/web-locks.ts';
import { layoutKey } from '../data/file-head.ts';
import { keptReading, type DatasetReading } from '../data/reading.ts';
import { digestRows } from '../distill/checkpoint.ts';
import { notebookRecipe } from '../distill/recipe.ts';
import { readDataset, readExamples } from '../store/datasets.ts';
import { withRun } from '../store/locks.ts';
import type { RunRecord } from '../store/records.ts';
import { writeRun } from '../store/runs.ts';
import {
  changeReading,
  importFiles,
  mapColumns,
  readAsKept,
  removeFile,
  takeReasons,
} from './import-data.ts';

withWebLocks();

const silent = (): void => undefined;
const rows = (name: string, text: string): File =>
  new File([JSON.stringify({ input: text, label: text.slice(0, 3) })], name);
const add = (datasetId: string | null, ...files: File[]) =>
  importFiles(
    { type: 'import-files', datasetId, files: files.map((file) => ({ file, split: null })) },
    silent,
  );

it('two tabs that add to one dataset at the same time both keep their file', async () => {
  const { datasetId } = await add(null, rows('train.jsonl', 'one of the first file'));
  await Promise.all([
    add(datasetId, rows('test.jsonl', 'a test row of one tab')),
    add(datasetId, rows('more.train.jsonl', 'a row of the other tab')),
  ]);
  const names = (await readDataset(datasetId))!.files.map(({ name }) => name);
  expect(names.sort()).toEqual(['more.train.jsonl', 'test.jsonl', 'train.jsonl']);
});

it('a dataset says where it is from as long as all of its files are from there', async () => {
  const from = (datasetId: string | null, name: string, hub?: string) =>
    importFiles(
      { type: 'import-files', datasetId, files: [{ file: rows(name, `rows of ${name}`), split: null }], hub },
      silent,
    );
  const { datasetId } = await from(null, 'train.jsonl', 'a/b@1:plain');
  await from(datasetId, 'test.jsonl', 'a/b@1:plain');
  expect((await readDataset(datasetId))!.hub).toBe('a/b@1:plain');
  await from(datasetId, 'validation.jsonl');
  expect((await readDataset(datasetId))!.hub).toBeUndefined();
});

it('the training rows of a run at work stay as they are, whatever is dropped or removed', async () => {
  const { datasetId } = await add(null, rows('train.jsonl', 'what the run is trained on'));
  const before = await readExamples(datasetId, 'train');
  await writeRun({
    id: 'run',
    name: 'copper-heron',
    datasetId,
    recipe: notebookRecipe,
    rowsSha256: await digestRows(before),
  } as RunRecord);
  await withRun('run', async () => {
    await expect(add(datasetId, rows('train.jsonl', 'other words'))).rejects.toThrow(
      'copper-heron is at work on this dataset',
    );
    const [file] = (await readDataset(datasetId))!.files;
    const removal = { type: 'remove-file', datasetId, fileId: file!.id } as const;
    await expect(removeFile(removal, silent)).rejects.toThrow('copper-heron is at work on this dataset');
    // Test rows are not what it is trained on.
    await add(datasetId, rows('test.jsonl', 'a row to be tested'));
  });
  expect(await readExamples(datasetId, 'train')).toEqual(before);
  expect(await readExamples(datasetId, 'test')).toHaveLength(1);
});

it('a teacher’s reasons become the rows’ own, follow them when files change, and go again', async () => {
  const { datasetId } = await add(null, rows('train.jsonl', 'one of the rows'));
  const taught = {
    input: 'one of the rows',
    label: 'one',
    rationale: 'It is the first.',
    teacherLabel: 'two',
  };
  const take = (teacher: string, part: object) =>
    takeReasons({ type: 'take-reasons', datasetId, teacher, rows: [{ ...taught, ...part }] }, silent);
  await take('small', { rationalised: true });
  await take('small', { rationale: 'It comes first.', teacherLabel: 'one', edited: true });
  await add(datasetId, rows('test.jsonl', 'a row to be tested'));
  const record = (await readDataset(datasetId))!;
  expect(record.files.map(({ name }) => name).sort()).toEqual([
    'reasons by small',
    'test.jsonl',
    'train.jsonl',
  ]);
  expect(record.splits.train).toMatchObject({ rationales: 1, teacher: { correct: 1, total: 1 } });
  expect(record.splits.train!.lint.map(({ kind }) => kind)).toContain('edited');
  expect((await readExamples(datasetId, 'train'))[0]).toMatchObject({ rationale: 'It comes first.' });

  const reasons = record.files.find(({ layout }) => layout === 'taught')!;
  await removeFile({ type: 'remove-file', datasetId, fileId: reasons.id }, silent);
  expect((await readExamples(datasetId, 'train'))[0]).toMatchObject({ rationale: null, teacherLabel: null });
  expect((await readDataset(datasetId))!.splits.train!.teacher).toBeNull();
});

const csv = (name: string, ...lines: string[]): File =>
  new File([['headline,stars,because', ...lines].join('\n')], name);

it('a file of unknown columns waits for its map, is read by it with those like it, and so is the next one', async () => {
  const { datasetId } = await add(
    null,
    csv('reviews.train.csv', 'Fine soup,5,warm', 'Cold tea,1,cold'),
    csv('reviews.test.csv', 'Good bread,4,fresh'),
  );
  const before = (await readDataset(datasetId))!;
  expect(before.files.map(({ unread, rows: read }) => [unread, read])).toEqual([
    [expect.stringContaining('headline, stars, because'), 0],
    [expect.stringContaining('no known layout'), 0],
  ]);
  expect(before.splits).toEqual({ train: null, validation: null, test: null });

  const fileId = before.files[0]!.id;
  const map = { input: 'Review: {headline}', label: 'stars', rationale: 'because' };
  await expect(
    mapColumns({ type: 'map-columns', datasetId, fileId, map: { ...map, label: 'stern' } }, silent),
  ).rejects.toThrow('Every row was refused');
  expect(await readDataset(datasetId)).toEqual(before);

  await mapColumns({ type: 'map-columns', datasetId, fileId, map }, silent);
  const after = (await readDataset(datasetId))!;
  expect(after.files.map((file) => [file.layout, file.rows, file.map, file.unread])).toEqual([
    ['mapped', 2, map, undefined],
    ['mapped', 1, map, undefined],
  ]);
  expect(await readExamples(datasetId, 'train')).toMatchObject([
    { input: 'Review: Fine soup', label: '5', rationale: 'warm' },
    { input: 'Review: Cold tea', label: '1', rationale: 'cold' },
  ]);
  expect(keptReading(after.files)).toEqual({
    map: 'input=Review: {headline},label=stars,rationale=because',
  });

  // Known again in another dataset; a map that fits no row there is not held to.
  const maps = { [layoutKey(before.files[0]!.head!)]: map };
  const again = await importFiles(
    {
      type: 'import-files',
      datasetId: null,
      maps,
      files: [{ file: csv('more.csv', 'New cheese,3,young'), split: null }],
    },
    silent,
  );
  expect(await readExamples(again.datasetId, 'train')).toMatchObject([{ input: 'Review: New cheese' }]);
  const blank = await importFiles(
    {
      type: 'import-files',
      datasetId: null,
      maps,
      files: [{ file: csv('blank.csv', 'No stars,,none'), split: null }],
    },
    silent,
  );
  expect((await readDataset(blank.datasetId))!.files[0]).toMatchObject({
    rows: 0,
    unread: expect.any(String) as string,
  });
});

it('what is switched on holds for files that come later; what was decided on an alarm does not', async () => {
  const names = Array.from({ length: 30 }, (_, index) => `w${index}x${index * 7}`);
  const lines = (all: readonly object[]): string => all.map((one) => JSON.stringify(one)).join('\n');
  const questions = names.map((name) => ({
    question: `Which ${name}?`,
    choices: [`${name} a`, `${name} b`],
    answer: `${name} a`,
  }));
  const said = names.map((name) => ({ rationale: `It is ${name} here.`, label: `${name} a or` })).reverse();
  const { datasetId } = await add(
    null,
    new File([lines(questions)], 'q.train.jsonl'),
    new File([lines(said)], 'said.train.jsonl'),
  );
  const read = async () => (await readDataset(datasetId))!;
  expect((await read()).splits.train!.alarm).toMatchObject({ rationales: 'said.train.jsonl', ways: [] });

  const change = (reading: DatasetReading) =>
    changeReading({ type: 'change-reading', datasetId, reading }, silent);
  await change({ alarms: { train: { kind: 'leave-out' } }, holdOut: { share: 0.1, seed: 0 } });
  const { splits } = await read();
  expect(splits.train).toMatchObject({ rows: 27, rationales: 0 });
  expect(splits.train!.alarm).toBeUndefined();
  expect(splits.test).toMatchObject({ rows: 3 });
  const held = await readExamples(datasetId, 'test');
  await change({ ...(await read()).reading, fixes: ['cut-labels'] });
  expect(await readExamples(datasetId, 'test')).toEqual(held);

  // The right file in its place: no old decision leaves it out, and its labels are corrected.
  await add(datasetId, new File([lines([...said].reverse())], 'said.train.jsonl'));
  const corrected = await read();
  expect(corrected.splits.train).toMatchObject({
    rows: 27,
    rationales: 27,
    teacher: { correct: 27, total: 27 },
  });
  expect(corrected.reading).toEqual({ fixes: ['cut-labels'], holdOut: { share: 0.1, seed: 0 } });

  // Test rows of their own take the place of those that were held out.
  await add(datasetId, new File([lines(questions.slice(0, 2))], 'q.test.jsonl'));
  expect((await read()).splits).toMatchObject({ train: { rows: 30 }, test: { rows: 2 } });
});

const jsonl = (name: string, all: readonly object[]): File =>
  new File([all.map((one) => `${JSON.stringify(one)}\n`).join('')], name);

it.each([
  ['as files', null],
  ['in an archive', 'all.zip'],
])('an alarm is answered by columns that both files share, %s', async (_, archive) => {
  const names = Array.from({ length: 30 }, (_, index) => `w${index}x${index * 7}`);
  const lines = (all: readonly object[]): string => all.map((one) => JSON.stringify(one)).join('\n');
  const questions = names.map((name, index) => ({
    question: `Which ${name}?`,
    choices: [`${name} a`, `${name} b`],
    answer: `${name} a`,
    number: `n${index}`,
  }));
  const said = names
    .map((name, index) => ({ rationale: `It is ${name} here.`, label: `${name} a`, of: `n${index}` }))
    .reverse();
  const texts = { 'q.train.jsonl': lines(questions), 'said.train.jsonl': lines(said) };
  const files =
    archive === null
      ? Object.entries(texts).map(([name, text]) => new File([text], name))
      : [
          new File(
            [
              zipSync(
                Object.fromEntries(Object.entries(texts).map(([name, text]) => [name, strToU8(text)])),
              ).slice(),
            ],
            archive,
          ),
        ];
  const { datasetId } = await add(null, ...files);
  const train = async () => (await readDataset(datasetId))!.splits.train!;
  const decision = { kind: 'columns', mine: 'number', theirs: 'of' } as const;
  expect((await train()).alarm).toMatchObject({ ways: [{ decision }] });
  await changeReading(
    { type: 'change-reading', datasetId, reading: { alarms: { train: decision } } },
    silent,
  );
  expect(await train()).toMatchObject({ rationales: 30, teacher: { correct: 30, total: 30 } });
  expect((await train()).alarm).toBeUndefined();
  const [first] = await readExamples(datasetId, 'train');
  expect(first?.rationale).toBe(`It is ${names[0]!} here.`);
});

it('several teachers, answers in other files and in one, are taken as a person says', async () => {
  const ids = ['a', 'b', 'c'];
  const said = (name: string, label: string, more: readonly object[] = []): File =>
    jsonl(name, [...ids.map((id) => ({ id, label, rationale: `${name} ${id}` })), ...more]);
  const { datasetId } = await add(
    null,
    jsonl(
      'rows.jsonl',
      ids.map((id) => ({ id, input: `is ${id}?`, label: 'yes' })),
    ),
    said('first', 'no'),
    said('second', 'yes'),
  );
  const read = async () => (await readDataset(datasetId))!;
  const change = (reading: DatasetReading) =>
    changeReading({ type: 'change-reading', datasetId, reading }, silent);
  const reasons = async () => (await readExamples(datasetId, 'train')).map(({ rationale }) => rationale);
  expect((await read()).problems).toEqual([]);
  expect((await read()).splits.train).toMatchObject({
    teachers: ['first', 'second'],
    teacher: { correct: 0, total: 3 },
  });
  await change({ teachers: 'right' });
  expect(await reasons()).toEqual(['second a', 'second b', 'second c']);
  await change({ teachers: { file: 'second' } });
  expect((await read()).splits.train!.teacher).toEqual({ correct: 3, total: 3 });
  expect(keptReading((await read()).files, (await read()).reading)).toEqual({ teachers: 'second' });

  // A third one answers a row twice: that has to be said too; and one more answers other rows alone.
  await add(datasetId, said('third', 'yes', [{ id: 'a', label: 'yes', rationale: 'again a' }]));
  await change({ teachers: { file: 'third' } });
  expect((await read()).problems.map(({ message }) => message)).toEqual([
    expect.stringContaining('“a” stands twice'),
  ]);
  expect((await read()).splits.train!.offer).toBe('several-answers');
  await change({ teachers: 'cycle' });
  expect(await reasons()).toEqual(['first a', 'second b', 'third c']);
});

it('a teacher’s file of fewer rows is joined by its ids where a person says so', async () => {
  const rows = ['a', 'b', 'c'].map((id) => ({ id, input: `is ${id}?`, label: 'yes' }));
  const { datasetId } = await add(
    null,
    jsonl('rows.jsonl', rows),
    jsonl('why.jsonl', [{ id: 'c', label: 'yes', rationale: 'for c' }]),
  );
  expect((await readDataset(datasetId))!.splits.train).toMatchObject({
    offer: 'only-matching',
    rationales: 0,
  });
  await changeReading({ type: 'change-reading', datasetId, reading: { onlyMatching: true } }, silent);
  expect((await readDataset(datasetId))!).toMatchObject({
    problems: [],
    splits: { train: { rationales: 1 } },
  });
});

it('rows are divided by a column, drawn for validation, taken in part, and kept apart from test rows', async () => {
  const rows = Array.from({ length: 40 }, (_, at) => ({
    input: `row ${at % 39}`,
    label: 'yes',
    rationale: 'so',
    split: at < 38 ? 'train' : 'test',
  }));
  const { datasetId } = await add(null, jsonl('all.jsonl', rows));
  const counts = async () => {
    const { splits } = (await readDataset(datasetId))!;
    return [splits.train?.rows, splits.validation?.rows, splits.test?.rows, splits.test?.from];
  };
  const change = (reading: DatasetReading) =>
    changeReading({ type: 'change-reading', datasetId, reading }, silent);
  expect(await counts()).toEqual([38, undefined, 2, 'column']);
  const leaks = (await readDataset(datasetId))!.splits.test!.lint.find(({ kind }) => kind === 'input-leaks');
  expect(leaks).toMatchObject({ count: 1, rows: [39] });
  await change({
    fixes: ['drop-leaks'],
    validation: { share: 0.1, seed: 0 },
    subsample: { share: 0.5, seed: 0 },
  });
  expect(await counts()).toEqual([16, 4, 2, 'column']);
  expect(keptReading([], (await readDataset(datasetId))!.reading)).toEqual({
    fix: 'drop-leaks',
    validation: { share: 0.1, seed: 0 },
    subsample: { share: 0.5, seed: 0 },
  });
  await change({ splitColumn: null });
  expect(await counts()).toEqual([40, undefined, undefined, undefined]);
});

it('raw completions are read as they stand or repaired, and a teacher’s columns are mapped', async () => {
  const rows = ['a', 'b'].map((name) => ({
    question: `Which is ${name}?`,
    choices: [`${name} one`, `${name} two`],
    answer: `${name} one`,
  }));
  const { datasetId } = await add(
    null,
    jsonl('rows.jsonl', rows),
    new File(
      [JSON.stringify(['It is. The answer is a one.', 'So the answer is (a) b one or (b) b two.'])],
      'cot.json',
    ),
  );
  const labels = async () => (await readExamples(datasetId, 'train')).map(({ teacherLabel }) => teacherLabel);
  const change = (reading: DatasetReading) =>
    changeReading({ type: 'change-reading', datasetId, reading }, silent);
  const before = await labels();
  await change({ completions: 'repaired' });
  expect(await labels()).not.toEqual(before);
  expect((await labels())[0]).toBe('a one');
  await change({ completions: 'faithful' });
  expect(await labels()).toEqual(before);

  const other = await add(
    null,
    jsonl('rows.jsonl', rows),
    jsonl('why.jsonl', [
      { nr: 1, wort: 'a one', grund: 'weil a' },
      { nr: 2, wort: 'b two', grund: 'weil b' },
    ]),
  );
  const file = (await readDataset(other.datasetId))!.files.find(({ name }) => name === 'why.jsonl')!;
  expect(file.unread).toContain('no known layout');
  await mapColumns(
    {
      type: 'map-columns',
      datasetId: other.datasetId,
      fileId: file.id,
      map: { rationale: 'grund', teacherLabel: 'wort' },
    },
    silent,
  );
  const record = (await readDataset(other.datasetId))!;
  expect(record.splits.train).toMatchObject({ rationales: 2, teacher: { correct: 1, total: 2 } });
  expect(keptReading(record.files)).toEqual({ rationalesMap: 'rationale=grund,teacherLabel=wort' });
});

it('a run’s run.json brings maps and all else back to files of the same columns', async () => {
  const { datasetId } = await add(
    null,
    csv('new.csv', ...Array.from({ length: 20 }, (_, at) => `dish ${at},5,warm`)),
  );
  const kept = {
    map: 'input=About {headline},label=stars,rationale=because',
    holdOut: { share: 0.1, seed: 4 },
  };
  await readAsKept({ type: 'read-as-kept', datasetId, kept }, silent);
  const record = (await readDataset(datasetId))!;
  expect([record.splits.train?.rows, record.splits.test?.rows]).toEqual([18, 2]);
  expect((await readExamples(datasetId, 'train'))[0]!.input).toMatch(/^About dish/);
  expect(keptReading(record.files, record.reading)).toEqual(kept);
});
