import { gzipSync, zipSync } from 'fflate';
import { describe, expect, it, vi } from 'vitest';
import { openContainers } from './containers.ts';
import { readContainer, type DataFile } from './read-file.ts';
import { openSources } from './sources.ts';
import { readStream } from './stream-rows.ts';

// Every file is a large one.
vi.mock(import('./record-stream.ts'), async (original) => ({ ...(await original()), streamedFromBytes: 0 }));

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const rows = Array.from({ length: 40 }, (_, at) => ({ input: `q ${at}`, label: at % 2 ? 'yes' : 'no' }));
const lines = bytes(rows.map((row) => JSON.stringify(row)).join('\n'));
const array = bytes(JSON.stringify(rows, null, 1));
const inColumns = bytes(JSON.stringify({ input: ['a', 'b'], label: ['x', 'y'] }));
const csv = bytes('input,label\na,x\nb,y\n');
const readme = bytes('Some words about these rows.\n\nNo more.\n');

async function read(file: string, content: Uint8Array): Promise<{ kinds: string[]; files: DataFile[] }> {
  const sources = await openSources(file, new Blob([new Uint8Array(content)]));
  const files: DataFile[] = [];
  for (const one of sources)
    files.push(one.kind === 'stream' ? await readStream(one.stream, {}) : readContainer(one.container));
  return { kinds: sources.map(({ kind }) => kind), files };
}

describe('comes to what reading the whole comes to', () => {
  it.each<[string, Uint8Array, string[]]>([
    ['JSON Lines', lines, ['stream']],
    ['an array', array, ['stream']],
    ['CSV packed by gzip', gzipSync(csv), ['stream']],
    ['an array packed by gzip', gzipSync(array), ['stream']],
    ['columns packed by gzip', gzipSync(inColumns), ['whole']],
    [
      'a zip, packed and stored, with what can only be read as a whole',
      zipSync({
        'about.md': readme,
        'data/train.jsonl': lines,
        'data/test.json': [array, { level: 0 }],
        'columns.json': inColumns,
        'packed.csv.gz': gzipSync(csv),
      }),
      ['stream', 'stream', 'whole', 'whole'],
    ],
    ['a zip of what can only be read as a whole', zipSync({ 'columns.json': inColumns }), ['whole']],
  ])('%s', async (_, content, kinds) => {
    const { kinds: found, files } = await read('f', content);
    expect(found).toEqual(kinds);
    expect(files).toEqual((await openContainers('f', content)).map((container) => readContainer(container)));
  });
});

it('says what is damaged in a zip, and what cannot be read of it', async () => {
  const zip = zipSync({ 'train.jsonl': [lines, { level: 0 }] });
  const changed = zip.slice();
  changed[60] = changed[60]! ^ 1;
  await expect(read('f.zip', changed)).rejects.toThrow(
    'f.zip/train.jsonl: This file of the zip is damaged: it is not what was packed.',
  );
  await expect(read('f.zip', zip.slice(0, -30))).rejects.toThrow('This zip is cut off or damaged');
  await expect(read('f.zip', zipSync({ 'xl/a.xml': csv, '[Content_Types].xml': csv }))).rejects.toThrow(
    'This is an Excel workbook.',
  );
});
