import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InputError } from '../base/errors.ts';
import { Charsmap } from '../formats/charsmap.ts';
import { readSentencePiece } from '../formats/sentencepiece.ts';
import { readStudentFolder } from './folder.ts';
import { tokenizerFromSentencePiece } from './spiece-tokenizer.ts';
import { filesInMemory } from './student-files.ts';
import { tinyFolder, tinyTokenizer } from './testing/tiny-student.ts';
import { parseTokenizer, Tokenizer } from './tokenizer.ts';

const fixtures = join(import.meta.dirname, '../../tests/fixtures/sentencepiece');
const model = new Uint8Array(readFileSync(join(fixtures, 'spiece.model')));
const cases = JSON.parse(readFileSync(join(fixtures, 'cases.json'), 'utf8')) as {
  text: string;
  ids: number[];
  written: string;
}[];

/** Reads bytes that may be broken in any way: a tokenizer or an InputError, within a second. */
function readAnything(bytes: Uint8Array): void {
  const started = performance.now();
  try {
    const made = tokenizerFromSentencePiece(bytes, { extra_ids: 2 }, 'x');
    new Tokenizer(made, {}, { endId: 1 }).encode('a \uff21\ufb01 é');
  } catch (error) {
    expect(error).toBeInstanceOf(InputError);
  }
  expect(performance.now() - started).toBeLessThan(1000);
}

describe('a tokenizer made from spiece.model', () => {
  const tokenizer = new Tokenizer(tokenizerFromSentencePiece(model, {}, 'spiece.model'), {}, { endId: 1 });
  const { pieces } = readSentencePiece(model, 'spiece.model');

  it('gives SentencePiece’s ids', () => {
    for (const { text, ids } of cases) expect([text, ...tokenizer.encode(text)]).toEqual([text, ...ids]);
  });

  it('has T5’s sentinels after the pieces, the last one first', () => {
    expect(tokenizer.piece(pieces.length)).toBe('<extra_id_99>');
    expect(tokenizer.piece(pieces.length + 99)).toBe('<extra_id_0>');
    expect([...tokenizer.encode('<extra_id_0>')]).toEqual([pieces.length + 99, 1]);
    const few = tokenizerFromSentencePiece(model, { extra_ids: 3 }, 'spiece.model');
    expect(few).toMatchObject({ model: { vocab: { length: pieces.length + 3 } } });
    expect(() => tokenizerFromSentencePiece(model, { extra_ids: 1e9 }, 'spiece.model')).toThrow(
      /from 0 to 1000/,
    );
  });

  it('has as many sentinels as the folder asks for, none to a thousand', () => {
    const made = (extra_ids: unknown) => tokenizerFromSentencePiece(model, { extra_ids }, 'spiece.model');
    for (const count of [0, 1000])
      expect(made(count)).toMatchObject({ model: { vocab: { length: pieces.length + count } } });
    for (const wrong of [-1, 1001, 1.5, '2'])
      expect(() => made(wrong)).toThrow(
        '"extra_ids" in tokenizer_config.json must be a whole number from 0 to 1000.',
      );
  });

  it('is what transformers makes of it: scores, tokens, and where the sign for a space stands', () => {
    const made = (config: object) =>
      tokenizerFromSentencePiece(model, { extra_ids: 2, ...config }, 'spiece.model') as unknown as {
        added_tokens: { id: number; special: boolean }[];
        pre_tokenizer: { prepend_scheme: string };
        normalizer: { normalizers: object[] };
        model: { vocab: [string, number][] };
      };
    const { added_tokens, pre_tokenizer, normalizer, model: unigram } = made({});
    expect(unigram.vocab.slice(-2)).toEqual([
      ['<extra_id_1>', 0],
      ['<extra_id_0>', 0],
    ]);
    expect(unigram.vocab[5]).toEqual([pieces[5]!.piece, pieces[5]!.score]);
    const plain = { single_word: false, lstrip: false, rstrip: false, normalized: false };
    expect(added_tokens.at(-1)).toEqual({
      ...plain,
      id: pieces.length + 1,
      content: '<extra_id_0>',
      special: true,
    });
    for (const [id, { piece, kind }] of pieces.entries()) {
      const own = { ...plain, id, content: piece, special: kind !== 'user-defined' };
      const isToken = kind === 'control' || kind === 'user-defined' || kind === 'unknown';
      expect(added_tokens.filter((token) => token.id === id)).toEqual(isToken ? [own] : []);
    }
    expect(pre_tokenizer.prepend_scheme).toBe('always');
    expect(made({ legacy: false }).pre_tokenizer.prepend_scheme).toBe('first');
    expect(made({ legacy: true }).pre_tokenizer.prepend_scheme).toBe('always');
    expect(normalizer.normalizers.slice(-2)).toEqual([
      { type: 'Strip', strip_left: false, strip_right: true },
      { type: 'Replace', pattern: { Regex: ' {2,}' }, content: '▁' },
    ]);
  });

  it('goes with the student', async () => {
    const files = tinyFolder({ vocab_size: pieces.length + 108 });
    files.delete('tokenizer.json');
    files.set('spiece.model', model);
    const student = await readStudentFolder(filesInMemory(files), 'tiny');
    expect(student.notes).toEqual(['tokenizer.json was made from spiece.model, as transformers makes it.']);
    const again = new Tokenizer(
      JSON.parse(student.tokenizerFiles['tokenizer.json']!) as object,
      {},
      { endId: 1 },
    );
    expect(again.encode('The tests')).toEqual(tokenizer.encode('The tests'));
  });

  it('says so wherever the model is cut off', () => {
    const { length } = model;
    for (let end = 0; end < length; end += 5) readAnything(model.subarray(0, end));
    expect(() => readSentencePiece(model.subarray(0, 20), 'x')).toThrow(InputError);
  });

  it('answers any damage in words, or with a tokenizer, within a second', () => {
    const changes = fc.array(fc.tuple(fc.nat(), fc.nat({ max: 255 })), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(changes, (all) => {
        const bytes = model.slice();
        for (const [at, value] of all) bytes[at % bytes.length] = value;
        readAnything(bytes);
      }),
      { numRuns: 150 },
    );
  });
});

describe('charsmaps', () => {
  const { charsmap } = readSentencePiece(model, 'spiece.model');

  it('apply their rules letter by letter', () => {
    const rules = new Charsmap(charsmap, 'x');
    expect(rules.normalize('\uff21\uff42\ufb01x\u00a0y\u00adz\u2026')).toBe('Abfix yz...');
  });

  it('that are broken are refused or harmless, within a second', () => {
    const started = performance.now();
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.string(), (noise, text) => {
        const bytes = charsmap.slice();
        bytes.set(noise, 4 + (noise.length % 8));
        for (const some of [bytes, noise]) {
          try {
            expect(typeof new Charsmap(some, 'x').normalize(text)).toBe('string');
          } catch (error) {
            expect(error).toBeInstanceOf(InputError);
          }
        }
      }),
    );
    expect(performance.now() - started).toBeLessThan(5000);
    expect(() => new Charsmap(Uint8Array.of(9, 0, 0, 0, 1), 'x')).toThrow(/charsmap is damaged/);
    // Nor by rules of the library's own in their place.
    for (const precompiled_charsmap of ['%%%', 'AAAA', 'A', 5, [1, 2], {}]) {
      const tokenizer = JSON.stringify({
        ...tinyTokenizer(),
        normalizer: { type: 'Precompiled', precompiled_charsmap },
      });
      expect(() => parseTokenizer({ tokenizer, config: null }, { endId: 1 })).toThrow(/charsmap is damaged/);
    }
  });
});
