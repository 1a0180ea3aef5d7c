/** Parquet and Arrow, against files that pyarrow wrote (tests/fixtures/tables/make_tables.py). */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { InputError } from '../base/errors.ts';
import { readArrow } from './arrow.ts';
import { classLabelsOf } from './class-labels.ts';
import { openParquet } from './parquet.ts';
import type { FileRecord, FormatNote } from './record.ts';

const load = (name: string): Uint8Array =>
  new Uint8Array(readFileSync(new URL(`../../tests/fixtures/tables/${name}`, import.meta.url)));

interface Read {
  columns: string[];
  classLabels: Record<string, string[]> | null;
  records: FileRecord[];
  notes: FormatNote[];
}

async function read(name: string, bytes: Uint8Array): Promise<Read> {
  if (name.endsWith('.arrow')) return readArrow(name, bytes);
  const table = await openParquet(name, bytes);
  const records: FileRecord[] = [];
  for await (const slice of table.slices()) records.push(...slice);
  return { columns: table.columns, classLabels: table.classLabels, records, notes: table.notes() };
}

/** The rows as make_tables.py has them. */
const expected = Array.from({ length: 40 }, (_, n) => ({
  kind: 'value',
  line: n + 1,
  value: {
    input: `Is ${n} even? ½ naïve <b>`,
    label: n === 7 ? -1 : (n + 1) % 2,
    rationale: n % 5 === 4 ? null : `${n} divided by 2\nleaves ${n % 2}.`,
    kind: n < 10 ? 'small' : 'large',
    choices: n === 3 ? null : ['yes', 'no'].slice(0, n % 3),
    answer: { text: n % 2 === 0 ? 'yes' : 'no', score: n / 10 },
    big: n === 1 ? '9007199254740993' : n,
    share: n === 2 ? null : n / 8,
    right: n % 2 === 0,
    when: new Date(1_700_000_000_000 + n).toISOString(),
    raw: null,
    price: n / 4,
  },
}));

const whole = [
  ...['none', 'snappy', 'gzip', 'brotli', 'zstd', 'lz4', 'plain'].map((codec) => `rows.${codec}.parquet`),
  ...['uncompressed', 'lz4', 'zstd', 'stream'].map((codec) => `rows.${codec}.arrow`),
];

describe('reads every row as it was written', () => {
  it.each(whole)('%s', async (name) => {
    const { columns, classLabels, records, notes } = await read(name, load(name));
    expect(records).toEqual(expected);
    expect(columns).toEqual(Object.keys(expected[0]!.value));
    expect(classLabels).toEqual({ label: ['no', 'yes', 'who knows'] });
    expect(notes.map(({ kind }) => kind).sort()).toEqual(['bytes', 'long-integers', 'not-numbers']);
  });

  it('rows.delta.parquet', async () => {
    const { records } = await read('rows.delta.parquet', load('rows.delta.parquet'));
    expect(records).toEqual(
      expected.map(({ value: { input, big, share }, ...rest }) => ({
        ...rest,
        value: { input, big, share },
      })),
    );
  });

  it('from a Blob, of which parts are read', async () => {
    const table = await openParquet('f', new Blob([load('rows.zstd.parquet').slice()]));
    const records: FileRecord[] = [];
    for await (const slice of table.slices()) records.push(...slice);
    expect(records).toEqual(expected);
  });
});

describe('refuses', () => {
  it('a file without rows', async () => {
    await expect(read('empty.parquet', load('empty.parquet'))).rejects.toThrow(
      'This Parquet file has no rows.',
    );
  });

  it.each(['rows.snappy.parquet', 'rows.uncompressed.arrow', 'rows.lz4.arrow'])(
    '%s cut anywhere',
    async (name) => {
      const bytes = load(name);
      for (let end = 8; end < bytes.length; end += 37)
        await expect(read(name, bytes.slice(0, end))).rejects.toThrow(/is (?:cut off|damaged|encrypted)/);
    },
  );

  it('a stream cut anywhere, or keeps the rows before and says that the end is missing', async () => {
    const bytes = load('rows.stream.arrow');
    for (let end = 8; end < bytes.length; end += 37) {
      try {
        const { records } = await read('f.arrow', bytes.slice(0, end));
        expect(records.at(-1)).toMatchObject({ kind: 'stray' });
        expect(records.slice(0, -1)).toEqual(expected.slice(0, records.length - 1));
      } catch (error) {
        expect(error).toBeInstanceOf(InputError);
      }
    }
  });
});

it('reads classes only where they are as Hugging Face writes them', () => {
  const label = { names: ['a', 'b'], _type: 'ClassLabel' };
  const metadata = (features: unknown): string => JSON.stringify({ info: { features } });
  expect(classLabelsOf(metadata({ x: label, y: [label], z: { feature: label, _type: 'Sequence' } }))).toEqual(
    {
      x: ['a', 'b'],
      y: ['a', 'b'],
      z: ['a', 'b'],
    },
  );
  for (const other of [
    undefined,
    null,
    '',
    '{',
    '1',
    '{"info": 3}',
    metadata(null),
    metadata({ x: { names: [1] } }),
  ])
    expect(classLabelsOf(other)).toBeNull();
});
