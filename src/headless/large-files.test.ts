import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openContainers } from '../data/containers.ts';
import { readContainer } from '../data/read-file.ts';
import { openStream } from '../data/record-stream.ts';
import { readStream } from '../data/stream-rows.ts';
import { openParts, readBytes } from './files.ts';

const folder = mkdtempSync(join(tmpdir(), 'stillroom-large-'));

it.each([
  ['JSON Lines', 1500, (row: object) => JSON.stringify(row), ''],
  [
    'CSV',
    1500,
    ({ input, label }: { input: string; label: string }) => `"${input}",${label}`,
    'input,label\n',
  ],
])(
  'reads %s from a disk in parts, to the rows and refusals of the whole',
  async (name, count, lineOf, head) => {
    const path = join(folder, name);
    const rows = Array.from({ length: count }, (_, row) => ({
      input: `${row} ${'é'.repeat(600)}`,
      // More refusals than a page keeps.
      label: row < 300 ? 'x' : '',
    }));
    writeFileSync(path, head + rows.map((row) => lineOf(row)).join('\n'));
    const [container] = await openContainers(path, await readBytes(path));
    const stream = await openStream(path, await openParts(path));
    const read = await readStream(stream!, {});
    expect(read).toEqual(readContainer(container!));
    expect(read).toMatchObject({ positions: 1500, refused: { length: 1200 } });
  },
);

it('says that a file cannot be read, and which columns are unknown', async () => {
  await expect(openParts(join(folder, 'none'))).rejects.toThrow('there is no such file');
  const path = join(folder, 'unknown');
  writeFileSync(path, '{"foo":"a"}\n{"foo":"b"}\n');
  const stream = await openStream(path, await openParts(path));
  await expect(readStream(stream!, {})).rejects.toThrow('Its columns are foo, which is no known layout');
  expect(await readStream(stream!, { map: { input: 'foo', label: 'foo' } })).toMatchObject({ positions: 2 });
});
