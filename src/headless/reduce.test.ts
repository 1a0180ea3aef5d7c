import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { InputError } from '../base/errors.ts';
import type { Example } from '../data/example.ts';
import { joinTeacher } from '../data/join.ts';
import { asDataset, asRationales, readDataFile } from '../data/read-file.ts';
import { explainPrefix, predictPrefix } from '../distill/tasks.ts';
import { parseT5Config } from '../student/config.ts';
import { readStudentFolder, type Student } from '../student/folder.ts';
import { countParameters } from '../student/parameters.ts';
import { textsToKeep } from '../student/reduce/keep-texts.ts';
import { reduceVocabulary, type ReducedVocabulary } from '../student/reduce/vocabulary.ts';
import { openFolder } from './files.ts';
import { reduce } from './reduce.ts';

const prefixes = [predictPrefix, explainPrefix];

function readRows(file: string, rationales: string | null): Example[] {
  const dataset = asDataset(readDataFile(file, readFileSync(file, 'utf8')));
  const taught =
    rationales === null ? null : asRationales(readDataFile(rationales, readFileSync(rationales, 'utf8')));
  return joinTeacher(dataset, taught).examples;
}

/** Texts whose pieces were all kept, each the same in both vocabularies. */
function expectSamePieces(whole: Student, reduced: ReducedVocabulary, texts: Iterable<string>): number {
  let compared = 0;
  const different: string[] = [];
  for (const text of texts) {
    const ids = [...whole.tokenizer.encode(text)];
    const mapped = ids.map((id) => reduced.idMap[id]!);
    if (mapped.includes(-1)) continue;
    compared += 1;
    if (reduced.student.tokenizer.encode(text).join() !== mapped.join()) different.push(text);
  }
  expect(different).toEqual([]);
  return compared;
}

const data = '../shared/data';
const golden = '../shared/golden/cos-e-run/student';

describe.skipIf(!existsSync(golden) || !existsSync(data))(
  'T5’s own vocabulary (skipped where ../shared is absent)',
  { timeout: 120_000 },
  () => {
    let whole: Student;
    let cosE: Example[];
    let svamp: Example[];
    beforeAll(async () => {
      whole = await readStudentFolder(await openFolder(golden), 'golden');
      cosE = [
        ...readRows(`${data}/cos_e/cos_e_v1.11_train.jsonl`, `${data}/cos_e/PaLM_CoT_train.json`),
        ...readRows(`${data}/cos_e/cos_e_v1.11_validation.jsonl`, `${data}/cos_e/PaLM_CoT_test.json`),
      ];
      svamp = ['train', 'test'].flatMap((split) => readRows(`${data}/svamp/svamp_${split}.json`, null));
    });

    it('reads every text of CoS-E as before, with a third of the pieces', () => {
      // A prefix adds its own pieces and no others; all texts with both would take three times as long.
      const texts = new Set([...textsToKeep(cosE, []), ...textsToKeep(cosE.slice(0, 500), prefixes)]);
      const reduced = reduceVocabulary(whole, { keepTexts: texts, size: null });
      expect(expectSamePieces(whole, reduced, texts)).toBe(texts.size);
      reduced.idMap.forEach((id, old) => {
        if (id !== -1) expect(reduced.student.tokenizer.piece(id)).toBe(whole.tokenizer.piece(old));
      });
      // flan-t5-small: 76,961,152 parameters, of which 44,062,080 are no embeddings.
      const flan = { model_type: 't5', d_ff: 1024, num_layers: 8, num_heads: 6, tie_word_embeddings: false };
      const config = parseT5Config(
        JSON.stringify({ ...flan, feed_forward_proj: 'gated-gelu' }),
        'config.json',
      );
      expect(countParameters(config)).toBe(76_961_152);
      const after = countParameters({ ...config, vocab_size: reduced.report.after });
      console.log(
        `CoS-E: ${reduced.report.used} pieces used, ${reduced.report.after} kept; flan-t5-small 76,961,152 -> ${after}`,
      );
      expect(after).toBeLessThan(55_000_000);
      expect(reduced.report.droppedUsed).toBe(0);
      expect(
        countParameters({ ...config, vocab_size: reduced.report.after, num_decoder_layers: 6 }),
      ).toBeLessThan(50_000_000);
    });

    it('reads other texts as before too, where it kept their pieces', () => {
      const texts = new Set(textsToKeep(svamp, prefixes));
      const reduced = reduceVocabulary(whole, { keepTexts: texts, size: 6000 });
      expect(expectSamePieces(whole, reduced, texts)).toBe(texts.size);
      // Word by word, because few whole questions have only kept pieces.
      const words = new Set(cosE.slice(0, 2000).flatMap(({ input }) => input.split(/\s+/)));
      expect(expectSamePieces(whole, reduced, words)).toBeGreaterThan(words.size / 2);

      const kept = [...reduced.idMap.keys()].filter((id) => reduced.idMap[id] !== -1);
      const word = fc.constantFrom(...kept).map((id) => whole.tokenizer.piece(id)!.replaceAll('▁', ' '));
      const text = fc.array(fc.oneof(word, fc.string({ unit: 'grapheme', maxLength: 3 })), { maxLength: 8 });
      let compared = 0;
      fc.assert(
        fc.property(text, (parts) => {
          compared += expectSamePieces(whole, reduced, [parts.join('')]);
        }),
        { numRuns: 1500 },
      );
      expect(compared).toBeGreaterThan(300);
    });
  },
);

