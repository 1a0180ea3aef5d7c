/**
 * Exported graphs in the programs of others: onnx's checker, onnxruntime and optimum in Python, transformers.js in Node and
 * in Chromium. `npm run test:python` makes what they need.
 */
import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, extname, join, normalize } from 'node:path';
import { chromium } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findChromium } from '../../scripts/chromium.mjs';
import { accuracyOf } from '../../src/distill/compare.ts';
import { formatRecipe, notebookRecipe } from '../../src/distill/recipe.ts';
import type { Prediction } from '../../src/distill/run-state.ts';
import { cardFiles } from '../../src/export/model-card.ts';
import { modelFolder, type FolderFile } from '../../src/export/model-folder.ts';
import { onnxFolder } from '../../src/export/onnx/folder.ts';
import { onnxStorages, type OnnxStorage } from '../../src/export/onnx/matrices.ts';
import { openFolder } from '../../src/headless/files.ts';
import { readStudentFolder, type Student } from '../../src/student/folder.ts';
import { numbers, wildStudent } from '../support/wild-student.ts';

const python = process.env['STILLROOM_PYTHON_ONNX'];
const library = process.env['STILLROOM_TRANSFORMERS_JS'];
const tokens = 24;
const recipe = { ...notebookRecipe, generationMaxTokens: tokens };
const runFile = formatRecipe(recipe);

