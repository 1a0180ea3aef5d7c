/** The shared goldens, all of them, through any engine that can be looked into. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Engine, EngineStudent } from '../../src/engine/engine.ts';
import { modelFolder } from '../../src/export/model-folder.ts';
import { readStudentFolder } from '../../src/student/folder.ts';
import { filesInMemory } from '../../src/student/student-files.ts';
import { tinyTokenizer } from '../../src/student/testing/tiny-student.ts';
import type { InspectableEngine } from '../../src/engine/tfjs/tfjs-engine.ts';
import {
  checkGeneration,
  checkGreedy,
  checkPass,
  checkRules,
  checkState,
  checkSteps,
  checkTraining,
  type ExpectedRun,
} from './engine-checks.ts';
import {
  engineFixtures,
  hasSharedGoldens,
  microBatches,
  readJson,
  readLines,
  readStudent,
  readTensors,
  sharedGoldens,
  weightsOf,
} from './goldens.ts';

const golden = (...path: string[]): string => join(sharedGoldens, ...path);

/**
 * @param open An engine with this student in it; disposed of after each test.
 * @param textSteps Steps of the run from text with its vocabulary of 32,128: software GPUs take minutes for all.
 */
export function describeGoldens(
  name: string,
  open: (student: EngineStudent) => Promise<InspectableEngine> | InspectableEngine,
  {
    skip = false,
    kindSteps,
    textSteps,
  }: {
    skip?: boolean;
    /** Steps with accumulation and with a clipped norm; fewer than all where software is slow, without the state after them. */
    kindSteps?: number;
    textSteps?: number;
  } = {},
): void {
  async function withEngine<T>(student: EngineStudent, work: (engine: InspectableEngine) => Promise<T>) {
    const engine = await open(student);
    try {
      await work(engine);
    } finally {
      engine.dispose();
    }
  }

  describe.skipIf(skip || !hasSharedGoldens())(name, () => {
    for (const folder of ['tiny-gated', 'tiny-tied']) {
      for (const kind of ['', 'long-'] as const) {
        test(`one pass, ${folder}, ${kind}batch`, () =>
          withEngine(readStudent(golden(folder)), (engine) => checkPass(engine, golden(folder), kind)));
      }
    }

    for (const kind of ['', 'accumulation-', 'half-clipped-']) {
      test(`${kind}training`, () => {
        const student = readStudent(golden('tiny-gated'));
        const steps = kind === '' ? undefined : kindSteps;
        return withEngine(student, (engine) =>
          checkTraining(engine, student, golden('training'), kind, steps),
        );
      });
    }

    test('generation, greedy and beam', () =>
      withEngine(readStudent(golden('generation')), (engine) =>
        checkGeneration(engine, golden('generation')),
      ));

    test('a run from text, with a vocabulary of 32,128', { timeout: 300_000 }, () => {
      const run = readJson(golden('cos-e-run', 'run.json')) as ExpectedRun['run'];
      const steps = readLines(golden('cos-e-run', 'metrics.jsonl')) as ExpectedRun['steps'];
      const batches = microBatches(readTensors(golden('cos-e-run', 'batches.safetensors')));
      return withEngine(readStudent(golden('cos-e-run', 'student')), (engine) =>
        checkSteps(engine, batches, { run, steps: steps.slice(0, textSteps) }),
      );
    });
  });
}

export interface FamilyOptions {
  skip?: boolean;
  /**
   * Training steps of a member; left out: all there are (20 in the fixtures, ten in the shared goldens). Fewer where
   * software is slow: what comes after them (the state, the trained answers) is then left out. 0: the member is.
   */
  stepsOf?: (member: string, of: 'fixtures' | 'goldens') => number;
  rules?: boolean;
}