describe('headless reduce', () => {
  const folder = mkdtempSync(join(tmpdir(), 'reduce-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const student = 'public/students/nano';
  const train = 'public/sample/test.jsonl';
  const open = async (path: string) => readStudentFolder(await openFolder(path), path);

  async function printed(...args: string[]): Promise<string> {
    const log = vi.spyOn(console, 'log').mockImplementation(() => undefined);
    try {
      await reduce(args);
      return log.mock.calls.flat().join('\n');
    } finally {
      log.mockRestore();
    }
  }

  it('writes a student that loads, and says what it weighs', async () => {
    const out = join(folder, 'small');
    const text = await printed('--student', student, '--train', train, '--out', out, '--json');
    const result = JSON.parse(text) as {
      before: { parameters: number; vocabulary: number; downloadBytes: number; trainingBytes: number };
      after: { parameters: number; vocabulary: number; downloadBytes: number; trainingBytes: number };
    };
    const whole = await open(student);
    const small = await open(out);
    expect(small.storedDtype).toBe(whole.storedDtype);
    expect(result.before).toMatchObject({
      parameters: countParameters(whole.config),
      vocabulary: whole.config.vocab_size,
    });
    expect(result.after).toMatchObject({
      parameters: countParameters(small.config),
      vocabulary: small.config.vocab_size,
    });
    expect(small.config.vocab_size).toBeLessThan(whole.config.vocab_size);
    expect(result.after.trainingBytes).toBeLessThan(result.before.trainingBytes);
    const sizes = await openFolder(out);
    const onDisk = sizes.names().reduce((sum, name) => sum + sizes.sizeBytes!(name), 0);
    expect(result.after.downloadBytes).toBe(onDisk);
    for (const { input } of readRows(train, null).slice(0, 50)) {
      const ids = small.tokenizer.encode(input);
      expect(small.tokenizer.decode(ids)).toBe(whole.tokenizer.decode(whole.tokenizer.encode(input)));
    }
  });

  it('keeps layers by count or by number, without any data', async () => {
    const out = join(folder, 'flat');
    const whole = await open(student);
    const last = whole.config.num_decoder_layers - 1;
    const text = await printed(
      '--student',
      student,
      '--encoder-layers',
      '1',
      '--decoder-layers',
      `${last},`,
      '--precision',
      'bf16',
      '--out',
      out,
    );
    expect(text).toMatch(/parameters +[\d,]+ +[\d,]+\n/);
    expect(text).toContain(`decoder layers ${last} were kept`);
    const flat = await open(out);
    expect(flat.storedDtype).toBe('BF16');
    expect(flat.config).toMatchObject({ num_layers: 1, num_decoder_layers: 1 });
    expect(flat.config.vocab_size).toBe(whole.config.vocab_size);
  });

  it.each([
    ['no student', ['--out', 'x'], /--student DIR/],
    ['no folder to write to', ['--student', student], /--out DIR/],
    ['its own folder', ['--student', student, '--out', `${student}/`], /overwritten/],
    [
      'a vocabulary without texts',
      ['--student', student, '--vocabulary', '300', '--out', 'x'],
      /--train FILE/,
    ],
    ['rare pieces without a size', ['--student', student, '--drop-rare', '--out', 'x'], /--vocabulary N/],
    ['rationales alone', ['--student', student, '--test-rationales', 'r', '--out', 'x'], /no test file/],
    ['no layer', ['--student', student, '--encoder-layers', '0', '--out', 'x'], /No encoder layer/],
    [
      'an empty list',
      ['--student', student, '--decoder-layers', ',', '--out', 'x'],
      /neither a count nor a list/,
    ],
    ['layers in words', ['--student', student, '--encoder-layers', 'two', '--out', 'x'], /neither a count/],
    ['a strange precision', ['--student', student, '--precision', 'f8', '--out', 'x'], /--precision f8/],
  ])('refuses %s', async (_, args, message) => {
    const act = reduce(args);
    await expect(act).rejects.toThrow(InputError);
    await expect(act).rejects.toThrow(message);
  });
});
