/** No command writes over what it reads, whatever links lead there. */
import {
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { cp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { convert } from './convert.ts';
import { readWhole, replaceOutput } from './files.ts';
import { reduce } from './reduce.ts';
import { study } from './study.ts';
import { sweep } from './sweep.ts';
import { teach } from './teach.ts';

let folder = '';
const at = (name: string): string => join(folder, name);
const rows = '{"input":"one","label":"a","more":1}\n';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'stillroom-out-'));
  writeFileSync(at('rows.jsonl'), rows);
  symlinkSync('rows.jsonl', at('soft.jsonl'));
  linkSync(at('rows.jsonl'), at('hard.jsonl'));
  vi.spyOn(console, 'log').mockImplementation(() => undefined);
  vi.spyOn(process.stdout, 'write').mockImplementation(() => true);
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true });
});

it.each(['soft.jsonl', 'hard.jsonl'])('convert does not replace its file through %s', async (out) => {
  const act = convert(['--train', at('rows.jsonl'), '--out', at(out), '--force']);
  await expect(act).rejects.toThrow(/would be overwritten/);
  expect(readFileSync(at('rows.jsonl'), 'utf8')).toBe(rows);
});

it.each(['rows.jsonl', 'soft.jsonl', 'hard.jsonl', 'out.jsonl', 'out.jsonl.answers/answers.jsonl'])(
  'teach does not write its prompts into %s',
  async (prompts) => {
    const asked = `--data ${at('rows.jsonl')} --endpoint http://127.0.0.1:1/v1 --model m --out ${at('out.jsonl')}`;
    const act = teach([asked.split(' '), '--prompts', at(prompts)].flat());
    await expect(act).rejects.toThrow(/--(?:out|prompts) is the file of/);
    expect(readFileSync(at('rows.jsonl'), 'utf8')).toBe(rows);
    expect(existsSync(at('out.jsonl'))).toBe(false);
  },
);

it('reduce replaces no student, its own nor another', async () => {
  const nano = 'public/students/nano';
  await cp(nano, at('student'), { recursive: true });
  await cp(nano, at('other'), { recursive: true });
  symlinkSync('student', at('link'));
  const weights = readFileSync(at('student/model.safetensors'));
  const into = (out: string) =>
    reduce(['--student', at('student'), '--encoder-layers', '1', '--out', at(out)]);
  await expect(into('link')).rejects.toThrow(/own folder, which would be overwritten/);
  await expect(into('other')).rejects.toThrow(/not empty, and nothing in it is replaced/);
  expect(readFileSync(at('student/model.safetensors')).equals(weights)).toBe(true);
  expect(readFileSync(at('other/model.safetensors')).equals(weights)).toBe(true);
});

it('a file that is too large to be read at once is read in slices', async () => {
  const bytes = Uint8Array.from({ length: 1000 }, (_, place) => place % 251);
  writeFileSync(at('large'), bytes);
  expect(await readWhole(at('large'), 300)).toEqual(bytes);
  expect(await readWhole(at('large'))).toEqual(bytes);
});

describe('teach', () => {
  const asked = (data: string) =>
    `--endpoint http://127.0.0.1:1/v1 --model m --data ${at(data)} --out ${at('out.jsonl')} --prompts ${at('prompts')}`.split(
      ' ',
    );

  it('leaves every file beside --out alone', async () => {
    writeFileSync(at('out.jsonl.tmp'), rows);
    await teach(asked('out.jsonl.tmp'));
    expect(readFileSync(at('out.jsonl.tmp'), 'utf8')).toBe(rows);
    // Its own prompts it writes again.
    const prompts = readFileSync(at('prompts'), 'utf8');
    expect(prompts).toContain('"custom_id"');
    await teach(asked('out.jsonl.tmp'));
    expect(readFileSync(at('prompts'), 'utf8')).toBe(prompts);
  });

  it.each(['one’s own rows\n', rows, '[1]\n', 'null\n'])('writes no prompts over %j', async (own) => {
    writeFileSync(at('prompts'), own);
    await expect(teach(asked('rows.jsonl'))).rejects.toThrow(
      'this file holds no prompts, so it is not replaced',
    );
    expect(readFileSync(at('prompts'), 'utf8')).toBe(own);
  });
});

it('what a link leads to that lies where a file is first written is left as it is', async () => {
  writeFileSync(at('kept'), 'kept');
  symlinkSync(at('kept'), at('file.tmp'));
  await replaceOutput(at('file'), 'new');
  expect(readFileSync(at('kept'), 'utf8')).toBe('kept');
  expect(lstatSync(at('file')).isSymbolicLink()).toBe(false);
  expect(readFileSync(at('file'), 'utf8')).toBe('new');
});

it.each(['table.csv', 'table.md', 'table.tex'])('a sweep does not write its tables over %s', async (name) => {
  mkdirSync(at('out'));
  writeFileSync(at(`out/${name}`), rows);
  writeFileSync(at('spec.json'), JSON.stringify({ train: `out/${name}`, test: 'rows.jsonl' }));
  const act = sweep(['--spec', at('spec.json'), '--out', at('out'), '--report']);
  await expect(act).rejects.toThrow(/one of the files that are read, and the sweep would write over it/);
  expect(readFileSync(at(`out/${name}`), 'utf8')).toBe(rows);
});

it('convert and study name an --out that is empty', async () => {
  await expect(convert(['--train', at('rows.jsonl'), '--out', ''])).rejects.toThrow(
    'convert needs a file to',
  );
  await expect(study(['--report', '--out', ''])).rejects.toThrow('--out names no folder.');
  await expect(study(['--report', '--work', ''])).rejects.toThrow('--work names no folder.');
});
