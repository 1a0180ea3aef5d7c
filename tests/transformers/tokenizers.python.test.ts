/** Ids and texts of Hugging Face's tokenizers on variants of T5's tokenizer.json, and on real texts. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseTokenizer, type Tokenizer } from '../../src/student/tokenizer.ts';

const python = process.env['STILLROOM_PYTHON_SERVER'];
const shared = resolve(import.meta.dirname, '../../../shared');
const maker = join(shared, 'cases/tokenizers/make.py');
const present = existsSync(maker);
if (!present) console.info(`skipped: ${maker} is not here, so that no variants of T5's tokenizer were made`);

/** Those whose rules the library does not have: they are also asked for 2,000 real texts. */
const corrected = ['plain', 'byte-fallback', 'nmt-nfkc', 'lower-strip'];

describe.skipIf(python === undefined || !present)('variants of T5’s tokenizer', () => {
  const folder = mkdtempSync(join(tmpdir(), 'stillroom-tokenizers-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const run = (...args: string[]): void => {
    const { status, stderr } = spawnSync(python!, args, { encoding: 'utf8' });
    if (status !== 0) throw new Error(stderr);
  };
  const opened = new Map<string, Tokenizer>();
  const open = (name: string): Tokenizer => {
    const known = opened.get(name);
    if (known !== undefined) return known;
    const tokenizer = readFileSync(join(folder, `${name}.json`), 'utf8');
    const endId = name === 'codet5-bpe' ? 2 : 1;
    const made = parseTokenizer({ tokenizer, config: null }, { endId });
    opened.set(name, made);
    return made;
  };
  beforeAll(() => run(maker, folder));

  it('have the same ids and texts: 11 variants, 27 texts each', () => {
    const expected = JSON.parse(readFileSync(join(folder, 'expected.json'), 'utf8')) as Record<
      string,
      { text: string; ids: number[]; decoded: string }[]
    >;
    expect(Object.keys(expected)).toHaveLength(11);
    for (const [name, rows] of Object.entries(expected)) {
      expect(rows).toHaveLength(27);
      const tokenizer = open(name);
      for (const { text, ids, decoded } of rows) {
        const what = `${name}: ${JSON.stringify(text)}`;
        // A file's own limit is for whoever reads it without one: a recipe has its own.
        const cut =
          name === 'truncation-padding' ? [...tokenizer.encode(text, 8)] : [...tokenizer.encode(text)];
        expect(cut, what).toEqual(ids);
        expect(tokenizer.decode(ids), what).toBe(decoded);
      }
    }
  });

  it('have the same on 2,000 real texts', () => {
    const lines = readFileSync(join(shared, 'data/cos_e/PaLM_CoT_train.json'), 'utf8').split('\n', 1000);
    const questions = readFileSync(join(shared, 'data/cos_e/cos_e_v1.11_train.jsonl'), 'utf8').split(
      '\n',
      1000,
    );
    const texts = [
      ...lines.map((line) => (JSON.parse(line) as { rationale: string }).rationale),
      ...questions.map((line) => (JSON.parse(line) as { question: string }).question),
    ];
    expect(texts).toHaveLength(2000);
    const file = join(folder, 'texts.json');
    const result = join(folder, 'result.json');
    writeFileSync(file, JSON.stringify(texts));
    const files = corrected.map((name) => join(folder, `${name}.json`));
    run(join(import.meta.dirname, 'encode.py'), file, result, ...files);
    const told = JSON.parse(readFileSync(result, 'utf8')) as Record<string, [number[], string][]>;
    corrected.forEach((name, index) => {
      const tokenizer = open(name);
      const own = texts.map((text): [number[], string] => {
        const ids = [...tokenizer.encode(text)];
        return [ids, tokenizer.decode(ids)];
      });
      const differ = own.findIndex(
        (row, at) => JSON.stringify(row) !== JSON.stringify(told[files[index]!]![at]),
      );
      expect(differ === -1 ? null : `${name}: ${texts[differ]!}`).toBeNull();
    });
  });
});
