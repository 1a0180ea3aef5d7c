/**
 * The engine against the shared goldens: every kind of golden on both backends. On wasm all of them are whole. Under
 * software WebGPU a step of the tiny student takes two seconds, so that there the plain run has six steps, the other two
 * runs have two and the one of the large vocabulary has one, generation has two inputs of eight, one student has the
 * long batch (tiny-tied has one of its own in fixtures.gpu.test.ts), and of the family one member is looked at, which has
 * its own kernel. STILLROOM_TEST_WHOLE=1 runs all of them whole there too, in some ten minutes.
 */
import { describe, expect, it } from 'vitest';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describeBackends } from '../../../tests/support/backends.ts';
import {
  checkGeneration,
  checkPass,
  checkState,
  checkSteps,
  checkTraining,
  type ExpectedStep,
} from '../../../tests/support/engine-checks.ts';
import {
  hasSharedGoldens,
  microBatches,
  readJson,
  readLines,
  readStudent,
  readTensors,
  sharedGoldens,
} from '../../../tests/support/goldens.ts';
import { describeFamily } from '../../../tests/support/golden-suite.ts';
import { parseTokenizer } from '../../student/tokenizer.ts';
import { createTfjsEngine } from './tfjs-engine.ts';

describe('the rest of the family', () => {
  describeBackends((open, backend) => {
    const isSlow = backend === 'webgpu' && process.env['STILLROOM_TEST_WHOLE'] !== '1';
    describeFamily('PyTorch’s numbers', (student) => createTfjsEngine(student, open()), {
      // What members differ in is one code on both backends, but for the kernel of the gate.
      ...(isSlow && {
        stepsOf: (member, of) => (of === 'fixtures' && member === 'gated-silu' ? 2 : 0),
        rules: false,
      }),
    });
  });
});

describe.skipIf(!hasSharedGoldens())('PyTorch’s numbers', () => {
  describeBackends((open, backend) => {
    const isSlow = backend === 'webgpu' && process.env['STILLROOM_TEST_WHOLE'] !== '1';

    for (const model of ['tiny-gated', 'tiny-tied']) {
      for (const kind of ['', 'long-'] as const) {
        if (isSlow && kind === 'long-' && model === 'tiny-tied') continue;
        it(`${kind}batch of ${model}: encoder, logits, loss, gradients`, async () => {
          const folder = join(sharedGoldens, model);
          const engine = createTfjsEngine(readStudent(folder), open());
          await checkPass(engine, folder, kind);
          engine.dispose();
        });
      }
    }

    for (const kind of ['', 'accumulation-', 'half-clipped-']) {
      it(`${kind}training`, async () => {
        const student = readStudent(sharedGoldens, 'tiny-gated');
        const engine = createTfjsEngine(student, open());
        const maxSteps = isSlow ? (kind === '' ? 6 : 2) : undefined;
        await checkTraining(engine, student, join(sharedGoldens, 'training'), kind, maxSteps);
        engine.dispose();
      });
    }

    it('generation', async () => {
      const folder = join(sharedGoldens, 'generation');
      const engine = createTfjsEngine(readStudent(folder), open());
      await checkGeneration(engine, folder, isSlow ? [0, 2] : undefined);
      engine.dispose();
    });

    it('the whole run on CoS-E', async () => {
      const folder = join(sharedGoldens, 'cos-e-run');
      const student = readStudent(folder, 'student');
      const engine = createTfjsEngine(student, open());
      const generations = readLines(folder, 'generations.jsonl') as ExpectedGeneration[];
      const rows = isSlow ? generations.slice(0, 1) : generations;
      const encode = readEncoder(join(folder, 'student'));
      await checkIds(rows, 'untrained', '');

      const run = readJson(folder, 'run.json') as { alpha: number; weightDecay: number; maxGradNorm: number };
      const steps = readLines(folder, 'metrics.jsonl') as ExpectedStep[];
      const batches = microBatches(readTensors(folder, 'batches.safetensors'));
      await checkSteps(engine, batches, { run, steps: isSlow ? steps.slice(0, 1) : steps });
      if (!isSlow) {
        await checkState(engine, student.weights, join(folder, 'final.safetensors'), null);
        await checkIds(rows, 'trained', 'predict: ');
      }
      engine.dispose();

      async function checkIds(
        asked: readonly ExpectedGeneration[],
        kind: 'untrained' | 'trained',
        prefix: string,
      ): Promise<void> {
        const inputs = asked.map(({ input }) => encode(prefix + input));
        const maxNewTokens = isSlow ? 4 : 16;
        const outputs = await engine.generate(inputs, { maxNewTokens, numBeams: 1 });
        expect(outputs.map(({ ids }) => [...ids])).toEqual(
          asked.map((row) => row[kind].ids.slice(0, maxNewTokens)),
        );
      }
    });
  });
});

interface ExpectedGeneration {
  input: string;
  untrained: { ids: number[] };
  trained: { ids: number[] };
}

function readEncoder(folder: string): (text: string) => Int32Array {
  const read = (file: string): string => readFileSync(join(folder, file), 'utf8');
  const tokenizer = parseTokenizer(
    { tokenizer: read('tokenizer.json'), config: read('tokenizer_config.json') },
    { endId: 1 },
  );
  return (text) => tokenizer.encode(text);
}
