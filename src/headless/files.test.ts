import {
  chmodSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { InputError, NobodyReadsError, NoRoomError, StorageError } from '../base/errors.ts';
import {
  appendOutput,
  checkEmpty,
  createOutput,
  flushOutput,
  isSamePlace,
  namesIn,
  notWritten,
  openFolder,
  openParts,
  readText,
  readWhole,
  realPath,
  removeOutput,
  renameOutput,
  replaceOutput,
  writeNewFile,
  writeNewFolder,
  writeOutput,
  writeWhole,
} from './files.ts';

let folder = '';
const at = (...names: string[]): string => join(folder, ...names);
const text = (...names: string[]): string => readFileSync(at(...names), 'utf8');
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'stillroom-files-'));
  writeFileSync(at('ten'), '0123456789');
});
afterEach(() => rmSync(folder, { recursive: true }));

const asText = async (bytes: Promise<ArrayBuffer | Uint8Array>): Promise<string> =>
  new TextDecoder().decode(await bytes);

describe('what is read', () => {
  it('comes whole, in slices of any length', async () => {
    for (const most of [1, 3, 9, 10, 11]) expect(await asText(readWhole(at('ten'), most))).toBe('0123456789');
  });

  it('comes in parts, up to the end of the file', async () => {
    const parts = await openParts(at('ten'));
    expect(parts.size).toBe(10);
    const part = (start: number, end?: number) => asText(parts.slice(start, end).arrayBuffer());
    expect(await part(0)).toBe('0123456789');
    expect(await part(2, 5)).toBe('234');
    expect(await part(8, 20)).toBe('89');
    expect(await part(10)).toBe('');
    expect(await part(12, 11)).toBe('');
  });

  it('ends where a file was cut meanwhile', async () => {
    const parts = await openParts(at('ten'));
    writeFileSync(at('ten'), '0123');
    expect(await asText(parts.slice(2, 9).arrayBuffer())).toBe('23');
  });

  it('is refused in words where it cannot be read', async () => {
    await expect(readText(at('none'))).rejects.toThrow('it cannot be read (there is no such file).');
    await expect(readText(folder)).rejects.toThrow('it cannot be read (this is a folder).');
    await expect(readText(at('ten', 'x'))).rejects.toThrow('it cannot be read (it lies below a file).');
    await expect(openParts(at('none'))).rejects.toThrow(InputError);
    const parts = await openParts(at('ten'));
    rmSync(at('ten'));
    await expect(parts.slice(0).arrayBuffer()).rejects.toThrow('it cannot be read (there is no such file).');
  });

  it('of a folder are its files, with their sizes and beginnings', async () => {
    mkdirSync(at('inner'));
    const files = await openFolder(folder);
    expect(files.names()).toEqual(['ten']);
    expect([files.sizeBytes!('ten'), files.sizeBytes!('none')]).toEqual([10, 0]);
    expect(await asText(files.readStart!('ten', 4))).toBe('0123');
    expect(await asText(files.readStart!('ten', 40))).toBe('0123456789');
    expect(await asText(files.read('ten'))).toBe('0123456789');
    await expect(files.readStart!('none', 4)).rejects.toThrow(InputError);
    await expect(openFolder(at('ten'))).rejects.toThrow('this is a file, not a folder.');
    await expect(openFolder(at('none'))).rejects.toThrow('it cannot be opened (there is no such file).');
  });
});

