/** Reduced students compute what the whole ones compute. */
import { existsSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expectClose } from '../../tests/support/closeness.ts';
import type { OpenBackend } from '../engine/tfjs/open.ts';
import type { TaskBatch } from '../engine/engine.ts';
import { openNodeBackend } from '../engine/tfjs/node-backend.ts';
import { createTfjsEngine } from '../engine/tfjs/tfjs-engine.ts';
import { readStudentFolder, type Student } from '../student/folder.ts';
import { filesInMemory } from '../student/student-files.ts';
import { tinyFolder } from '../student/testing/tiny-student.ts';
import { reduceLayers } from '../student/reduce/layers.ts';
import { reduceVocabulary, type ReducedVocabulary } from '../student/reduce/vocabulary.ts';
import { openFolder } from './files.ts';

const golden = '../shared/golden/cos-e-run/student';
const rows = [
  ['predict: where would a heron sleep?\nAnswer Choices:\n(a) nest\n(b) ñandú box', 'nest'],
  ['explain: what is it', 'A nest is where birds sleep.'],
] as const;

let backend: OpenBackend;
beforeAll(async () => {
  backend = await openNodeBackend({ backend: 'wasm' });
});
afterAll(() => backend.close());

function batchOf({ tokenizer }: Student): TaskBatch {
  return {
    inputs: rows.map(([input]) => tokenizer.encode(input)),
    targets: rows.map(([, target]) => tokenizer.encode(target)),
  };
}

async function logitsOf(student: Student): Promise<Float32Array[]> {
  const engine = createTfjsEngine(student, backend);
  const { logits } = await engine.forward(batchOf(student)); // [T, V] a row
  engine.dispose();
  return logits;
}

async function expectSameLogits(whole: Student, { student, idMap }: ReducedVocabulary): Promise<void> {
  const expected = await logitsOf(whole);
  const actual = await logitsOf(student);
  const { vocab_size } = student.config;
  const kept = [...idMap.keys()].filter((id) => idMap[id] !== -1);
  expect(kept).toHaveLength(vocab_size);
  expected.forEach((values, row) => {
    const tokens = values.length / whole.config.vocab_size;
    const overKept = Float32Array.from({ length: tokens * vocab_size }, (_, at) => {
      const token = Math.floor(at / vocab_size);
      return values[token * whole.config.vocab_size + kept[at % vocab_size]!]!;
    });
    // The same products in the same order; a kernel may still cut a matrix of another size in other places.
    expectClose(actual[row]!, overKept, 1e-6, `logits over kept ids of row ${row}`);
  });
}

describe('logits over kept ids', () => {
  it.skipIf(!existsSync(golden))(
    'are those of the golden student (skipped where ../shared is absent)',
    async () => {
      const whole = await readStudentFolder(await openFolder(golden), 'golden');
      const reduced = reduceVocabulary(whole, { keepTexts: rows.flat(), size: 1000 });
      expect(reduced.report.after).toBe(1000);
      await expectSameLogits(whole, reduced);
    },
  );

  it('are those of a tied student, whose logits are scaled', async () => {
    const folder = tinyFolder({ tie_word_embeddings: true, feed_forward_proj: 'relu' });
    const whole = await readStudentFolder(filesInMemory(folder), 'tiny');
    const reduced = reduceVocabulary(whole, { keepTexts: rows.flat(), size: null });
    expect(reduced.report.after).toBe(30);
    await expectSameLogits(whole, reduced);
  });
});

it('layers that do nothing can be left out without a trace, whichever they are', async () => {
  const folder = tinyFolder({ num_layers: 3, num_decoder_layers: 3 });
  const whole = await readStudentFolder(filesInMemory(folder), 'tiny');
  // A layer adds what its last matrices make of its input: nothing, where they are zero.
  for (const [name, values] of whole.weights) {
    const idle = /^encoder\.block\.[02]\.|^decoder\.block\.[01]\./.test(name);
    if (idle && /\.(o|wo)\.weight$/.test(name)) values.fill(0);
  }
  const { student } = reduceLayers(whole, { encoder: [1], decoder: [2] });
  const expected = await logitsOf(whole);
  const actual = await logitsOf(student);
  expected.forEach((values, row) => expectClose(actual[row]!, values, 1e-6, `logits of row ${row}`));
});
