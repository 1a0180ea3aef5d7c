import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InputError } from '../../base/errors.ts';
import { readStudentFolder, type Student } from '../folder.ts';
import { expectedParameters, sizeOf } from '../parameters.ts';
import { filesInMemory } from '../student-files.ts';
import { jsonBytes, tinyFolder, tinyTokenizer } from '../testing/tiny-student.ts';
import { reduceVocabulary, type ReducedVocabulary } from './vocabulary.ts';

type Piece = [piece: string, score: number];

const special: Piece[] = ['<pad>', '</s>', '<unk>'].map((piece) => [piece, 0]);
const sentinels = ['<extra_id_1>', '<extra_id_0>'];

/** A tiny student with these pieces behind the special ones, two sentinels, and two rows without a piece. */
async function studentWith(
  pieces: readonly Piece[],
  {
    config = {},
    tokenizer = {},
    files = {},
  }: { config?: object; tokenizer?: object; files?: Record<string, unknown> } = {},
): Promise<Student> {
  const vocab: Piece[] = [...special, ...pieces, ...sentinels.map((piece): Piece => [piece, 0])];
  const json = tinyTokenizer();
  const added = [0, 1, 2, vocab.length - 2, vocab.length - 1].map((id) => ({
    id,
    content: vocab[id]![0],
    single_word: false,
    lstrip: false,
    rstrip: false,
    normalized: false,
    special: true,
  }));
  const folder = tinyFolder({ vocab_size: vocab.length + 2, ...config });
  const model = { type: 'Unigram', unk_id: 2, vocab, byte_fallback: false };
  folder.set('tokenizer.json', jsonBytes({ ...json, added_tokens: added, model, ...tokenizer }));
  for (const [name, value] of Object.entries(files)) folder.set(name, jsonBytes(value));
  return readStudentFolder(filesInMemory(folder), 'tiny');
}

const letters: Piece[] = ['▁', 'a', 'b', 'c'].map((piece, index) => [piece, -2 - index]);
const words: Piece[] = [
  ['▁a', -1],
  ['ab', -1.5],
  ['▁ab', -6],
  ['bc', -4.5],
  ['cab', -8],
];
const typical: Piece[] = [...letters, ...words];

function pieces({ student }: ReducedVocabulary): (string | null)[] {
  return Array.from({ length: student.config.vocab_size }, (_, id) => student.tokenizer.piece(id));
}

const json = (student: Student, file: string) =>
  JSON.parse(student.tokenizerFiles[file]!) as Record<string, unknown>;

