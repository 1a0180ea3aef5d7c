import { existsSync, readFileSync } from 'node:fs';
import { Tokenizer as HuggingFaceTokenizer } from '@huggingface/tokenizers';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InputError } from '../base/errors.ts';
import { parseTokenizer, Tokenizer } from './tokenizer.ts';
import { makeExact } from './tokenizer-exact.ts';

const shared = '../shared';
const t5Folder = `${shared}/data/t5-tokenizer`;

interface Case {
  name: string;
  text: string;
  ids: number[];
  decoded: string;
  decodedRaw: string;
  maxLength?: number;
}

function readJson(path: string): unknown {
  return JSON.parse(readFileSync(path, 'utf8'));
}

interface TokenizerJson {
  normalizer: unknown;
  pre_tokenizer: unknown;
}

describe.skipIf(!existsSync(t5Folder))('the T5 tokenizer (skipped where ../shared is absent)', () => {
  const json = existsSync(t5Folder) ? (readJson(`${t5Folder}/tokenizer.json`) as TokenizerJson) : null;
  const config = existsSync(t5Folder)
    ? (readJson(`${t5Folder}/tokenizer_config.json`) as Record<string, unknown>)
    : {};
  const tokenizer = json && new Tokenizer(json, config, { endId: 1 });
  const raw = json && new Tokenizer(json, { ...config, clean_up_tokenization_spaces: false }, { endId: 1 });

  it('gives the ids and texts of every golden case', () => {
    const cases = readJson(`${shared}/golden/tokenizer.json`) as Case[];
    expect(cases).toHaveLength(102);
    for (const { name, text, ids, decoded, decodedRaw, maxLength } of cases) {
      const actual = tokenizer!.encode(text, maxLength);
      expect({ name, ids: [...actual] }).toEqual({ name, ids });
      expect({ name, text: tokenizer!.decode(ids) }).toEqual({ name, text: decoded });
      expect({ name, text: raw!.decode(ids) }).toEqual({ name, text: decodedRaw });
    }
  });

  it('obeys files of the other conventions', () => {
    const table = readJson(`${shared}/golden/tokenizer-conventions.json`) as {
      collapse: unknown;
      conventions: Record<string, { normalizer: string; pre_tokenizer: unknown }>;
      cases: { convention: string; name: string; text: string; ids: number[] }[];
    };
    const precompiled = (json!.normalizer as { normalizers: unknown[] }).normalizers[0];
    const made = new Map(
      Object.entries(table.conventions).map(([name, { normalizer, pre_tokenizer }]) => {
        const normalizers = normalizer === 'precompiled' ? [precompiled] : [precompiled, table.collapse];
        const file = { ...json!, normalizer: { type: 'Sequence', normalizers }, pre_tokenizer };
        return [name, new Tokenizer(file, config, { endId: 1 })];
      }),
    );
    expect(table.cases.length).toBeGreaterThan(30);
    for (const { convention, name, text, ids } of table.cases) {
      expect({ convention, name, ids: [...made.get(convention)!.encode(text)] }).toEqual({
        convention,
        name,
        ids,
      });
    }
  });

  it('remembers words without changing any result', () => {
    const plain = new HuggingFaceTokenizer(json!, config);
    makeExact(plain);
    const word = fc.constantFrom(
      'the',
      'answer',
      '▁',
      ' ',
      '  ',
      'zürich',
      '中文',
      '</s>',
      '<unk>',
      '\n',
      '.',
      "n't",
      'aa',
      '😂',
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(word, fc.string({ unit: 'grapheme' })), { maxLength: 12 }), (words) => {
        const text = words.join('');
        expect([...tokenizer!.encode(text)]).toEqual(plain.encode(text).ids);
      }),
      { numRuns: 300 },
    );
  });

  it('decodes ids without a piece to nothing', () => {
    expect(tokenizer!.decode([32100, 32127, 8, 999999, 1])).toBe('the');
    expect(tokenizer!.decode([32120])).toBe('');
    expect(tokenizer!.decode([])).toBe('');
    expect(tokenizer!.piece(32120)).toBeNull();
    expect(tokenizer!.vocabularySize).toBe(32100);
  });
});

