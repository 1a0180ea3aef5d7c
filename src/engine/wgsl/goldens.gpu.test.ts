/** The whole plan on WebGPU, at its default limits, against what PyTorch computed. */
import { join } from 'node:path';
import { afterAll, beforeAll, describe, test } from 'vitest';
import { describeAdafactor } from '../../../tests/support/adafactor-suite.ts';
import { checkGeneration, checkPass } from '../../../tests/support/engine-checks.ts';
import { describeFamily, describeGoldens } from '../../../tests/support/golden-suite.ts';
import { describeHalfBase } from '../../../tests/support/half-base-suite.ts';
import { describeLora } from '../../../tests/support/lora-suite.ts';
import { engineFixtures, readStudent } from '../../../tests/support/goldens.ts';
import { hasGpu } from '../../../tests/support/gpu.ts';
import type { EngineStudent } from '../engine.ts';
import type { Gpu } from './gpu.ts';
import { openTestEngine } from './testing/open-engine.ts';
import { openTestGpu } from './testing/open-gpu.ts';

const fixture = (...path: string[]): string => join(engineFixtures, ...path);

// One GPU for all, so that kernels are compiled once.
let gpu: Gpu | undefined;
beforeAll(async () => {
  if (hasGpu) gpu = await openTestGpu();
});
afterAll(() => gpu?.close());

const open = (student: EngineStudent) => openTestEngine(student, gpu === undefined ? {} : { gpu });

describe.skipIf(!hasGpu)('the plan on WebGPU agrees with PyTorch', () => {
  for (const folder of ['tiny-gated', 'tiny-tied']) {
    test(`one pass, ${folder}`, async () => {
      const engine = await open(readStudent(fixture(folder)));
      await checkPass(engine, fixture(folder), '');
      engine.dispose();
    });
  }

  test('one pass with all that the adapter offers: quads instead of workgroups, where it is software', async () => {
    const engine = await openTestEngine(readStudent(fixture('tiny-gated')), { features: true });
    await checkPass(engine, fixture('tiny-gated'), '');
    engine.dispose();
  });

  test('generation, greedy and beam', async () => {
    const engine = await open(readStudent(fixture('generation')));
    await checkGeneration(engine, fixture('generation'));
    engine.dispose();
  });
});

// The CPU executor, which is held against the same numbers, takes all of the run from text.
const takesWhole = process.env['STILLROOM_TEST_WHOLE'] === '1';

describeGoldens(
  'the plan on WebGPU agrees with the shared goldens',
  open,
  takesWhole ? { skip: !hasGpu } : { skip: !hasGpu, kindSteps: 4, textSteps: 2 },
);

describeFamily('the plan on WebGPU agrees with PyTorch on the rest of the family', open, {
  skip: !hasGpu,
  // T5 v1.1 and mT5 are one plan in other sizes, and rules are the host's work: the CPU executor has all of them. One goes
  // to its end; what the others differ in shows in a pass and the first steps.
  ...(!takesWhole && {
    stepsOf: (member, of) => {
      if (member === 't5-v1.0') return Infinity;
      return member === 't5-v1.1' || (member === 'mt5' && of === 'goldens') ? 0 : 3;
    },
    rules: false,
  }),
});

// The kernels are the same for all (operations.gpu.test.ts): one case, with matrices, vectors, clipping and decay.
describeAdafactor('Adafactor on WebGPU agrees with transformers', open, {
  skip: !hasGpu,
  which: ['gated-trainer'],
  ...(!takesWhole && { maxSteps: 4 }),
});

describeLora(
  'LoRA on WebGPU agrees with peft',
  open,
  takesWhole ? { skip: !hasGpu } : { skip: !hasGpu, maxSteps: 3 },
);

// The kernels' own tests (operations.gpu.test.ts) have the products of the way back.
describeHalfBase('a base in half precision on WebGPU', open, { skip: !hasGpu, trains: takesWhole });
