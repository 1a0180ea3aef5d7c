/**
 * What the studio writes, read and answered by transformers, and what transformers writes, read and answered here: both
 * versions that are in use. `npm run test:python` names a Python for each.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { accuracyOf } from '../../src/distill/compare.ts';
import { formatRecipe, notebookRecipe } from '../../src/distill/recipe.ts';
import type { Prediction } from '../../src/distill/run-state.ts';
import { createWasmEngine } from '../../src/engine/wasm/wasm-engine.ts';
import type { Engine } from '../../src/engine/engine.ts';
import { cardFiles } from '../../src/export/model-card.ts';
import { modelFolder, type FolderFile } from '../../src/export/model-folder.ts';
import type { WrittenFloat } from '../../src/formats/safetensors-writer.ts';
import { openFolder } from '../../src/headless/files.ts';
import { addMissingPieces } from '../../src/student/add-pieces.ts';
import { readStudentFolder, type Student } from '../../src/student/folder.ts';
import { greedy, ownGeneration, type GenerationSettings } from '../../src/student/own-generation.ts';
import { filesInMemory } from '../../src/student/student-files.ts';
import { jsonBytes, tinyFolder } from '../../src/student/testing/tiny-student.ts';
import { expectNear } from '../support/closeness.ts';
import { numbers, wildStudent } from '../support/wild-student.ts';

const recipe = { ...notebookRecipe, generationMaxTokens: 12 };
const rowCount = 500;

/** Ids of `count` texts of 1 to 11 pieces, and the end token. */
function rows(count: number, seed: number): Int32Array[] {
  const next = numbers(seed);
  return Array.from({ length: count }, () =>
    Int32Array.from([...Array.from({ length: 1 + next(11) }, () => 3 + next(27)), 1]),
  );
}

function openEngine(student: Student): Promise<Engine> {
  const startThread = (): Promise<never> => Promise.reject(new Error('one thread is enough'));
  return createWasmEngine(student, { threads: 1, startThread, reason: 'a test' });
}

async function answersOf(
  student: Student,
  inputs: readonly Int32Array[],
  generation: GenerationSettings = greedy,
): Promise<number[][]> {
  const engine = await openEngine(student);
  const options = { ...generation, maxNewTokens: recipe.generationMaxTokens };
  const found: number[][] = [];
  for (let first = 0; first < inputs.length; first += 50) {
    const some = await engine.generate(inputs.slice(first, first + 50), options);
    found.push(...some.map(({ ids }) => [...ids]));
  }
  engine.dispose();
  return found;
}

const differing = (a: readonly number[][], b: readonly number[][]): number =>
  a.filter((ids, row) => ids.join() !== b[row]?.join()).length;