describe('reduceVocabulary', () => {
  it('keeps what texts use, special pieces, single characters and the lowest score, in order', async () => {
    const reduced = reduceVocabulary(await studentWith(typical), { keepTexts: ['bc', 'bc'], size: null });
    // "▁bc" is "▁" and "bc"; "cab" has the lowest score.
    expect(pieces(reduced)).toEqual(['<pad>', '</s>', '<unk>', '▁', 'a', 'b', 'c', 'bc', 'cab']);
    expect([...reduced.idMap]).toEqual([0, 1, 2, 3, 4, 5, 6, -1, -1, -1, 7, 8, -1, -1, -1, -1]);
    expect(reduced.report).toMatchObject({ before: 16, after: 9, texts: 1, used: 3, required: 9 });
    expect(reduced.student.notes.join(' ')).toMatch(/from 16 to 9 pieces.* sentinels <extra_id_…> \(2\)/);
  });

  it('fills up with the most frequent pieces', async () => {
    const student = await studentWith(typical);
    const reduced = reduceVocabulary(student, { keepTexts: [], size: 10 });
    expect(pieces(reduced)).toEqual(['<pad>', '</s>', '<unk>', '▁', 'a', 'b', 'c', '▁a', 'ab', 'cab']);
    expect(reduced.report).toMatchObject({ required: 8, after: 10, notes: [expect.anything()] });
    const all = reduceVocabulary(student, { keepTexts: [], size: 1000 });
    expect(all.report.after).toBe(12);
    expect(all.report.notes.join(' ')).toContain('there are only 12');
  });

  it('keeps more than was asked for where it must, and says so', async () => {
    const { report } = reduceVocabulary(await studentWith(typical), { keepTexts: ['bc'], size: 5 });
    expect(report.after).toBe(9);
    expect(report.notes[0]).toMatch(/^5 pieces were asked for, but 9 must be kept/);
  });

  it('drops the rarest of the used pieces only where that is asked for', async () => {
    // No piece is "d" alone, so that "▁d" must stay; "▁a" and "ab" have better scores than "bc", but no use.
    const student = await studentWith([...typical, ['▁d', -7]]);
    const keepTexts = ['bc bc', 'd'];
    const reduced = reduceVocabulary(student, { keepTexts, size: 10, dropRare: true });
    expect(pieces(reduced)).toEqual(['<pad>', '</s>', '<unk>', '▁', 'a', 'b', 'c', 'bc', 'cab', '▁d']);
    expect(reduced.report).toMatchObject({ required: 9, droppedUsed: 0 });
    const less = reduceVocabulary(student, { keepTexts, size: 9, dropRare: true });
    expect(pieces(less)).not.toContain('bc');
    // Of 4 + 1 pieces and 2 ends, "bc" twice.
    expect(less.report).toMatchObject({ droppedUsed: 1, droppedShare: 2 / 7 });
    expect(less.report.notes.join(' ')).toMatch(
      /^Dropped although the texts use them: 1 of their pieces, 28\.57 %/,
    );
    expect(less.student.tokenizer.decode(less.student.tokenizer.encode('bc bc'))).toBe('bc bc');
  });

  it.each([false, true])('keeps the rows of kept pieces, bit for bit (tied: %s)', async (tied) => {
    const student = await studentWith(typical, { config: { tie_word_embeddings: tied } });
    const { student: reduced, idMap } = reduceVocabulary(student, { keepTexts: ['cab'], size: 10 });
    for (const { name, shape } of expectedParameters(reduced.config))
      expect(reduced.weights.get(name)).toHaveLength(sizeOf(shape));
    expect(reduced.weights.size).toBe(student.weights.size);
    for (const [name, values] of student.weights) {
      if (name !== 'shared.weight' && name !== 'lm_head.weight') {
        expect(reduced.weights.get(name)).toBe(values);
        continue;
      }
      idMap.forEach((id, old) => {
        if (id === -1) return;
        const row = reduced.weights.get(name)!.subarray(id * 8, id * 8 + 8);
        expect(row).toEqual(values.subarray(old * 8, old * 8 + 8));
      });
    }
  });

  it('renumbers ids wherever they stand', async () => {
    // The special pieces come last here.
    const vocab: Piece[] = [...letters, ...words, ...special];
    const added = special.map(([content], index) => ({ id: 9 + index, content, special: true }));
    const folder = tinyFolder({
      vocab_size: 12,
      pad_token_id: 9,
      eos_token_id: 10,
      decoder_start_token_id: 9,
      bos_token_id: 7,
      suppress_tokens: [8, 11],
    });
    const template = { id: '</s>', ids: [10], tokens: ['</s>'] };
    folder.set(
      'tokenizer.json',
      jsonBytes({
        ...tinyTokenizer(),
        added_tokens: added,
        padding: { pad_id: 9, pad_token: '<pad>' },
        post_processor: {
          type: 'Sequence',
          processors: [
            {
              type: 'TemplateProcessing',
              single: [{ Sequence: { id: 'A', type_id: 0 } }, { SpecialToken: { id: '</s>', type_id: 0 } }],
              pair: [],
              special_tokens: { '</s>': template },
            },
          ],
        },
        model: { type: 'Unigram', unk_id: 11, vocab },
      }),
    );
    const decoder = Object.fromEntries(added.map(({ id, content }) => [id, { content }]));
    folder.set(
      'tokenizer_config.json',
      new TextEncoder().encode(
        `{"added_tokens_decoder":${JSON.stringify(decoder)},"model_max_length":1000000000000000019884624838656}`,
      ),
    );
    folder.set('added_tokens.json', jsonBytes({ '</s>': 10 }));
    const generation =
      '{"eos_token_id": [10, 7], "repetition_penalty": 2.0, "bad_words_ids": [[8], [0, 11]]}';
    folder.set('generation_config.json', new TextEncoder().encode(generation));
    const student = await readStudentFolder(filesInMemory(folder), 'tiny');
    const reduced = reduceVocabulary(student, { keepTexts: [], size: null });
    // "▁ab" and "cab" stay because the configurations mention them, and "cab" for its score; "▁a" and "ab" go.
    const { student: after } = reduced;
    expect(pieces(reduced)).toEqual(['▁', 'a', 'b', 'c', 'bc', 'cab', '<pad>', '</s>', '<unk>']);
    expect(after.config).toMatchObject({
      vocab_size: 9,
      pad_token_id: 6,
      eos_token_id: 7,
      decoder_start_token_id: 6,
    });
    expect(after.rawConfig).toMatchObject({ bos_token_id: 4, suppress_tokens: [5, 8], vocab_size: 9 });
    expect(after.generationConfigText).toBe(
      '{"eos_token_id": [7, 4], "repetition_penalty": 2.0, "bad_words_ids": [[5], [0, 8]]}',
    );
    expect(after.generationConfig).toMatchObject({ eos_token_id: [7, 4] });
    expect(json(after, 'tokenizer.json')).toMatchObject({
      padding: { pad_id: 6 },
      post_processor: { processors: [{ special_tokens: { '</s>': { ids: [7] } } }] },
      model: { unk_id: 8 },
    });
    expect(json(after, 'added_tokens.json')).toEqual({ '</s>': 7 });
    expect(Object.keys(json(after, 'tokenizer_config.json')['added_tokens_decoder'] as object)).toEqual([
      '6',
      '7',
      '8',
    ]);
    expect(after.tokenizerFiles['tokenizer_config.json']).toContain('1000000000000000019884624838656');
    expect([...after.tokenizer.encode('cab')]).toEqual([0, 5, 7]);
  });

  it('drops sentinels from every file, or keeps them all, or those that a text has', async () => {
    const student = await studentWith(typical, {
      files: {
        'tokenizer_config.json': { extra_ids: 2, additional_special_tokens: sentinels },
        'special_tokens_map.json': {
          eos_token: '</s>',
          additional_special_tokens: [...sentinels, '<mine>'].map((content) => ({ content })),
        },
      },
    });
    const contents = (option: { keepExtraIds?: boolean; keepTexts: string[] }): unknown[] => {
      const { student: reduced } = reduceVocabulary(student, { size: null, ...option });
      const config = json(reduced, 'tokenizer_config.json');
      const map = json(reduced, 'special_tokens_map.json')['additional_special_tokens'];
      return [config['extra_ids'], config['additional_special_tokens'], (map as unknown[]).length];
    };
    expect(contents({ keepTexts: [] })).toEqual([0, [], 1]);
    expect(contents({ keepTexts: [], keepExtraIds: true })).toEqual([2, sentinels, 3]);
    expect(contents({ keepTexts: ['a <extra_id_0>'] })).toEqual([1, ['<extra_id_0>'], 2]);
  });

  it('writes extra_ids where there was no tokenizer_config.json', async () => {
    const folder = tinyFolder();
    const base = await studentWith(typical);
    folder.set('tokenizer.json', new TextEncoder().encode(base.tokenizerFiles['tokenizer.json']));
    folder.delete('tokenizer_config.json');
    const student = await readStudentFolder(filesInMemory(folder), 'tiny');
    const { student: reduced } = reduceVocabulary(student, { keepTexts: [], size: null });
    expect(json(reduced, 'tokenizer_config.json')).toEqual({ extra_ids: 0 });
  });

  it('keeps bytes where unknown characters fall back to them', async () => {
    const bytes: Piece[] = [
      ['<0x41>', -9],
      ['<0xFF>', -9],
    ];
    const student = await studentWith([...typical, ...bytes]);
    const dropping = reduceVocabulary(student, { keepTexts: [], size: null });
    expect(pieces(dropping)).not.toContain('<0xFF>');
    const vocab = json(student, 'tokenizer.json')['model'] as object;
    const falling = await studentWith([...typical, ...bytes], {
      tokenizer: { model: { ...vocab, byte_fallback: true } },
    });
    const kept = pieces(reduceVocabulary(falling, { keepTexts: [], size: null }));
    expect(kept).toEqual(expect.arrayContaining(['<0x41>', '<0xFF>']));
  });

  const scoreless = { normalizer: null };
  it.each([
    [
      'no unknown piece',
      { tokenizer: { model: { type: 'Unigram', unk_id: null, vocab: special } } },
      /unk_id/,
    ],
    ['no piece for padding', { config: { pad_token_id: 15 } }, /padding \(pad_token_id\): id 15 has none/],
    ['no piece to start with', { config: { decoder_start_token_id: 15 } }, /decoder_start_token_id/],
    ['no piece for the end', { config: { eos_token_id: 14 } }, /the end \(eos_token_id\): id 14/],
  ])('refuses a student with %s', async (_, options, message) => {
    const student = await studentWith(typical, { ...options, ...scoreless });
    const act = () => reduceVocabulary(student, { keepTexts: [], size: null });
    expect(act).toThrow(InputError);
    expect(act).toThrow(message);
  });

  it.each([0, -1, 1.5, NaN])('refuses a size of %s', async (size) => {
    const student = await studentWith(typical);
    expect(() => reduceVocabulary(student, { keepTexts: [], size })).toThrow(InputError);
  });

  it('refuses a tokenizer of another kind', async () => {
    const student = await studentWith(typical);
    const bpe = JSON.stringify({ added_tokens: [], model: { type: 'BPE', vocab: {}, merges: [] } });
    const other = { ...student, tokenizerFiles: { 'tokenizer.json': bpe } };
    const act = () => reduceVocabulary(other, { keepTexts: [], size: null });
    expect(act).toThrow(InputError);
    expect(act).toThrow(/BPE model/);
  });
});

