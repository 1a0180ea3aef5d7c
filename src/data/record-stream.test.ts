import fc from 'fast-check';
import { gzipSync } from 'fflate';
import { expect, it } from 'vitest';
import { JsonArrayReader } from '../formats/json-array.ts';
import { JsonLinesReader } from '../formats/json-lines.ts';
import { splitRecords } from '../formats/json-records.ts';
import { openContainers } from './containers.ts';
import { openStream, type RecordStream } from './record-stream.ts';
import { readContainer } from './read-file.ts';
import { streamRows } from './stream-rows.ts';
import { headOf } from './file-head.ts';

const blobOf = (text: string): Blob => new Blob([text]);

async function all(stream: RecordStream) {
  const records = [];
  for await (const slice of stream.slices()) records.push(...slice.records);
  return { records, notes: stream.notes() };
}

/** What is read as a stream is what is read as a whole. */
async function expectSame(text: string): Promise<void> {
  const stream = await openStream('f', blobOf(text));
  expect(stream).not.toBe(null);
  const [whole] = await openContainers('f', blobOf(text));
  const { kind, records, notes } = whole!;
  expect({ kind: stream!.kind, ...(await all(stream!)) }).toEqual({ kind, records, notes });
}

it('reads JSON Lines as it does as a whole, broken lines, blank ones and marks too', async () => {
  const line = fc.oneof(
    fc.record({ input: fc.string(), label: fc.string() }).map((row) => JSON.stringify(row)),
    fc.constantFrom(
      '',
      '  ',
      '{"input":"a"',
      'null',
      '[1]',
      '\ufeff{"input":"x"}',
      '{"a":1,"a":2}',
      '{"n":NaN}',
    ),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(line, { maxLength: 8 }), fc.boolean(), async (lines, ends) => {
      const text = ['{"input":"i","label":"l"}', '{"input":"j","label":"m"}', ...lines].join('\n');
      await expectSame(ends ? `${text}\n` : text);
    }),
    { numRuns: 50 },
  );
});

it.each([
  ['CSV', 'input,label\n"a ""b""\nc",x\nd,y\n'],
  ['TSV', 'input\tlabel\na\tx\nb\ty\n'],
  ['a mark', '\ufeffinput;label\na;x\nb;y\n'],
  ['CRLF', '{"input":"a","label":"x"}\r\n{"input":"b","label":"y"}\r\n'],
])('reads %s as it does as a whole', async (_, text) => {
  await expectSame(text);
});

it('reads arrays as it does as a whole, broken elements, marks and what follows too', async () => {
  const element = fc.oneof(
    fc
      .record({ input: fc.string(), label: fc.string() })
      .map((row) => JSON.stringify(row, null, row.label.length % 3)),
    fc.constantFrom(
      '',
      '{"input":"a"',
      'null',
      '[1]',
      '{"a":1,"a":2}',
      '{"n":NaN}',
      '{"input":"}',
      '"x"',
      'b}',
    ),
  );
  const between = fc.constantFrom(',', ',\n', ' ,\r\n', '\n', ',,');
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(between, element), { maxLength: 8 }),
      fc.constantFrom(']', '\n]\n', '', '] x\ny', ',]'),
      async (elements, end) => {
        const text = `[{"input":"i","label":"l"}, {"input":"j","label":"m"}${elements.flat().join('')}${end}`;
        // Piece by piece, wherever it is cut.
        const whole = splitRecords(text);
        for (const size of [1, 7]) {
          const reader = new JsonArrayReader('f', null);
          const records = [];
          for (let at = 0; at < text.length; at += size)
            records.push(...reader.next(text.slice(at, at + size), at + size >= text.length));
          expect(records).toEqual(whole);
        }
        if (whole.filter(({ kind }) => kind === 'value').length === whole.length) await expectSame(text);
      },
    ),
    { numRuns: 100 },
  );
});

it('says the line of an element of an array that does not end', () => {
  const reader = new JsonArrayReader('f.json', null, 30);
  expect(reader.next('[\n{"a": 1},\n{"b": "', false)).toHaveLength(1);
  expect(() => reader.next('x'.repeat(30), false)).toThrow(
    'f.json, line 3: The row that begins here is longer than 30 characters, or a quote or a bracket is missing in it.',
  );
});

