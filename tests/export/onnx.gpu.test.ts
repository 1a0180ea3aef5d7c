/** Exported graphs in a runtime of others: what they answer is what the engine answers. */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createWasmEngine } from '../../src/engine/wasm/wasm-engine.ts';
import type { Engine } from '../../src/engine/engine.ts';
import { onnxFolder } from '../../src/export/onnx/folder.ts';
import { onnxStorages, type OnnxStorage } from '../../src/export/onnx/matrices.ts';
import { openFolder } from '../../src/headless/files.ts';
import { readStudentFolder, type Student } from '../../src/student/folder.ts';
import { filesInMemory } from '../../src/student/student-files.ts';
import { tinyFolder } from '../../src/student/testing/tiny-student.ts';
import { expectNear } from '../support/closeness.ts';
import { OnnxStudent } from '../support/onnx-student.ts';

const maxNewTokens = 64;

function openEngine(student: Student): Promise<Engine> {
  const startThread = (): Promise<never> => Promise.reject(new Error('one thread is enough'));
  return createWasmEngine(student, { threads: 1, startThread, reason: 'a test' });
}

function openOnnx(student: Student, storage: OnnxStorage): Promise<OnnxStudent> {
  const files = onnxFolder(student, student.weights, { storage, runFile: null });
  return OnnxStudent.open(student.config, files);
}

async function engineAnswers(engine: Engine, inputs: readonly Int32Array[]): Promise<number[][]> {
  const generated = await engine.generate(inputs, { maxNewTokens, numBeams: 1 });
  return generated.map(({ ids }) => [...ids]);
}

async function inBatches<T>(
  inputs: readonly Int32Array[],
  size: number,
  answer: (batch: Int32Array[]) => Promise<T[]>,
): Promise<T[]> {
  const answers: T[] = [];
  for (let from = 0; from < inputs.length; from += size) {
    answers.push(...(await answer(inputs.slice(from, from + size))));
  }
  return answers;
}

const different = (a: readonly number[][], b: readonly number[][]): number =>
  a.filter((ids, row) => ids.join() !== b[row]!.join()).length;

describe('nano', () => {
  let student: Student;
  let engine: Engine;
  /** 100 answers and 50 rationales. */
  let inputs: Int32Array[];
  let own: number[][];
  beforeAll(async () => {
    student = await readStudentFolder(await openFolder('public/students/nano'), 'nano');
    engine = await openEngine(student);
    const rows = readFileSync('public/sample/test.jsonl', 'utf8').split('\n').slice(0, 100);
    const texts = rows.map((row) => (JSON.parse(row) as { input: string }).input);
    const encode = (prefix: string) => (text: string) => student.tokenizer.encode(prefix + text);
    inputs = [...texts.map(encode('predict: ')), ...texts.slice(0, 50).map(encode('explain: '))];
    own = await inBatches(inputs, 25, (batch) => engineAnswers(engine, batch));
  });
  afterAll(() => engine.dispose());

  it.each(onnxStorages)(
    'answers alone as in a batch, in %s, and in f32 as the engine does',
    async (storage) => {
      const onnx = await openOnnx(student, storage);
      const answer = (batch: Int32Array[]): Promise<number[][]> => onnx.generate(batch, maxNewTokens);
      const together = await inBatches(inputs, 25, answer);
      const alone = await inBatches(inputs, 1, answer);
      await onnx.close();
      const changed = different(together, own);
      const apart = different(together, alone);
      console.log(
        `${storage}: ${changed} of ${own.length} differ from the engine, ${apart} in a batch from alone`,
      );
      if (storage === 'f32') expect(changed).toBe(0);
      // q8 rounds by the largest value of the batch: said to be fast, not exact.
      if (storage === 'q8') expect(changed).toBeLessThan(own.length / 2);
      else expect(apart).toBe(0);
    },
  );
});

const shapes: Record<string, Readonly<Record<string, unknown>>> = {
  'T5 v1.0, tied and scaled': { feed_forward_proj: 'relu', tie_word_embeddings: true },
  'tied, not scaled': { tie_word_embeddings: true, scale_decoder_outputs: false },
  'more encoder than decoder layers': { num_layers: 3, num_decoder_layers: 1 },
  'gated-silu': { feed_forward_proj: 'gated-silu' },
  UMT5: { model_type: 'umt5', num_layers: 2 },
  'few buckets': { relative_attention_num_buckets: 8, relative_attention_max_distance: 12 },
  'another pad and start': { pad_token_id: 3, decoder_start_token_id: 5 },
};

describe.each(Object.entries(shapes))('%s', (_, overrides) => {
  it('answers as the engine does, and its logits are the engine’s', async () => {
    const folder = filesInMemory(tinyFolder(overrides));
    const student = await readStudentFolder(folder, 'tiny');
    // As made, an untrained student says one thing to every input: its embedding tells too little apart.
    for (const values of student.weights.values()) values.forEach((value, at) => (values[at] = value * 1.7));
    const words = ['a', 'what is it', 'zebra nest', 'the quick brown fox jumps over the lazy dog again'];
    const inputs = words.map((text) => student.tokenizer.encode(text));
    const targets = words.map((text) => student.tokenizer.encode(`${text} b`));
    const engine = await openEngine(student);
    const own = await engineAnswers(engine, inputs);
    const onnx = await openOnnx(student, 'f32');
    expect(await onnx.generate(inputs, maxNewTokens)).toEqual(own);
    const { loss } = await engine.evaluate({ inputs, targets });
    const shifted = targets.map((ids) =>
      Int32Array.of(student.config.decoder_start_token_id, ...ids.slice(0, -1)),
    );
    const logits = await onnx.logits(inputs, shifted);
    await onnx.close();
    engine.dispose();
    expectNear(meanLoss(logits.data as Float32Array, logits.dims, targets), loss, 1e-5, 'loss');
    expect(new Set(own.map((ids) => ids.join())).size).toBeGreaterThan(1);
  });
});

/** The mean token cross entropy of logits [rows, tokens, vocabulary]. */
function meanLoss(logits: Float32Array, dims: readonly number[], targets: readonly Int32Array[]): number {
  const [, tokens, size] = dims as [number, number, number];
  let sum = 0;
  let count = 0;
  targets.forEach((ids, row) =>
    ids.forEach((id, at) => {
      const from = (row * tokens + at) * size;
      const values = [...logits.subarray(from, from + size)];
      const top = Math.max(...values);
      sum += top + Math.log(values.reduce((total, value) => total + Math.exp(value - top), 0)) - values[id]!;
      count += 1;
    }),
  );
  return sum / count;
}
