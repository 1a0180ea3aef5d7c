import { unzipSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import { InputError } from '../base/errors.ts';
import { readStudentFolder } from '../student/folder.ts';
import { filesInMemory } from '../student/student-files.ts';
import { tinyFolder } from '../student/testing/tiny-student.ts';
import { FolderFile, modelFolder } from './model-folder.ts';
import { safeFolderName, zipChunks } from './zip.ts';

function join(chunks: Iterable<Uint8Array>): Uint8Array {
  return new Uint8Array(Buffer.concat([...chunks]));
}

describe('zipChunks', () => {
  it('holds a student that loads again', async () => {
    const student = await readStudentFolder(filesInMemory(tinyFolder()), 'tiny');
    const files = modelFolder(student, student.weights, { dtype: 'f32', runFile: '{}', card: 'x' });
    const zip = join(zipChunks('tiny student', files));
    const unpacked = unzipSync(zip);
    expect(Object.keys(unpacked)).toEqual(files.map(({ path }) => `tiny student/${path}`));
    const again = await readStudentFolder(filesInMemory(new Map(Object.entries(unpacked))), 'tiny');
    expect(again.weights).toEqual(student.weights);
  });

  it('stores weights as they are and shrinks text', () => {
    const noughts = new Uint8Array(100_000);
    const weights = join(zipChunks('a', [new FolderFile('model.safetensors', noughts)]));
    const text = join(zipChunks('a', [new FolderFile('tokenizer.json', noughts)]));
    expect(weights.length).toBeGreaterThan(100_000);
    expect(text.length).toBeLessThan(2_000);
  });

  it('asks for a file’s chunks only as it gives them', () => {
    let made = 0;
    const lazy = new FolderFile('model.safetensors', {
      sizeBytes: 3000,
      *chunks() {
        for (; made < 3; made += 1) yield new Uint8Array(1000).fill(made);
      },
    });
    const chunks = zipChunks('a', [lazy]);
    // Headers hold any bytes, the time among them: only content has this length.
    const isSecond = (chunk: Uint8Array | undefined) => chunk?.length === 1000 && chunk[0] === 1;
    while (!isSecond(chunks.next().value ?? undefined)) expect(made).toBeLessThan(2);
    expect(made).toBe(1);
  });

  it('gives the same bytes for the same time', () => {
    const files = [new FolderFile('a.txt', Uint8Array.of(1, 2, 3))];
    const at = new Date(2026, 1, 3);
    expect(join(zipChunks('a', files, at))).toEqual(join(zipChunks('a', files, at)));
  });

  it('refuses more than 4 GB before it begins', () => {
    const huge = new FolderFile('model.safetensors', { sizeBytes: 5e9, chunks: () => [] });
    expect(() => zipChunks('a', [huge]).next()).toThrow(InputError);
    expect(() => zipChunks('a', [huge]).next()).toThrow(/5\.00 GB, more than the 4 GB/);
  });
});

describe('safeFolderName', () => {
  it.each([
    ['flan-t5 small', 'flan-t5 small'],
    ['../../etc/passwd', 'etc-passwd'],
    ['C:\\x', 'C-x'],
    ['..', 'model'],
    ['', 'model'],
    ['a\u0000b\n', 'a-b'],
  ])('%j becomes %j', (name, safe) => {
    expect(safeFolderName(name)).toBe(safe);
  });
});
