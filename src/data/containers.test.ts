import { existsSync, readFileSync } from 'node:fs';
import { gzipSync, zipSync } from 'fflate';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EncodingError } from '../formats/encoding.ts';
import { openContainers, type Container } from './containers.ts';

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
const one = async (text: string | Uint8Array): Promise<Container> =>
  (await openContainers('f', typeof text === 'string' ? utf8(text) : text))[0]!;
const values = ({ records }: Container): unknown[] =>
  records.map((record) => (record.kind === 'value' ? record.value : [record.line, record.reason]));

describe('reads', () => {
  it.each<[string, string, unknown[]]>([
    ['commas', 'input,label\na,b\n', [{ input: 'a', label: 'b' }]],
    [
      'semicolons under decimal commas',
      'input;label\n1,5;2,5\n3,5;4,5\n',
      [
        { input: '1,5', label: '2,5' },
        { input: '3,5', label: '4,5' },
      ],
    ],
    ['the line that Excel writes', 'sep=;\r\ninput;label\r\na;b\r\n', [{ input: 'a', label: 'b' }]],
    [
      'old line ends',
      'input,label\ra,b\rc,d',
      [
        { input: 'a', label: 'b' },
        { input: 'c', label: 'd' },
      ],
    ],
    [
      'mixed line ends',
      'input,label\na,b\r\nc,d\n',
      [
        { input: 'a', label: 'b' },
        { input: 'c', label: 'd' },
      ],
    ],
    [
      'a name of JavaScript’s own',
      'input,__proto__\na,b\n',
      [
        Object.fromEntries([
          ['input', 'a'],
          ['__proto__', 'b'],
        ]),
      ],
    ],
    ['rows of empty cells at the end', 'input,label\na,b\n,\n,\n', [{ input: 'a', label: 'b' }]],
    ['JSON in a Markdown fence', '```json\n{"input":"a"}\n```\n', [{ input: 'a' }]],
    ['NaN', '{"input":"a","x":NaN}', [{ input: 'a', x: null }]],
  ])('%s', async (_, text, rows) => {
    expect(values(await one(text))).toEqual(rows);
  });

  it('lines past a quoted line break', async () => {
    const { records, kind } = await one('input,label\n"a\nb",c\nd,e\nf\n');
    expect(kind).toBe('csv');
    expect(records.map(({ line }) => line)).toEqual([2, 4, 5]);
    expect(records[2]).toMatchObject({
      kind: 'refused',
      reason: expect.stringContaining('it has 1 cell') as unknown,
    });
  });

  it('any cells that are written as RFC 4180 has it, however many lines they have', async () => {
    const cell = fc
      .array(fc.constantFrom('a', '"', ',', '\n', '\r\n', ' ', ';', 'ß', '<b>'), { maxLength: 6 })
      .map((parts) => `x${parts.join('')}`);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(cell, cell), { minLength: 1, maxLength: 8 }), async (rows) => {
        const text = [['input', 'label'], ...rows]
          .map((row) => row.map((each) => `"${each.replaceAll('"', '""')}"`).join(','))
          .join('\r\n');
        expect(values(await one(text))).toEqual(rows.map(([input, label]) => ({ input, label })));
      }),
    );
  });

  it('packed files, and says what a zip holds besides', async () => {
    const csv = utf8('input,label\na,b\n');
    expect(await one(gzipSync(csv))).toMatchObject({ packed: 'gzip', kind: 'csv' });
    const opened = await openContainers(
      'd.zip',
      zipSync({
        'a.csv': csv,
        'b.jsonl': utf8('{"input":"a"}\n{"input":"b"}'),
        'README.md': utf8('Hello there.\n'),
      }),
    );
    expect(opened).toMatchObject([
      { file: 'd.zip/a.csv', packed: 'zip', kind: 'csv', notes: [{ kind: 'left-out' }] },
      { file: 'd.zip/b.jsonl', kind: 'jsonl' },
    ]);
  });
});

describe('refuses in words', () => {
  it.each<[string, string | Uint8Array, string]>([
    ['nothing', '', 'The file is empty.'],
    ['white space', ' \n', 'it holds white space only'],
    [
      'a quote that never closes',
      'input,label\na,b\n"c,d\ne,f\n',
      'f, line 3: A quote opens on this line and is never closed',
    ],
    ['two columns of one name', 'input,label,label\na,b,c\n', 'Two columns are called “label”'],
    ['a head alone', 'input,label\n', 'a head and no rows'],
    ['prose', 'Hello there.\nThis is a letter, you see.\n', 'neither JSON nor a table'],
    ['a web page', '<!doctype html><p>x', 'This is a web page'],
    ['a PDF', '%PDF-1.7', 'This is a PDF document'],
    ['GGUF', 'GGUF\u0003', 'a model in GGUF'],
    ['a cut Parquet file', 'PAR1 and more', 'This Parquet file is cut off'],
    [
      'Excel',
      zipSync({ '[Content_Types].xml': utf8('x'), 'xl/workbook.xml': utf8('x') }),
      'This is an Excel workbook',
    ],
  ])('%s', async (_, content, words) => {
    await expect(one(content)).rejects.toThrow(words);
  });

  it('text that is not UTF-8, and reads it when its encoding is named', async () => {
    const bytes = new Uint8Array([...utf8('input,label\nna'), 0xef, ...utf8('ve,x\n')]);
    await expect(one(bytes)).rejects.toThrow(EncodingError);
    const [read] = await openContainers('f', bytes, { encoding: 'windows-1252' });
    expect(values(read!)).toEqual([{ input: 'naïve', label: 'x' }]);
  });
});

const shared = new URL('../../../shared/data/layouts/', import.meta.url);
describe.skipIf(!existsSync(shared))('../shared/data/layouts (skipped where it is absent)', () => {
  it.each([
    ['06-flan-cot-tsv-no-header/creak_train.tsv', 'tsv', 15],
    ['05-ecqa-csv/cqa_data_test.csv', 'csv', 12],
    ['29-autotrain-unsloth-csv/autotrain_sft.csv', 'csv', 12],
    ['29-autotrain-unsloth-csv/excel_unicode_text.txt', 'tsv', 12],
    ['30-hf-parquet-classlabel/esnli-train-00000-of-00001.parquet', 'parquet', 12],
    ['20-concatenated-pretty-json/generic_train.json', 'jsonl', 3],
  ])('%s', async (path, kind, rows) => {
    const [container] = await openContainers(path, readFileSync(new URL(path, shared)));
    expect(container).toMatchObject({ kind });
    expect(container!.records.filter((record) => record.kind === 'value')).toHaveLength(rows);
  });
});
