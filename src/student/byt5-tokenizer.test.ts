import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { byT5Tokenizer } from './byt5-tokenizer.ts';
import { readStudentFolder } from './folder.ts';
import { filesInMemory } from './student-files.ts';
import { jsonBytes, tinyConfig, tinyFolder } from './testing/tiny-student.ts';
import { Tokenizer } from './tokenizer.ts';

describe('ByT5', () => {
  const tokenizer = new Tokenizer(byT5Tokenizer(), {}, { endId: 1 });
  const bytes = (text: string) => [...new TextEncoder().encode(text)];

  it('reads and writes any text as its bytes', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 30 }), (text) => {
        fc.pre(!/<(?:pad|\/s|unk|extra_id_\d+)>/.test(text));
        const ids = tokenizer.encode(text);
        expect([...ids]).toEqual([...bytes(text).map((byte) => byte + 3), 1]);
        expect(tokenizer.decode(ids)).toBe(text);
      }),
    );
    const spaces = '  a \n\t{~}  <b> \u00a0';
    expect(tokenizer.decode(tokenizer.encode(spaces))).toBe(spaces);
  });

  it('leaves out bytes that are no text, and sentinels', () => {
    const cut = [...bytes('ab').map((byte) => byte + 3), 0xc3 + 3, 1];
    expect(tokenizer.decode(cut)).toBe('ab');
    expect(tokenizer.decode([0xa9 + 3, 0x61 + 3])).toBe('a');
    expect(tokenizer.decode([259, 0x61 + 3, 383])).toBe('a');
    expect([...tokenizer.encode('a<extra_id_1>')]).toEqual([0x61 + 3, 260, 1]);
    expect(tokenizer.vocabularySize).toBe(384);
  });

  it('is read from a folder without a tokenizer file, and taken away as it came', async () => {
    const files = tinyFolder({ vocab_size: 384 });
    files.delete('tokenizer.json');
    files.set('tokenizer_config.json', jsonBytes({ tokenizer_class: 'ByT5Tokenizer' }));
    const student = await readStudentFolder(filesInMemory(files), 'tiny');
    expect([...student.tokenizer.encode('é')]).toEqual([0xc3 + 3, 0xa9 + 3, 1]);
    expect(Object.keys(student.tokenizerFiles)).toEqual(['tokenizer_config.json']);

    // As AutoTokenizer finds it: by config.json, where the tokenizer's own names no class or is not there.
    const config = jsonBytes(tinyConfig({ vocab_size: 384, tokenizer_class: 'ByT5Tokenizer' }));
    files.set('config.json', config);
    files.set('tokenizer_config.json', jsonBytes({}));
    for (let times = 0; times < 2; times += 1) {
      const { tokenizer: found } = await readStudentFolder(filesInMemory(files), 'tiny');
      expect([...found.encode('é')]).toEqual([0xc3 + 3, 0xa9 + 3, 1]);
      files.delete('tokenizer_config.json');
    }
  });
});