/**
 * The members of T5's family: one pass, AdamW steps (20 in the fixtures) with the state that they end in, greedy answers
 * before and after, and once more from an exported folder. The project's own fixtures, and the shared goldens where they
 * are. How each is stored makes no difference to an engine: tests/transformers holds every way of storing each of them to
 * the same loss and answers.
 * @param rules Whether generation with rules, which are the host's work, is checked too.
 */
export function describeFamily(
  name: string,
  open: (student: EngineStudent) => Promise<InspectableEngine> | InspectableEngine,
  { skip = false, stepsOf = () => Infinity, rules = true }: FamilyOptions = {},
): void {
  async function checkMember(folder: string, batchesFile: string, maxSteps: number): Promise<void> {
    const student = readStudent(folder);
    // In transformers 5's form, where tying and scaling are said apart.
    if (folder.endsWith('tied-unscaled'))
      student.config = { ...student.config, tie_word_embeddings: true, scale_decoder_outputs: false };
    const engine = await open(student);
    try {
      await checkPass(engine, folder, '');
      if (existsSync(join(folder, 'long-batch.safetensors')))
        await checkPass(engine, folder, 'long-', 'some gradients');
      await checkGreedy(engine, folder, 'untrained');
      const { run, steps } = readJson(folder, 'training.json') as ExpectedRun;
      const batches = microBatches(readTensors(batchesFile));
      await checkSteps(engine, batches, { run, steps: steps.slice(0, maxSteps) });
      if (maxSteps < steps.length) return;
      await checkState(engine, student.weights, join(folder, 'final.safetensors'), null);
      await checkGreedy(engine, folder, 'trained');
      if (folder.startsWith(engineFixtures)) await checkReload(engine, student, folder);
    } finally {
      engine.dispose();
    }
  }

  /** What was trained, written as a folder and read again: the very weights, and the same answers. */
  async function checkReload(trained: Engine, { config }: EngineStudent, folder: string): Promise<void> {
    const { weights } = await trained.read();
    const rawConfig = readJson(folder, 'config.json') as Record<string, unknown>;
    const tokenizerFiles = { 'tokenizer.json': JSON.stringify(tinyTokenizer()) };
    const exported = { config, rawConfig, tokenizerFiles, generationConfigText: null };
    const files = modelFolder(exported, weights, { dtype: 'f32', runFile: null, card: null });
    const read = await readStudentFolder(
      filesInMemory(new Map(files.map(({ path, bytes }) => [path, bytes]))),
      'exported',
    );
    expect(read.weights).toEqual(weights);
    const engine = await open(read);
    await checkGreedy(engine, folder, 'trained');
    engine.dispose();
  }

  const timeout = 300_000;
  describe.skipIf(skip)(`${name}: fixtures`, () => {
    const batches = join(engineFixtures, 'training', 'batches.safetensors');
    const fixtures = ['t5-v1.0', 't5-v1.1', 'umt5', 'mt5', 'gated-silu'];
    test.each(fixtures.filter((member) => stepsOf(member, 'fixtures') > 0))('%s', { timeout }, (member) =>
      checkMember(join(engineFixtures, 'family', member), batches, stepsOf(member, 'fixtures')),
    );
    test.skipIf(!rules)('generation with rules', { timeout }, async () => {
      const folder = join(engineFixtures, 'generation');
      const { config } = readStudent(folder);
      const engine = await open({ config, weights: weightsOf(readTensors(folder, 'wild.safetensors')) });
      await checkRules(engine, folder);
      engine.dispose();
    });
  });
  const all = ['umt5', 'mt5', 'gated-silu', 'tied-unscaled'];
  const goldens = all.filter((member) => stepsOf(member, 'goldens') > 0);
  // A suite without a test is a failure.
  if (goldens.length === 0) return;
  describe.skipIf(skip || !hasSharedGoldens('more'))(`${name}: shared goldens`, () => {
    const batches = golden('more', 'batches.safetensors');
    test.each(goldens)('%s', { timeout }, (member) =>
      checkMember(golden('more', 'family', member), batches, stepsOf(member, 'goldens')),
    );
  });
}