describe('what is written', () => {
  it('goes into folders that are made for it, over what was there or behind it', async () => {
    await writeOutput(at('a', 'b', 'file'), 'one');
    appendOutput(at('a', 'b', 'file'), ' two');
    expect(text('a', 'b', 'file')).toBe('one two');
    await replaceOutput(at('a', 'b', 'file'), 'three');
    expect(text('a', 'b', 'file')).toBe('three');
    await renameOutput(at('a', 'b', 'file'), at('a', 'b', 'other'));
    expect(readdirSync(at('a', 'b'))).toEqual(['other']);
    await flushOutput(at('a', 'b', 'other'));
    await flushOutput(at('a', 'b'));
    await removeOutput(at('a'));
    await removeOutput(at('a'));
    expect(readdirSync(folder)).toEqual(['ten']);
  });

  it('is created once', async () => {
    expect(await createOutput(at('new', 'file'), 'one')).toBe(true);
    expect(await createOutput(at('new', 'file'), 'two')).toBe(false);
    // A file in the place of its folder is a fault of the path.
    await expect(createOutput(at('new', 'file', 'within'), 'three')).rejects.toBeInstanceOf(StorageError);
    expect(text('new', 'file')).toBe('one');
  });

  it('is refused in words', async () => {
    await expect(writeOutput(at('ten', 'x'), '')).rejects.toThrow(StorageError);
    expect(() => appendOutput(folder, 'x')).toThrow('cannot be written (this is a folder).');
    await expect(renameOutput(at('none'), at('x'))).rejects.toThrow(
      'cannot be written (there is no such file).',
    );
    await expect(flushOutput(at('none'))).rejects.toThrow('cannot be written (there is no such file).');
  });

  it.each([
    ['ENOSPC', 'the disk is full'],
    ['EDQUOT', 'no more room is granted on this disk'],
  ])('without room (%s) is told as such', (code, words) => {
    const error = notWritten('f', Object.assign(new Error('no'), { code }));
    expect(error).toBeInstanceOf(NoRoomError);
    expect(error.message).toContain(`f cannot be written (${words}).`);
  });

  it('to a closed pipe has its own words', () => {
    const error = notWritten('f', Object.assign(new Error('no'), { code: 'EPIPE' }));
    expect(error).toBeInstanceOf(NobodyReadsError);
    expect(error.message).toBe('Nobody reads f any more. It was not written to its end.');
  });

  it.each([
    [Object.assign(new Error('no'), { code: 'EACCES' }), 'permission denied'],
    [Object.assign(new Error('no'), { code: 'EROFS' }), 'this disk can only be read'],
    [new Error('its own words'), 'its own words'],
    ['a text', 'a text'],
  ])('for another reason is told with it', (cause, words) => {
    const error = notWritten('f', cause);
    expect(error).not.toBeInstanceOf(NoRoomError);
    expect(error.message).toContain(`f cannot be written (${words}).`);
  });
});

describe('a file that a person named', () => {
  it('is written whole, through a link too, and keeps its rights', async () => {
    await writeWhole(at('new', 'file'), ['one', ' two']);
    expect(text('new', 'file')).toBe('one two');
    chmodSync(at('new', 'file'), 0o600);
    symlinkSync(join('new', 'file'), at('link'));
    await writeWhole(at('link'), 'three');
    expect(text('new', 'file')).toBe('three');
    expect(lstatSync(at('link')).isSymbolicLink()).toBe(true);
    expect(statSync(at('new', 'file')).mode & 0o777).toBe(0o600);
    expect(readdirSync(at('new'))).toEqual(['file']);
  });

  it('stays what it was where the disk is full in the middle of it', async () => {
    function* torn(): Generator<string> {
      yield 'x'.repeat(100_000);
      throw Object.assign(new Error('no'), { code: 'ENOSPC' });
    }
    await expect(writeWhole(at('ten'), torn())).rejects.toThrow('ten cannot be written (the disk is full).');
    expect(text('ten')).toBe('0123456789');
    expect(readdirSync(folder)).toEqual(['ten']);
    await expect(writeWhole(at('ten', 'x'), '')).rejects.toThrow(StorageError);
  });

  it.runIf(existsSync('/dev/full'))('is written to as it is where it is none', async () => {
    symlinkSync('/dev/full', at('full'));
    await expect(writeWhole(at('full'), 'x')).rejects.toThrow('full cannot be written (the disk is full).');
    await writeWhole('/dev/null', 'x');
    expect(statSync('/dev/null').isFile()).toBe(false);
    expect(lstatSync(at('full')).isSymbolicLink()).toBe(true);
  });
});