it.each([
  ['gzip', (bytes: Uint8Array) => gzipSync(bytes)],
  ['two members of gzip', (bytes: Uint8Array) => Buffer.concat([gzipSync(bytes), gzipSync(bytes)])],
])('reads what is packed by %s as it does as a whole', async (_, pack) => {
  // Larger than what is read at once, packed too: its words repeat little.
  let seed = 7;
  const word = (): string => ((seed = (seed * 48_271) % 2_147_483_647) % 1e9).toString(36);
  const row = (at: number): string =>
    JSON.stringify({ input: `${at} ä ${Array.from({ length: 40 }, word).join(' ')}`, label: `${at % 3}` });
  const text = Array.from({ length: 8000 }, (_row, at) => row(at)).join('\n');
  const packed = new Blob([new Uint8Array(pack(new TextEncoder().encode(`${text}\n`)))]);
  expect(packed.size).toBeGreaterThan(2 ** 20);
  const stream = await openStream('f', packed);
  const [whole] = await openContainers('f', packed);
  const { kind, records, notes } = whole!;
  expect({ kind: stream!.kind, ...(await all(stream!)) }).toEqual({ kind, records, notes });
  expect(stream).toMatchObject({ packed: 'gzip', sizeBytes: packed.size });
  const cut = await openStream('f', packed.slice(0, packed.size - 20_000));
  await expect(all(cut!)).rejects.toThrow('f: This gzip file is');
});

it('reads over the ends of pieces, characters of several bytes too', async () => {
  const rows = Array.from({ length: 700 }, (_, row) => ({
    input: `${row} ${'ä\u2028\ud83d\ude00"'.repeat(300)}`,
    label: `${row % 7}`,
  }));
  await expectSame(rows.map((row) => JSON.stringify(row)).join('\n'));
  const csv = rows.map(({ input, label }) => `"${input.replaceAll('"', '""')}",${label}`);
  await expectSame(`input,label\n${csv.join('\n')}\n`);
});

it.each([
  ['one object over lines', '{\n"rows":[{"input":"a","label":"x"}]\n}'],
  ['a single row', '{"input":"a","label":"x"}\n'],
  ['completions', '{"a":1}\n"one"\n"two"\n"three"\n"four"\n'],
  ['a fence', '```json\n{"input":"a","label":"x"}\n{"input":"b","label":"y"}\n```\n'],
])('leaves %s to be read as a whole', async (_, text) => {
  expect(await openStream('f', blobOf(text))).toBe(null);
});

it('says the line where bytes are not UTF-8', async () => {
  const start = '{"input":"a","label":"x"}\n{"input":"b","label":"y"}\n';
  const bytes = new Uint8Array([...new TextEncoder().encode(`${start}{"input":"`), 0xef, 0x20]);
  await expect(openStream('f.jsonl', new Blob([bytes]))).rejects.toThrow(
    'f.jsonl, line 3: This line holds bytes that are not UTF-8',
  );
});

it('refuses a line that is too long by its number, and reads on', () => {
  const reader = new JsonLinesReader({ longIntegers: 0, notNumbers: 0 }, 20);
  const row = (input: string): string => `{"input":"${input}"}\n`;
  const records = [row('a'), '{"input":"', 'xxxxxxxxxxxxx', 'xxxxxx', `"}\n${row('b')}`].flatMap((text) =>
    reader.next(text, false),
  );
  expect([...records, ...reader.next(row('xxxxxxxxxxxxxxxxxxxxx'), true)]).toEqual([
    { kind: 'value', line: 1, value: { input: 'a' } },
    { kind: 'refused', line: 2, reason: 'it is longer than 20 characters, more than is read as one row' },
    { kind: 'value', line: 3, value: { input: 'b' } },
    { kind: 'refused', line: 4, reason: 'it is longer than 20 characters, more than is read as one row' },
  ]);
});

it('gives the rows, the notes and the head that reading the whole gives', async () => {
  const rows = Array.from({ length: 60 }, (_, row) => ({
    question: `q ${row}`,
    answer: row === 5 ? '' : row,
    note: 'n',
    id: `${row}`,
  }));
  const text = rows.map((row) => JSON.stringify(row)).join('\n');
  const [container] = await openContainers('f', blobOf(text));
  const { rows: whole, ...data } = readContainer(container!);
  const reading = streamRows((await openStream('f', blobOf(text)))!, () => null);
  const streamed = [];
  for (;;) {
    const next = await reading.next();
    if (!next.done) {
      streamed.push(...next.value.rows);
      continue;
    }
    expect(next.value).toEqual({
      data: { ...data, rows: [] },
      unread: null,
      map: null,
      head: headOf(container!),
      count: whole.length,
      refusedCount: data.refused.length,
    });
    break;
  }
  expect(streamed).toEqual(whole);
});