const folder = mkdtempSync(join(tmpdir(), 'stillroom-transformers-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function write(name: string, files: readonly FolderFile[]): string {
  const place = join(folder, name);
  mkdirSync(place, { recursive: true });
  for (const file of files) writeFileSync(join(place, file.path), file.bytes);
  return place;
}

const v10 = { feed_forward_proj: 'relu', tie_word_embeddings: true };
const members: Record<string, Record<string, unknown>> = {
  't5, tied': v10,
  't5, untied': {},
  umt5: { model_type: 'umt5', tie_word_embeddings: true },
  mt5: { model_type: 'mt5' },
};
const layers = [
  [1, 2],
  [2, 1],
  [2, 2],
] as const;

interface Exported {
  name: string;
  path: string;
  /** What the studio answers with the weights that it had before they were written. */
  answers: number[][];
  dtype: WrittenFloat;
}

const takesWhole = process.env['STILLROOM_TEST_WHOLE'] === '1';
const inputs = rows(rowCount, 1);
const targets = rows(24, 2);

/** Every member with every count of layers in f32; with one of them in 16 bits, or all where STILLROOM_TEST_WHOLE=1. */
async function exportAll(): Promise<Exported[]> {
  const all: Exported[] = [];
  for (const [member, overrides] of Object.entries(members)) {
    for (const [encoder, decoder] of layers) {
      const student = await wildStudent({ ...overrides, num_layers: encoder, num_decoder_layers: decoder });
      const answers = await answersOf(student, inputs);
      for (const dtype of encoder < decoder || takesWhole
        ? (['f32', 'f16', 'bf16'] as const)
        : (['f32'] as const)) {
        const name = `${member}, ${encoder}+${decoder}, ${dtype}`;
        const files = modelFolder(student, student.weights, {
          dtype,
          runFile: formatRecipe(recipe),
          card: null,
        });
        all.push({ name, path: write(name, files), answers, dtype });
      }
    }
  }
  return all;
}

interface Carded {
  path: string;
  prompts: string[];
  labels: string[];
  correct: number;
}

/** What a student would generate with by itself. */
const ownFile = {
  num_beams: 3,
  repetition_penalty: 4,
  min_new_tokens: 9,
  no_repeat_ngram_size: 2,
  length_penalty: 2,
  early_stopping: 'never',
  decoder_start_token_id: 0,
};

/** A folder whose card has a figure, measured greedily or as the student's own folder asks; and what the figure is of. */
async function exportWithCard(measured: 'greedy' | 'own'): Promise<Carded> {
  const student = await wildStudent({ num_layers: 2 });
  const own = JSON.stringify(ownFile);
  const asked = measured === 'own' ? ownGeneration(ownFile) : null;
  const askedRecipe = { ...recipe, generation: asked };
  // Single spaces: transformers 5 has its own rules for others where the class is T5's.
  const texts = inputs.slice(0, 16).map((ids) => student.tokenizer.decode(ids).replace(/ +/g, ' ').trim());
  const prompts = texts.map((text) => `predict: ${text}`);
  const answers = await answersOf(
    student,
    prompts.map((prompt) => student.tokenizer.encode(prompt)),
    asked ?? greedy,
  );
  const predictions = answers.map((ids, row): Prediction => {
    const distilled = student.tokenizer.decode(ids);
    const others = { base: '', teacher: null, rationale: null, teacherRationale: null };
    return { row, input: texts[row]!, label: row % 3 === 0 ? 'other' : distilled, distilled, ...others };
  });
  const accuracy = accuracyOf(predictions);
  const card = cardFiles({
    form: { kind: 'model' },
    curves: { points: [], evaluations: [] },
    name: 'tiny',
    baseStudent: 'tiny',
    parameters: 1,
    recipe: askedRecipe,
    datasetName: 'rows',
    trainRows: 1,
    steps: 1,
    accuracy,
    losses: null,
    elapsedMs: 1,
    predictions,
    dtype: 'f32',
    engine: { engine: 'wasm', backend: 'wasm', adapter: 'one thread' },
  });
  const { correct } = accuracy.distilled;
  expect(new TextDecoder().decode(card[0]!.bytes)).toContain(`| ${correct} of 16 |`);
  const runFile = formatRecipe(askedRecipe);
  const files = [
    ...card,
    ...modelFolder({ ...student, generationConfigText: own }, student.weights, {
      dtype: 'f32',
      runFile,
      card: null,
    }),
  ];
  const labels = predictions.map(({ label }) => label);
  return { path: write(`with a card, ${measured}`, files), prompts, labels, correct };
}

/** What check.py tells. */
interface Told {
  version: string;
  folders: { amiss: object; answers: number[][] }[];
  texts: [number[], string][][];
  snippets: string[][];
  /** What the card's code prints that asks the rows of examples.jsonl again. */
  checks: string[];
  made: { path: string; member: string; storage: string; amiss: object; loss: number; answers: number[][] }[];
}

let exported: Exported[];
let carded: Carded[];
const texts = ['{a b}', 'a\nb', 'x  y', 'plain', '{ "a": [b] }\n\n', ''];
let extended: Student;
/** A ByT5, whose tokenizer has no file. */
let byteStudent: Student;

function ask(python: string, name: string): Told {
  const task = join(folder, `${name}.task.json`);
  const result = join(folder, `${name}.result.json`);
  const list = (all: readonly Int32Array[]) => all.map((ids) => [...ids]);
  writeFileSync(
    task,
    JSON.stringify({
      folders: exported.map(({ path }) => path),
      inputs: list(inputs),
      targets: list(targets),
      tokenizers: [join(folder, 'extended'), join(folder, 'bytes')],
      texts,
      snippets: carded,
      make: join(folder, name),
      tokenizer: join(folder, 'tokenizer'),
    }),
  );
  const args = [join(import.meta.dirname, 'check.py'), task, result];
  const env = { ...process.env, HF_HUB_OFFLINE: '1', PYTHONDONTWRITEBYTECODE: '1' };
  const { status, stderr, error } = spawnSync(python, args, { encoding: 'utf8', env });
  if (status !== 0) throw new Error(`${String(error ?? '')}${stderr}`);
  return JSON.parse(readFileSync(result, 'utf8')) as Told;
}

const pythons = {
  'transformers 4': process.env['STILLROOM_PYTHON_TRANSFORMERS_4'],
  'transformers 5': process.env['STILLROOM_PYTHON_TRANSFORMERS_5'],
};

beforeAll(async () => {
  if (Object.values(pythons).every((python) => python === undefined)) return;
  exported = await exportAll();
  carded = [await exportWithCard('greedy'), await exportWithCard('own')];
  extended = addMissingPieces(await wildStudent({}), texts).student;
  const files = modelFolder(extended, extended.weights, { dtype: 'f32', runFile: null, card: null });
  write('extended', files);
  const byteFiles = tinyFolder({ vocab_size: 384 });
  byteFiles.delete('tokenizer.json');
  byteFiles.set('tokenizer_config.json', jsonBytes({ tokenizer_class: 'ByT5Tokenizer' }));
  byteStudent = await readStudentFolder(filesInMemory(byteFiles), 'bytes');
  write('bytes', modelFolder(byteStudent, byteStudent.weights, { dtype: 'f32', runFile: null, card: null }));
  write(
    'tokenizer',
    files.filter(({ path }) => path.startsWith('tokenizer')),
  );
});

describe.each(Object.entries(pythons))('%s', (name, python) => {
  describe.skipIf(python === undefined)('beside the studio', () => {
    let told: Told;
    beforeAll(() => {
      told = ask(python!, name);
      expect(told.version).toMatch(new RegExp(`^${name.at(-1)!}\\.`));
    }, 400_000);

    it('loads every exported folder whole, and gives 500 of 500 of its answers', async () => {
      for (const [index, { name, path, answers, dtype }] of exported.entries()) {
        const theirs = told.folders[index]!;
        expect(theirs.amiss, name).toEqual({});
        expect(new Set(theirs.answers.map(String)).size, name).toBeGreaterThan(20);
        // Of 16-bit weights, those answers that the studio gives with the same weights.
        const read = await readStudentFolder(await openFolder(path), path);
        const own = dtype === 'f32' ? answers : await answersOf(read, inputs);
        expect(differing(own, theirs.answers), name).toBe(0);
        // Measured with these weights, wilder than any that are trained: f16 0.4 to 2 %, bf16 5 to 14 %.
        const most = { f32: 0, f16: 0.04, bf16: 0.25 }[dtype];
        expect(differing(answers, own) / rowCount, name).toBeLessThanOrEqual(most);
      }
    });

    it('gets the card’s figure from the card’s own code', () => {
      for (const [index, { labels, correct }] of carded.entries()) {
        const right = told.snippets[index]!.filter((text, row) => text === labels[row]);
        expect(right).toHaveLength(correct);
      }
      // Greedily and as the folder asks are two figures' answers.
      expect(told.snippets[0]).not.toEqual(told.snippets[1]);
      expect(told.checks).toEqual(
        carded.map(({ correct }) => `${correct} of 16 right, 16 as written here\n`),
      );
    });

    it('reads and writes texts with added pieces alike', () => {
      const { tokenizer } = extended;
      const own = texts.map((text) => [...tokenizer.encode(text)]).map((ids) => [ids, tokenizer.decode(ids)]);
      expect(told.texts[0]).toEqual(own);
      expect(own.map(([, text]) => text)).toEqual(texts);
    });

    it('reads and writes an exported ByT5’s bytes alike', () => {
      const { tokenizer } = byteStudent;
      const own = texts.map((text) => [...tokenizer.encode(text)]).map((ids) => [ids, tokenizer.decode(ids)]);
      expect(told.texts[1]).toEqual(own);
      expect(own.map(([, text]) => text)).toEqual(texts);
    });

    it('stores every member in every way as the studio reads it: the same loss, the same answers', async () => {
      expect(told.made).toHaveLength(40);
      const some = inputs.slice(0, 24);
      for (const { path, member, storage, amiss, loss, answers } of told.made) {
        const what = `${member}, ${storage}`;
        expect(amiss, what).toEqual({});
        const student = await readStudentFolder(await openFolder(path), path);
        const engine = await openEngine(student);
        // float32 sums in another order: as the goldens accept.
        expectNear((await engine.evaluate({ inputs: some, targets })).loss, loss, 1e-5, what);
        engine.dispose();
        expect(differing(await answersOf(student, some), answers), what).toBe(0);
      }
    });
  });
});