describe('the bundled tokenizer', () => {
  const folder = 'public/students/nano';
  const text = (file: string) => readFileSync(`${folder}/${file}`, 'utf8');
  const tokenizer = parseTokenizer(
    { tokenizer: text('tokenizer.json'), config: text('tokenizer_config.json') },
    { endId: 1 },
  );

  const withoutCleanUp = {
    ...(JSON.parse(text('tokenizer_config.json')) as object),
    clean_up_tokenization_spaces: false,
  };
  const raw = parseTokenizer(
    { tokenizer: text('tokenizer.json'), config: JSON.stringify(withoutCleanUp) },
    { endId: 1 },
  );

  // Made by scripts/make_tokenizer_fixture.py with Python's tokenizers.
  const cases = readJson('tests/fixtures/tokenizer/cases.json') as Case[];
  it.each(cases)('agrees with Python: $name', ({ text, ids, decoded, decodedRaw, maxLength }) => {
    expect([...tokenizer.encode(text, maxLength)]).toEqual(ids);
    expect(tokenizer.decode(ids)).toBe(decoded);
    expect(raw.decode(ids)).toBe(decodedRaw);
  });

  it('always ends with the end token and keeps to the limit', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.integer({ min: 1, max: 12 }), (text, most) => {
        const whole = tokenizer.encode(text);
        const cut = tokenizer.encode(text, most);
        expect(cut.at(-1)).toBe(1);
        expect(cut.length).toBe(Math.min(most, whole.length));
        expect(cut.slice(0, -1)).toEqual(whole.slice(0, cut.length - 1));
      }),
    );
  });

  it('appends the end token where the file does not', () => {
    const json = JSON.parse(text('tokenizer.json')) as object;
    const other = new Tokenizer({ ...json, post_processor: null }, {}, { endId: 1 });
    expect(other.appendsEnd).toBe(false);
    expect(other.encode('a b')).toEqual(tokenizer.encode('a b'));
  });

  it.each([
    ['no JSON', '{', /valid JSON/],
    ['no object', '[]', /not a JSON object/],
    ['no tokenizer', '{"a":1}', /could not be made/],
    [
      'an unknown model',
      '{"model":{"type":"X"},"decoder":null,"post_processor":null,"pre_tokenizer":null,"normalizer":null,"added_tokens":[]}',
      /could not be made/,
    ],
  ])('refuses %s in words', (_, broken, message) => {
    const act = () => parseTokenizer({ tokenizer: broken, config: null }, { endId: 1 });
    expect(act).toThrow(InputError);
    expect(act).toThrow(message);
  });
});

describe('a long text', () => {
  const json = readJson('public/students/nano/tokenizer.json') as TokenizerJson;
  const plain = new HuggingFaceTokenizer(json, {});
  makeExact(plain);
  const tokenizer = new Tokenizer(json, {}, { endId: 1 });

  it('is cut before it is tokenised, and its first tokens stay the same', () => {
    const word = fc.constantFrom(
      'the',
      'answer',
      ' ',
      '\n',
      ' '.repeat(5000),
      'zürich',
      '中文',
      '😂',
      'aaaa',
      '.',
      '</s>',
    );
    fc.assert(
      fc.property(fc.array(word, { minLength: 10, maxLength: 40 }), fc.nat(300), (words, maxTokens) => {
        const text = words.join(' ').repeat(60);
        const whole = [...tokenizer.encode(text)];
        expect(whole).toEqual(plain.encode(text).ids);
        const most = Math.max(1, maxTokens);
        const expected = whole.length <= most ? whole : [...whole.slice(0, most - 1), 1];
        expect([...tokenizer.encode(text, most)]).toEqual(expected);
      }),
      { numRuns: 20 },
    );
  });

  it('of letters that no piece has, of which all are one token, takes no search', () => {
    const file = 'public/students/nano/tokenizer.json';
    const json = readJson(file) as Record<string, unknown>;
    const plain = new HuggingFaceTokenizer(json, {});
    makeExact(plain);
    const own = parseTokenizer({ tokenizer: readFileSync(file, 'utf8'), config: null }, { endId: 1 });
    const mixed = `a${'水'.repeat(300)}b${'\u0301'.repeat(300)}cd水`;
    expect(mixed.length).toBeGreaterThan(200);
    expect([...own.encode(mixed)]).toEqual(plain.encode(mixed).ids);

    const before = process.cpuUsage();
    expect([...own.encode('水'.repeat(50_000), 64)]).toHaveLength(3);
    const { user, system } = process.cpuUsage(before);
    expect((user + system) / 1000).toBeLessThan(4000);
  });

  it('of one endless word takes as long as its first tokens, and memory for a part of it at a time', () => {
    const word = 'heron'.repeat(2_000_000);
    const ids = tokenizer.encode(word, 200);
    expect(ids.length).toBe(200);
    expect([...ids.subarray(0, 199)]).toEqual([...tokenizer.encode(word.slice(0, 9000)).subarray(0, 199)]);
    // No letter of two halves is cut: all of them are the same unknown piece or bytes.
    const faces = tokenizer.encode('😂'.repeat(12_001));
    expect(new Set(faces).size).toBeLessThanOrEqual(new Set(tokenizer.encode('😂😂')).size);
  });
});

it('a token whose id is a list 100,000 deep is refused in words', () => {
  const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
  const tokenizer = `{"model":{},"added_tokens":[{"id":${deep},"content":"a"}]}`;
  expect(() => parseTokenizer({ tokenizer, config: null }, { endId: 1 })).toThrow(/has the id a list;/);
});