describe('segmentation', () => {
  // Scores of a few values, so that different paths often tie; d and e may not be pieces.
  const score = fc.constantFrom(-1, -2, -2.5, -3, -4, -8, -12, -20, -60);
  const piece = fc.string({
    unit: fc.constantFrom('▁', 'a', 'b', 'c', 'd', 'e'),
    minLength: 1,
    maxLength: 4,
  });
  const vocabulary = fc
    .uniqueArray(fc.tuple(piece, score), { selector: ([text]) => text, minLength: 1, maxLength: 24 })
    .map((found) => found.map(([text, value]): Piece => [text, value]));
  const text = fc.string({ unit: fc.constantFrom(' ', 'a', 'b', 'c', 'd', 'e', 'é'), maxLength: 12 });

  it('does not come to prefer unknown characters where the lowest score is never used', async () => {
    const found: Piece[] = [
      ['▁', -1],
      ['a', -1],
      ['bc', -1],
      ['adb', -20],
      ['c', -20],
      ['xyz', -60],
    ];
    // "adb", "c" costs 40. "a", unknown "d", "bc" costs 2 + 70, but would cost 2 + 30 if "xyz" went.
    const student = await studentWith(found);
    const reduced = reduceVocabulary(student, { keepTexts: [], size: null, dropRare: true });
    const kept = reduceVocabulary(student, { keepTexts: ['adbc', 'bc'], size: null });
    expect(pieces(reduced)).toContain('xyz');
    expect([...kept.student.tokenizer.encode('adbc')]).toEqual(
      ['▁', 'adb', 'c', '</s>'].map((piece) => pieces(kept).indexOf(piece)),
    );
  });

  it('does not bring a hidden piece to light', async () => {
    // A text becomes the second "ab"; the first, with the lowest score, must not stay without it.
    const student = await studentWith([...letters, ['ab', -60], ['ab', -1]]);
    const { idMap } = reduceVocabulary(student, { keepTexts: [], size: null });
    expect([idMap[7], idMap[8]]).toEqual([7, 8]);
  });

  it('stays as it was for every text whose pieces were kept', async () => {
    let compared = 0;
    await fc.assert(
      fc.asyncProperty(
        vocabulary,
        fc.array(text, { maxLength: 3 }),
        fc.array(text, { minLength: 20, maxLength: 20 }),
        fc.option(fc.integer({ min: 1, max: 20 })),
        fc.boolean(),
        async (found, keepTexts, others, size, dropRare) => {
          const student = await studentWith(found);
          const { student: reduced, idMap } = reduceVocabulary(student, { keepTexts, size, dropRare });
          for (const other of [...keepTexts, ...others]) {
            const ids = [...student.tokenizer.encode(other)];
            const mapped = ids.map((id) => idMap[id]!);
            if (mapped.includes(-1)) continue;
            compared += 1;
            expect([...reduced.tokenizer.encode(other)]).toEqual(mapped);
            expect(reduced.tokenizer.decode(mapped)).toBe(student.tokenizer.decode(ids));
          }
        },
      ),
      { numRuns: 150 },
    );
    expect(compared).toBeGreaterThan(1000);
  });
});
