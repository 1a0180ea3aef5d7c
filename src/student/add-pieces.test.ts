import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { addMissingPieces } from './add-pieces.ts';
import { readStudentFolder, type Student } from './folder.ts';
import { filesInMemory } from './student-files.ts';
import { endTemplate } from './end-template.ts';
import type { TokenizerJson } from './reduce/tokenizer-json.ts';
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

  it('gives a piece without neighbours of its own the mean of all rows that were there', async () => {
    const student = await open();
    // The line break has the end token behind it, which says nothing, and a new piece before it.
    const { student: extended, added } = addMissingPieces(student, ['{\n']);
    expect(added.map(({ piece, id }) => [piece, id])).toEqual([
      ['{', 30],
      ['\n', 31],
    ]);
    const width = student.config.d_model;
    const column = (values: Float32Array, row: number, at: number) => values[row * width + at]!;
    for (const name of ['shared.weight', 'lm_head.weight']) {
      const before = student.weights.get(name)!;
      const after = extended.weights.get(name)!;
      for (let at = 0; at < width; at += 1) {
        let sum = 0;
        for (let row = 0; row < 30; row += 1) sum += column(before, row, at);
        expect(column(after, 31, at)).toBe(Math.fround(sum / 30));
        // The sign for a space, before the brace.
        expect(column(after, 30, at)).toBe(column(before, 3, at));
      }
    }
    const others = [...student.weights].filter(([name]) => !/shared|lm_head/.test(name));
    for (const [name, values] of others) expect(extended.weights.get(name)).toBe(values);
  });

  it('writes pieces with the lowest score of those that are there, and keeps the score of the unknown', async () => {
    const { student: extended } = addMissingPieces(await open(), ['{']);
    const { model } = JSON.parse(extended.tokenizerFiles['tokenizer.json']!) as TokenizerJson;
    expect(model.vocab).toHaveLength(31);
    expect(model.vocab.at(-1)).toEqual(['{', -3]);
    expect(model.unk_id).toBe(2);
  });

  describe('puts the sign for a space before the first word alone, where new tokens stand among words', () => {
    const metaspace = { type: 'Metaspace', replacement: '▁', split: true };
    const always = { ...metaspace, prepend_scheme: 'always' };
    const first = { ...metaspace, prepend_scheme: 'first' };
    const words = { type: 'WhitespaceSplit' };
    it.each([
      ['one that always does', always, first],
      ['one that does not say when', metaspace, first],
      [
        'one among others',
        { type: 'Sequence', pretokenizers: [words, always] },
        { type: 'Sequence', pretokenizers: [words, first] },
      ],
      ['one that does so already', first, first],
    ])('%s', async (_, before, after) => {
      const student = await open({}, { pre_tokenizer: before });
      const { student: extended, lostAfter } = addMissingPieces(student, ['x\ny']);
      const json = JSON.parse(extended.tokenizerFiles['tokenizer.json']!) as Record<string, unknown>;
      expect(json['pre_tokenizer']).toEqual(after);
      expect(lostAfter).toBe(0);
    });

    it('and not where none does', async () => {
      const student = await open();
      const { student: extended } = addMissingPieces(student, ['{']);
      const json = JSON.parse(extended.tokenizerFiles['tokenizer.json']!) as Record<string, unknown>;
      expect(json['pre_tokenizer']).toEqual({ ...always });
    });
  });

  it('refuses what would have another text read in another way, and says which', async () => {
    // Behind its own token a word is read with the sign for a space, which new tokens would take from it.
    const tokenizer = tinyTokenizer();
    const [pad, end, unknown] = tokenizer['added_tokens'] as object[];
    const model = tokenizer['model'] as TokenizerJson['model'];
    const own = { ...pad, id: 31, content: '[SEP]', special: false };
    const student = await open(
      {},
      {
        added_tokens: [pad, end, unknown, own],
        model: { ...model, vocab: [...model.vocab, ['▁a', -1]] },
        post_processor: endTemplate(1),
      },
    );
    const refused = (text: string) => () => addMissingPieces(student, ['x\ny'], [text]);
    // As many pieces as before, of which one is another.
    expect(student.tokenizer.encode('[SEP]a')).toHaveLength(3);
    expect(refused('[SEP]a')).toThrow('would read this text in another way: "[SEP]a".');
    const long = `[SEP]${'b'.repeat(55)}`;
    expect(refused(long)).toThrow(`in another way: "${long}".`);
    expect(refused(`${long}c`)).toThrow(`in another way: "${long}…".`);
    expect(addMissingPieces(student, ['x\ny'], ['a b', 'b\nc']).lostAfter).toBe(0);
  });

  it('adds as many as 4,096, and no more', async () => {
    const student = await open();
    const script = (count: number): string[] =>
      Array.from({ length: count }, (_, index) => String.fromCodePoint(0x4e00 + index));
    expect(addMissingPieces(student, script(4096)).added).toHaveLength(4096);
    expect(() => addMissingPieces(student, script(4097))).toThrow('lacks 4,097 characters');
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