const folder = mkdtempSync(join(tmpdir(), 'stillroom-onnx-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function write(name: string, files: readonly FolderFile[]): string {
  const place = join(folder, name);
  for (const file of files) {
    mkdirSync(dirname(join(place, file.path)), { recursive: true });
    writeFileSync(join(place, file.path), file.bytes);
  }
  return place;
}

const layers = { num_layers: 1, num_decoder_layers: 2 };
const tied = { feed_forward_proj: 'relu', tie_word_embeddings: true };
const shapes: Record<string, Readonly<Record<string, unknown>>> = {
  't5-v1.0-tied': { ...tied, num_layers: 2 },
  't5-v1.1': {},
  '1-and-2-layers': { ...tied, ...layers },
  umt5: { model_type: 'umt5', d_kv: 4, tie_word_embeddings: true, num_layers: 2 },
};

interface Member {
  name: string;
  student: Student;
  model: string;
  onnx: Record<OnnxStorage, string>;
  /** 150 rows; of nano 100 answers' prompts and 50 rationales'. */
  inputs: number[][];
  tokens: number;
}

/** What check.py tells of a member. */
interface Told {
  answers: number[][];
  checked: number;
  dtypes: Record<OnnxStorage, string>;
  apart: Record<OnnxStorage, number>;
  changed: Record<OnnxStorage, number>;
  optimum: Record<string, number>;
}

/** Rows of the bundled sample. */
const sample = readFileSync('public/sample/test.jsonl', 'utf8')
  .split('\n')
  .slice(0, 100)
  .map((row) => JSON.parse(row) as { input: string; label: string });

/** Ids of `count` texts of 1 to 11 pieces, and the end token. */
function idRows(count: number, seed: number): number[][] {
  const next = numbers(seed);
  return Array.from({ length: count }, () => [
    ...Array.from({ length: 1 + next(11) }, () => 3 + next(27)),
    1,
  ]);
}

function memberOf(name: string, student: Student, inputs: number[][]): Member {
  const model = modelFolder(student, student.weights, { dtype: 'f32', runFile, card: null });
  return {
    name,
    student,
    tokens,
    model: write(`${name}/model`, model),
    onnx: Object.fromEntries(
      onnxStorages.map((storage) => [
        storage,
        write(
          `${name}/${storage}`,
          onnxFolder(student, student.weights, { storage, runFile, withPast: true }),
        ),
      ]),
    ) as Member['onnx'],
    inputs,
  };
}

const different = (a: readonly number[][], b: readonly number[][]): number =>
  a.filter((ids, row) => ids.join() !== b[row]?.join()).length;

let members: Member[];
let told: Told[];

describe.skipIf(python === undefined)('an exported graph', () => {
  beforeAll(async () => {
    members = [];
    for (const [name, shape] of Object.entries(shapes)) {
      members.push(memberOf(name, await wildStudent(shape), idRows(150, 1)));
    }
    const nano = await readStudentFolder(await openFolder('public/students/nano'), 'nano');
    const prompts = [
      ...sample.map(({ input }) => `predict: ${input}`),
      ...sample.slice(0, 50).map(({ input }) => `explain: ${input}`),
    ];
    members.push(
      memberOf(
        'nano',
        nano,
        prompts.map((prompt) => [...nano.tokenizer.encode(prompt)]),
      ),
    );
    const [task, result] = [join(folder, 'task.json'), join(folder, 'result.json')];
    writeFileSync(task, JSON.stringify({ members: members.map(({ student: _, ...asked }) => asked) }));
    const { status, stderr, error } = spawnSync(
      python!,
      [join(import.meta.dirname, 'check.py'), task, result],
      {
        encoding: 'utf8',
        env: { ...process.env, HF_HUB_OFFLINE: '1', PYTHONDONTWRITEBYTECODE: '1' },
      },
    );
    if (status !== 0) throw new Error(`${String(error ?? '')}${stderr}`);
    told = JSON.parse(readFileSync(result, 'utf8')) as Told[];
  }, 400_000);

  it('passes onnx’s full check in every storage, and says its dtype', () => {
    for (const [at, { checked, dtypes }] of told.entries()) {
      // Encoder, merged decoder, and the two decoders on wish, in four storages.
      expect(checked, members[at]!.name).toBe(16);
      expect(dtypes).toEqual({ f32: 'fp32', f16: 'fp16', w8: 'int8', q8: 'q8' });
    }
  });

  it('gives in f32 every answer and rationale of transformers, by onnxruntime and by optimum', () => {
    for (const [at, { answers, changed, optimum }] of told.entries()) {
      const { name } = members[at]!;
      expect(answers, name).toHaveLength(150);
      expect(new Set(answers.map(String)).size, name).toBeGreaterThan(10);
      expect(changed.f32, name).toBe(0);
      const { d_kv, num_heads, d_model } = members[at]!.student.config;
      // As in flan-t5-small, some heads are not d_model / heads wide: optimum's merged decoder cannot be asked then.
      const merged = d_kv * num_heads === d_model ? { merged: 0 } : {};
      expect(optimum, name).toEqual({ ...merged, 'with past': 0, 'without past': 0 });
    }
  });

  it('answers alone as in a batch in f32, f16 and w8; q8 is fast, not exact', () => {
    for (const [at, { apart, changed }] of told.entries()) {
      const { name } = members[at]!;
      const { q8, ...exact } = apart;
      expect(exact, name).toEqual({ f32: 0, f16: 0, w8: 0 });
      console.log(
        `${name}: of 150 differ from transformers f16 ${changed.f16}, w8 ${changed.w8}, q8 ${changed.q8}; q8 in a batch from alone ${q8}`,
      );
    }
  });

  describe.skipIf(library === undefined)('in transformers.js', () => {
    const task = (): object[] =>
      members.map(({ name, inputs, student: { config } }) => ({
        folder: `${name}/f32`,
        inputs,
        tokens,
        pad: config.pad_token_id,
        end: config.eos_token_id,
      }));
    const hold = (answers: readonly number[][][]): void => {
      for (const [at, { name }] of members.entries())
        expect(different(told[at]!.answers, answers[at]!), name).toBe(0);
    };

    it('gives the same answers and rationales in Node', () => {
      const [asked, result] = [join(folder, 'node-task.json'), join(folder, 'node-result.json')];
      writeFileSync(asked, JSON.stringify(task()));
      const args = [join(import.meta.dirname, 'ask-node.mjs'), library!, `${folder}/`, asked, result];
      const { status, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
      expect(status, stderr).toBe(0);
      hold(JSON.parse(readFileSync(result, 'utf8')) as number[][][]);
    });

    it('gives the same answers and rationales in Chromium', async ({ skip }) => {
      const executablePath = await findChromium();
      if (executablePath === null) return skip('there is no Chromium; `npm test -- gpu` gets one');
      const server = await serve(library!, folder);
      const { port } = server.address() as AddressInfo;
      const args = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
      const browser = await chromium.launch({ executablePath, args });
      try {
        const page = await browser.newPage();
        const asked: string[] = [];
        page.on('request', (request) => asked.push(new URL(request.url()).host));
        await page.goto(`http://localhost:${port}/`);
        await page.waitForFunction(() => 'answersTo' in window);
        hold(
          await page.evaluate(
            (members) =>
              (window as unknown as { answersTo: (all: object[]) => Promise<number[][][]> }).answersTo(
                members,
              ),
            task(),
          ),
        );
        expect(new Set(asked)).toEqual(new Set([`localhost:${port}`]));
      } finally {
        await browser.close();
        server.close();
      }
    });

    it('answers by the card’s own code', () => {
      const { name, student, onnx } = members.at(-1)!;
      const rows = told
        .at(-1)!
        .answers.slice(0, 3)
        .map((ids, row): Prediction => {
          const { input, label } = sample[row]!;
          const distilled = student.tokenizer.decode(Int32Array.from(ids));
          return {
            row,
            input,
            label,
            distilled,
            base: '',
            teacher: null,
            rationale: null,
            teacherRationale: null,
          };
        });
      const [card] = cardFiles({
        name,
        baseStudent: name,
        parameters: 1,
        recipe,
        datasetName: 'rows',
        trainRows: 1,
        steps: 1,
        accuracy: accuracyOf(rows),
        losses: null,
        elapsedMs: 1,
        predictions: rows,
        dtype: 'f32',
        engine: null,
        curves: { points: [], evaluations: [] },
        form: { kind: 'onnx', storage: 'f32' },
      });
      const code = /```js\n(.*?)```/su.exec(new TextDecoder().decode(card!.bytes))![1]!;
      expect(code).toContain('"predict: your input"');
      const place = join(folder, 'by-the-card');
      mkdirSync(place);
      symlinkSync(onnx.f32, join(place, 'this-folder'));
      symlinkSync(join(library!, 'node_modules'), join(place, 'node_modules'));
      writeFileSync(
        join(place, 'ask.mjs'),
        code.replace('your input', rows[0]!.input.replaceAll('"', '\\"')),
      );
      const { stdout, stderr } = spawnSync(process.execPath, ['ask.mjs'], { cwd: place, encoding: 'utf8' });
      expect(stdout, stderr).toBe(`${rows[0]!.distilled}\n`);
    });
  });
});

const types: Readonly<Record<string, string>> = {
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
  '.wasm': 'application/wasm',
  '.json': 'application/json',
};

/** A page with the library, its runtime and the folders, all from one place. */
async function serve(library: string, models: string): Promise<Server> {
  const packages = join(library, 'node_modules');
  const page = `<!doctype html><script type="importmap">{"imports":{
    "onnxruntime-web/webgpu":"/packages/onnxruntime-web/dist/ort.webgpu.bundle.min.mjs",
    "onnxruntime-web":"/packages/onnxruntime-web/dist/ort.bundle.min.mjs",
    "onnxruntime-common":"/packages/onnxruntime-common/dist/esm/index.js"}}</script>
    <script type="module">
      import * as transformers from '/packages/@huggingface/transformers/dist/transformers.web.js';
      import { ask } from '/ask.mjs';
      const { env } = transformers;
      env.localModelPath = '/models/';
      env.allowRemoteModels = false;
      env.allowLocalModels = true;
      env.useBrowserCache = false;
      env.backends.onnx.wasm.wasmPaths = '/packages/onnxruntime-web/dist/';
      env.backends.onnx.wasm.numThreads = 1;
      window.answersTo = (members) => ask(transformers, members);
    </script>`;
  const server = createServer((request, response) => {
    const path = normalize(decodeURIComponent(new URL(request.url!, 'http://localhost').pathname));
    const file = path.startsWith('/packages/')
      ? join(packages, path.slice('/packages/'.length))
      : path.startsWith('/models/')
        ? join(models, path.slice('/models/'.length))
        : path === '/ask.mjs'
          ? join(import.meta.dirname, 'ask.mjs')
          : null;
    if (path === '/') response.setHeader('Content-Type', 'text/html').end(page);
    else if (file !== null && existsSync(file)) {
      response.setHeader('Content-Type', types[extname(file)] ?? 'application/octet-stream');
      response.end(readFileSync(file));
    } else response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => server.listen(0, resolve));
  return server;
}
