import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { addMissingPieces } from './add-pieces.ts';
import { readStudentFolder, type Student } from './folder.ts';
import { filesInMemory } from './student-files.ts';
import { jsonBytes, tinyFolder, tinyTokenizer } from './testing/tiny-student.ts';
import { parseTokenizer } from './tokenizer.ts';

/** Knows small letters and single spaces. Its 30 pieces are followed by ten rows without one. */
const spaces = { type: 'Replace', pattern: { Regex: '\\s+' }, content: ' ' };
async function open(overrides: Record<string, unknown> = {}, tokenizer = {}): Promise<Student> {
  const folder = tinyFolder(overrides);
  folder.set('tokenizer.json', jsonBytes({ ...tinyTokenizer(), normalizer: spaces, ...tokenizer }));
  folder.set('tokenizer_config.json', jsonBytes({ added_tokens_decoder: {} }));
  return readStudentFolder(filesInMemory(folder), 'tiny');
}

const labels = ['{a b}', '{c}', 'a < b', 'x\ny', 'a  b', 'a b', 'é'];

function survivors({ tokenizer }: Student): string[] {
  return labels.filter((label) => tokenizer.decode(tokenizer.encode(label)) === label);
}

describe('addMissingPieces', () => {
  it('makes labels come back, and leaves other texts as they were', async () => {
    const student = await open();
    expect(survivors(student)).toEqual(['a b']);
    const { student: extended, added, lostBefore, lostAfter } = addMissingPieces(student, labels);
    expect(survivors(extended)).toEqual(labels);
    expect([lostBefore, lostAfter]).toEqual([6, 0]);
    expect(added).toEqual([
      { piece: '{', id: 30, kind: 'piece' },
      { piece: '}', id: 31, kind: 'piece' },
      { piece: '<', id: 32, kind: 'piece' },
      { piece: 'é', id: 33, kind: 'piece' },
      { piece: '\n', id: 34, kind: 'token' },
      { piece: '  ', id: 35, kind: 'token' },
    ]);
    expect([...extended.tokenizer.encode('ab c')]).toEqual([...student.tokenizer.encode('ab c')]);
    expect(extended.config.vocab_size).toBe(40);
    expect(extended.notes.at(-1)).toBe('Added to the vocabulary as pieces: "{" "}" "<" "é" "\\n" "  ".');
    const config = JSON.parse(extended.tokenizerFiles['tokenizer_config.json']!) as {
      added_tokens_decoder: Record<string, { content: string }>;
    };
    expect(config.added_tokens_decoder['34']).toEqual({
      content: '\n',
      single_word: false,
      lstrip: false,
      rstrip: false,
      normalized: false,
      special: false,
    });
    expect(config).toMatchObject({ tokenizer_class: 'PreTrainedTokenizerFast', pad_token: '<pad>' });
  });

  it('gives each the mean of the rows of its neighbours, in the embedding and in the output', async () => {
    const student = await open();
    const { student: extended } = addMissingPieces(student, ['ab{c', 'b{d']);
    const { tokenizer, config, weights } = student;
    const id = (letter: string) => tokenizer.encode(letter).at(-2)!;
    for (const name of ['shared.weight', 'lm_head.weight']) {
      const row = (values: Float32Array, at: number) => [
        ...values.subarray(at * config.d_model, (at + 1) * config.d_model),
      ];
      const [b, c, d] = ['b', 'c', 'd'].map((letter) => row(weights.get(name)!, id(letter)));
      const mean = b!.map((value, column) => Math.fround((2 * value + c![column]! + d![column]!) / 4));
      expect(row(extended.weights.get(name)!, 30)).toEqual(mean);
      expect(row(extended.weights.get(name)!, 5)).toEqual(row(weights.get(name)!, 5));
    }
  });

  it('grows the embedding where the vocabulary has no rows left', async () => {
    const student = await open({ vocab_size: 30, tie_word_embeddings: true });
    const { student: extended } = addMissingPieces(student, ['{a}']);
    expect(extended.config.vocab_size).toBe(32);
    expect(extended.rawConfig['vocab_size']).toBe(32);
    expect(extended.weights.get('shared.weight')).toHaveLength(32 * 8);
    expect(extended.weights.has('lm_head.weight')).toBe(false);
  });

  it('goes on behind tokens that were only added', async () => {
    const [pad, end, unknown] = tinyTokenizer()['added_tokens'] as object[];
    const own = { ...pad, id: 30, content: '[SEP]', special: false };
    const student = await open({}, { added_tokens: [pad, end, unknown, own] });
    const { student: extended, added } = addMissingPieces(student, ['{a'], ['{[SEP]']);
    expect(added).toEqual([{ piece: '{', id: 31, kind: 'piece' }]);
    const { tokenizer } = extended;
    expect([...tokenizer.encode('[SEP]{')]).toContain(30);
    expect(tokenizer.piece(30)).toBe('[SEP]');
  });

  it('does nothing where all come back, or where nothing helps', async () => {
    const student = await open();
    expect(addMissingPieces(student, ['a b', 'c']).student).toBe(student);
    // The space at the beginning is no character that could be added.
    const { added, lostBefore, lostAfter } = addMissingPieces(await open(), [' a', 'b']);
    expect([added, lostBefore, lostAfter]).toEqual([[], 1, 1]);
  });

  it('refuses a tokenizer that is no Unigram model, and one that knows nothing of the texts', async () => {
    const student = await open();
    const files = { ...student.tokenizerFiles, 'tokenizer.json': '{"model":{"type":"BPE","vocab":{}}}' };
    expect(() => addMissingPieces({ ...student, tokenizerFiles: files }, ['{'])).toThrow('BPE');
    const script = Array.from({ length: 5000 }, (_, index) => String.fromCodePoint(0x4e00 + index)).join('');
    expect(() => addMissingPieces(student, [script])).toThrow('lacks 5,000 characters');
  });
});

const shared = '../shared/data/t5-tokenizer';
const present = existsSync(shared);
if (!present) console.info(`skipped: ${shared} is not here, so that T5's own tokenizer was not extended`);

describe.skipIf(!present)('T5’s own tokenizer', () => {
  it('learns braces, signs and line breaks', async () => {
    const read = (name: string) => readFileSync(`${shared}/${name}`, 'utf8');
    const texts = { tokenizer: read('tokenizer.json'), config: read('tokenizer_config.json') };
    const tiny = await open({ vocab_size: 32_128 });
    const student: Student = {
      ...tiny,
      tokenizer: parseTokenizer(texts, { endId: 1 }),
      tokenizerFiles: { 'tokenizer.json': texts.tokenizer, 'tokenizer_config.json': texts.config },
    };
    const lost = ['{"a": 1}', 'if x < 3 ~ y:\n    return {x}', 'tromsø', 'x  y', '`code` \\ ^'];
    const { student: extended, lostBefore, lostAfter } = addMissingPieces(student, lost);
    expect([lostBefore, lostAfter]).toEqual([5, 0]);
    expect(extended.config.vocab_size).toBe(32_128);
  });
});
