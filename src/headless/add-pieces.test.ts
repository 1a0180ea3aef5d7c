import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { readStudentFolder } from '../student/folder.ts';
import { addPieces } from './add-pieces.ts';
import { openFolder } from './files.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'pieces-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const nano = 'public/students/nano';

function rows(labels: string[]): string {
  const file = join(folder, 'rows.jsonl');
  writeFileSync(file, labels.map((label) => JSON.stringify({ input: `write ${label}`, label })).join('\n'));
  return file;
}

it('writes a folder that can write the labels', async () => {
  const said = vi.spyOn(console, 'log').mockImplementation(() => undefined);
  const out = join(folder, 'out');
  const labels = ['x → y', 'a\nb', 'yes'];
  await addPieces(['--student', nano, '--train', rows(labels), '--out', out, '--json']);
  const report = JSON.parse(String(said.mock.calls[0]![0])) as { lostBefore: number; lostAfter: number };
  said.mockRestore();
  expect(report).toMatchObject({ lostBefore: 2, lostAfter: 0 });
  const { tokenizer, notes } = await readStudentFolder(await openFolder(out), out);
  expect(labels.map((label) => tokenizer.decode(tokenizer.encode(label)))).toEqual(labels);
  expect(notes).toEqual([]);
});

it('says where there is nothing to add', async () => {
  const options = ['--student', nano, '--out', join(folder, 'none')];
  await expect(addPieces([...options, '--train', rows(['yes', 'no'])])).rejects.toThrow(
    'Every label comes back',
  );
  await expect(addPieces(options)).rejects.toThrow('needs the rows');
});
