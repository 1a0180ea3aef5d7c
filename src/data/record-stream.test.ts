import fc from 'fast-check';
import { expect, it } from 'vitest';
import { JsonLinesReader } from '../formats/json-records.ts';
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
  ['an array', '[{"input":"a","label":"x"},\n{"input":"b","label":"y"}]'],
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
