/** What `inspect` and `convert` say and write, with every published layout and every reported fault among the files. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { InputError } from '../base/errors.ts';
import type { Inspection } from '../data/inspect.ts';
import { convert } from './convert.ts';
import { inspect } from './inspect.ts';

const folder = mkdtempSync(join(tmpdir(), 'stillroom-data-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** What a command prints. */
async function printed(command: Promise<void>): Promise<string> {
  const log = vi.spyOn(console, 'log').mockImplementation(() => undefined);
  try {
    await command;
    return log.mock.calls.map(([line]) => String(line)).join('\n');
  } finally {
    log.mockRestore();
  }
}

const asJson = async (...args: string[]): Promise<Inspection> =>
  JSON.parse(await printed(inspect([...args, '--json', '--examples', '10']))) as Inspection;

it('convert replaces a file only where it is told to', async () => {
  const from = join(folder, 'rows.csv');
  writeFileSync(from, 'question,answer\nIs 4 even?,yes\n');
  const out = join(folder, 'out.jsonl');
  await printed(convert(['--train', from, '--out', out]));
  const before = readFileSync(out, 'utf8');
  expect(JSON.parse(before)).toEqual({ input: 'Is 4 even?', label: 'yes' });
  writeFileSync(from, 'question,answer\nIs 5 even?,no\n');
  await expect(convert(['--train', from, '--out', out])).rejects.toThrow('this file is there already');
  expect(readFileSync(out, 'utf8')).toBe(before);
  await printed(convert(['--train', from, '--out', out, '--force']));
  expect(JSON.parse(readFileSync(out, 'utf8'))).toMatchObject({ input: 'Is 5 even?' });
});

describe('inspect of several splits', () => {
  const file = (name: string, rows: readonly object[]): string => {
    const path = join(folder, name);
    writeFileSync(path, rows.map((row) => JSON.stringify(row)).join('\n'));
    return path;
  };
  const rowsOf = (count: number, from = 0) =>
    Array.from({ length: count }, (_, at) => ({
      input: `Is ${from + at} even?`,
      label: at % 2 ? 'no' : 'yes',
    }));

  it('tells rows, notes and leaks of validation and test files, with the rows of each split', async () => {
    const train = file('train.jsonl', rowsOf(20));
    const validation = file('valid.jsonl', [...rowsOf(1), ...rowsOf(3, 100), { input: 'x', label: '' }]);
    const args = ['--train', train, '--validation', validation, '--hold-out', '10%'];
    const read = JSON.parse(await printed(inspect([...args, '--json']))) as Inspection & {
      validation: Inspection;
    };
    expect(read).toMatchObject({
      rows: 20,
      splits: { train: 18, validation: 4, test: 2 },
      validation: { rows: 4, refused: [{ line: 5 }] },
    });
    expect(read).not.toHaveProperty('test');
    expect(read.validation.notes).toContainEqual(expect.objectContaining({ kind: 'input-leaks', rows: [0] }));
    const words = await printed(inspect(args));
    expect(words).toContain(`${validation}: `);
    expect(words).toContain('rows by split: 18 train, 4 validation, 2 test');
  });

  it('follows a column of splits', async () => {
    const rows = rowsOf(10).map((row, at) => ({ ...row, split: at < 7 ? 'train' : at < 9 ? 'dev' : 'test' }));
    expect(await asJson('--train', file('all.jsonl', rows))).toMatchObject({
      splits: { train: 7, validation: 2, test: 1 },
    });
  });
});

const shared = '../shared/data/layouts';
const bugs = '../shared/cases/data-bugs';
const present = existsSync(shared) && existsSync(bugs);
if (!present) console.info('skipped: ../shared is not here, so that no published file went through inspect');

interface Derived {
  rows: number;
}
const derived = present
  ? (JSON.parse(readFileSync(`${shared}/derived.json`, 'utf8')) as Record<string, Derived>)
  : {};

describe.skipIf(!present)('inspect', () => {
  const names = present
    ? readdirSync(shared).filter((name) => statSync(`${shared}/${name}`).isDirectory())
    : [];

  it.each(names)('reads every file of %s, or says what it is', async (name) => {
    const known = Object.keys(derived).filter((file) => file.startsWith(`${name}/`));
    // One excerpt is larger than the list has it.
    const files = known.length > 0 ? known : ['18-sharegpt-json/dummy_conversation.json'];
    expect(files).not.toEqual([]);
    for (const file of files) {
      const encoding = file.includes('cp1252') ? ['--encoding', 'windows-1252'] : [];
      try {
        const read = await asJson('--train', `${shared}/${file}`, '--completions', 'repaired', ...encoding);
        const count = derived[file]?.rows ?? 10;
        expect.soft([file, read.rows + read.refused.length]).toEqual([file, count]);
        expect.soft(read.examples.length, file).toBeGreaterThan(0);
      } catch (error) {
        expect.soft(error, file).toBeInstanceOf(InputError);
        // The one file that holds settings, no rows.
        expect.soft(file, String(error)).toBe('19-messages-typed-parts/dataset_info.json');
      }
    }
  });

  it.each(present ? readdirSync(bugs) : [])('%s', async (name) => {
    const files = readdirSync(`${bugs}/${name}`).map((file) => `${bugs}/${name}/${file}`);
    const of = (start: string): string[] => files.filter((file) => file.includes(`/${start}`));
    const args = [
      '--train',
      ...of('train'),
      ...of('rationales').flatMap((file) => ['--train-rationales', file]),
    ];
    // An id that stands twice is the one fault that ends the reading.
    if (name.startsWith('03-')) return expect(asJson(...args)).rejects.toThrow('stands twice');
    const read = await asJson(...args);
    expect(read.rows).toBeGreaterThan(0);
    expect(read.join === null).toBe(of('rationales').length === 0);
  });
});