describe('a link that leads to what is not there yet', () => {
  const bytes = new TextEncoder().encode('one');

  it('is followed, by a file and by a folder', async () => {
    mkdirSync(at('deep'));
    symlinkSync(join('deep', 'file'), at('link'));
    symlinkSync('link', at('second'));
    await writeWhole(at('second'), 'one');
    symlinkSync(join('deep', 'new'), at('third'));
    await writeNewFile(at('third'), [bytes]);
    symlinkSync(join('deep', 'folder'), at('fourth'));
    await writeNewFolder(at('fourth'), [{ path: 'a', chunks: () => [bytes] }]);
    mkdirSync(at('empty'));
    symlinkSync('empty', at('fifth'));
    await writeNewFolder(at('fifth'), [{ path: 'a', chunks: () => [bytes] }]);
    expect(
      [
        ['deep', 'file'],
        ['deep', 'new'],
        ['deep', 'folder', 'a'],
        ['empty', 'a'],
      ].map((path) => text(...path)),
    ).toEqual(['one', 'one', 'one', 'one']);
    for (const name of ['link', 'second', 'third', 'fourth', 'fifth'])
      expect(lstatSync(at(name)).isSymbolicLink()).toBe(true);
    expect(readdirSync(at('deep')).toSorted()).toEqual(['file', 'folder', 'new']);
  });

  it('or in a circle is told, and stays', async () => {
    symlinkSync('b', at('a'));
    symlinkSync('a', at('b'));
    // Leads to itself by a folder that is not there.
    symlinkSync(join('none', '..', 'c'), at('c'));
    const circle = 'a cannot be written (its links lead in a circle).';
    await expect(writeWhole(at('a'), 'one')).rejects.toThrow(circle);
    await expect(writeNewFile(at('a'), [bytes])).rejects.toThrow(StorageError);
    await expect(readText(at('a'))).rejects.toThrow('it cannot be read (its links lead in a circle).');
    expect(await realPath(at('c'))).toBe(join(await realPath(folder), 'c'));
    expect(readdirSync(folder).toSorted()).toEqual(['a', 'b', 'c', 'ten']);
  });

  it('is no file of a student’s folder', async () => {
    symlinkSync('none', at('notes.txt'));
    symlinkSync('round', at('round'));
    expect((await openFolder(folder)).names()).toEqual(['ten']);
  });

  it('has its name where a folder is to be made', async () => {
    symlinkSync('none', at('link'));
    await expect(writeOutput(at('link', 'a'), 'one')).rejects.toThrow(
      'cannot be written (a file, or a link that leads nowhere, has its name).',
    );
  });
});

describe('a folder that is new', () => {
  const file = (path: string, ...parts: string[]) => ({
    path,
    chunks: () => parts.map((part) => new TextEncoder().encode(part)),
  });

  it('is there whole, in the place of an empty one', async () => {
    mkdirSync(at('out'));
    await writeNewFolder(at('out'), [file('a', 'one', ' two'), file('b/c', 'three')]);
    expect([text('out', 'a'), text('out', 'b', 'c')]).toEqual(['one two', 'three']);
    expect(readdirSync(folder).sort()).toEqual(['out', 'ten']);
    await expect(writeNewFolder(at('out'), [file('a')])).rejects.toThrow('this folder is not empty');
    expect(text('out', 'a')).toBe('one two');
  });

  it('is not there where a file of it cannot be made', async () => {
    const torn = {
      path: 'b',
      chunks: () => {
        throw new InputError('no more', 'Stop.');
      },
    };
    await expect(writeNewFolder(at('deep', 'out'), [file('a', 'one'), torn])).rejects.toThrow('no more');
    expect(readdirSync(at('deep'))).toEqual([]);
    await expect(writeNewFolder(at('ten', 'out'), [])).rejects.toThrow('this is a file, or lies below one.');
  });

  it('has a name', async () => {
    await expect(checkEmpty('')).rejects.toThrow('--out names no folder.');
    await checkEmpty(at('none'));
    await expect(checkEmpty(folder)).rejects.toThrow('this folder is not empty');
    expect(await namesIn(at('none'))).toEqual([]);
    await expect(namesIn(at('ten'))).rejects.toThrow('this is a file, or lies below one.');
  });

  it('or a file, takes no name that is taken', async () => {
    await writeNewFile(at('new'), [new TextEncoder().encode('one')]);
    expect(text('new')).toBe('one');
    await expect(writeNewFile(at('new'), [])).rejects.toThrow(StorageError);
    expect(text('new')).toBe('one');
    expect(readdirSync(folder).sort()).toEqual(['new', 'ten']);
  });
});

describe('a place', () => {
  it('is the same by links of any kind', async () => {
    symlinkSync('ten', at('soft'));
    linkSync(at('ten'), at('hard'));
    writeFileSync(at('other'), '');
    const same = (one: string, other: string) => isSamePlace(at(one), at(other));
    expect(await same('ten', 'soft')).toBe(true);
    expect(await same('ten', 'hard')).toBe(true);
    expect(await same('ten', 'other')).toBe(false);
    expect(await same('ten', 'none')).toBe(false);
    expect(await same('none', 'more')).toBe(false);
    expect(await same('none', 'none')).toBe(true);
  });

  it('that is not there yet is known by the part that is', async () => {
    mkdirSync(at('real'));
    symlinkSync('real', at('link'));
    expect(await realPath(at('link', 'a', 'b'))).toBe(await realPath(at('real', 'a', 'b')));
    expect(await realPath(at('link', 'a'))).not.toBe(await realPath(at('real', 'b')));
  });
});
