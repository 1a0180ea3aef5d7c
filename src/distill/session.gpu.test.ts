import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openBundledStudent, sampleExamples } from '../../tests/support/sample.ts';
import { InputError } from '../base/errors.ts';
import type { Engine, EngineState } from '../engine/engine.ts';
import { readState, sourceOf } from '../engine/state-source.ts';
import { openNodeBackend } from '../engine/tfjs/node-backend.ts';
import { createTfjsEngine } from '../engine/tfjs/tfjs-engine.ts';
import type { Student } from '../student/folder.ts';
import { compare, type CompareResult } from './compare.ts';
import { Control } from './control.ts';
import { recipeSchema, type Recipe } from './recipe.ts';
import type { MetricsPoint, RunState } from './run-state.ts';
import { Session, type SessionEvent } from './session.ts';
import type { WatchedMoment } from './watched.ts';

// The real engine on WebAssembly, with the bundled student: a few steps of four rows.
describe('Session', () => {
  let student: Student;
  let engine: Engine;
  const train = sampleExamples('train').slice(0, 20);
  const test = sampleExamples('test').slice(0, 3);

  beforeAll(async () => {
    student = await openBundledStudent();
    engine = createTfjsEngine(student, await openNodeBackend({ backend: 'wasm' }));
  });
  afterAll(() => engine.dispose());

  function recipeOf(keys: Partial<Recipe>): Recipe {
    return recipeSchema.parse({
      steps: 4,
      batchSize: 4,
      learningRate: 1e-3,
      generationMaxTokens: 4,
      evalEvery: 0,
      saveEvery: 0,
      dropout: 0,
      ...keys,
    });
  }

  function open(
    keys: Partial<Recipe>,
    control = new Control(),
    watched = test.slice(0, 0),
    ownQuestions?: () => readonly string[],
  ) {
    const recipe = recipeOf(keys);
    engine.restore({ weights: student.weights, expAvg: new Map(), expAvgSq: new Map(), step: 0 });
    const given = { engine, tokenizer: student.tokenizer, recipe, train, test, watched, control };
    return new Session({ ...given, ownQuestions });
  }

  async function collect(
    session: Session,
    onEvent: (event: SessionEvent) => void | Promise<void> = () => undefined,
  ) {
    const points: MetricsPoint[] = [];
    const states: RunState[] = [];
    const saves: { step: number; last: boolean }[] = [];
    const evaluated: number[] = [];
    for await (const event of session.run()) {
      if (event.type === 'metrics') points.push(event.point);
      if (event.type === 'state') states.push(event.state);
      if (event.type === 'save') saves.push({ step: event.step, last: event.last });
      if (event.type === 'evaluation') evaluated.push(event.evaluation.step);
      await onEvent(event);
    }
    return { points, states, saves, evaluated };
  }

  it('trains to the last step, evaluates and saves when due', async () => {
    const { points, states, saves, evaluated } = await collect(open({ evalEvery: 2, saveEvery: 3 }));
    expect(points.map((point) => point.step)).toEqual([1, 2, 3, 4]);
    expect(points[3]!.loss).toBeLessThan(points[0]!.loss);
    expect(points[0]!.loss).toBeCloseTo(0.5 * points[0]!.answerLoss + 0.5 * points[0]!.rationaleLoss!, 6);
    expect(evaluated).toEqual([2, 4]);
    expect(saves).toEqual([
      { step: 3, last: false },
      // Measuring takes long: what was learnt is kept before it.
      { step: 4, last: false },
      { step: 4, last: true },
    ]);
    expect(states[0]?.phase).toBe('preparing');
    expect(states.at(-1)).toEqual({ phase: 'done', step: 4, stopped: false });
  });

  it('takes a micro-batch in parts, with the losses and the update of the whole but for rounding', async () => {
    const recipe = recipeSchema.parse({ steps: 3, batchSize: 5, dropout: 0, evalEvery: 0, saveEvery: 0 });
    const losses = async (parts: number) => {
      engine.restore({ weights: student.weights, expAvg: new Map(), expAvgSq: new Map(), step: 0 });
      const { tokenizer } = student;
      const session = new Session({ engine, tokenizer, recipe, train, test: [], parts });
      return (await collect(session)).points.map(({ loss, gradNorm }) => [loss, gradNorm] as const);
    };
    const whole = await losses(1);
    const cut = await losses(2);
    // Sums in another order: single precision, some thousand terms.
    whole.forEach(([loss, gradNorm], index) => {
      expect(Math.abs(cut[index]![0] - loss)).toBeLessThan(1e-5 * loss);
      expect(Math.abs(cut[index]![1] - gradNorm)).toBeLessThan(1e-4 * gradNorm);
    });
  });

  it('gives the same numbers for the same seed, with dropout too, and others for another', async () => {
    const losses = async (seed: number) =>
      (await collect(open({ dropout: 0.1, seed, steps: 3 }))).points.map((point) => point.loss);
    const first = await losses(5);
    expect(await losses(5)).toEqual(first);
    expect(await losses(6)).not.toEqual(first);
  });

  it('pauses between steps and resumes with the numbers of an undisturbed run', async () => {
    const undisturbed = await collect(open({}));
    const control = new Control();
    let pausedAt = 0;
    const session = open({}, control);
    const paused = await collect(session, (event) => {
      if (event.type === 'metrics' && event.point.step === 2) control.pause();
      if (event.type === 'state' && event.state.phase === 'paused') {
        pausedAt = session.step;
        setTimeout(() => control.resume(), 20);
      }
    });
    expect(pausedAt).toBe(2);
    const numbers = (points: MetricsPoint[]) => points.map(({ elapsedMs: _, ...rest }) => rest);
    expect(numbers(paused.points)).toEqual(numbers(undisturbed.points));
  });

  it('saves while accuracy is measured where asked to, and a run gone on with from there measures it', async () => {
    const keys = { evalEvery: 2 };
    const undisturbed = await collect(open(keys));
    const control = new Control();
    let kept: EngineState | null = null;
    const before: string[] = [];
    const disturbed = await collect(open(keys, control), async (event) => {
      if (event.type === 'state' && event.state.phase === 'evaluating' && event.state.step === 2)
        control.save();
      if (event.type === 'save' && event.step === 2) kept ??= await readState(event.state);
      if (event.type === 'save' || event.type === 'evaluation') before.push(event.type);
    });
    expect(before.slice(0, 2)).toEqual(['save', 'evaluation']);
    expect(disturbed.evaluated).toEqual([2, 4]);
    const losses = ({ points }: { points: MetricsPoint[] }) => points.map(({ loss }) => loss);
    expect(losses(disturbed)).toEqual(losses(undisturbed));

    const goOn = async (measuredStep: number) => {
      const { tokenizer } = student;
      const from = { state: sourceOf(kept!), elapsedMs: 1 };
      const recipe = recipeOf(keys);
      return collect(new Session({ engine, tokenizer, recipe, train, test, from, measuredStep }));
    };
    const resumed = await goOn(0);
    expect(resumed.evaluated).toEqual([2, 4]);
    expect(losses(resumed)).toEqual(losses(undisturbed).slice(2));
    expect((await goOn(2)).evaluated).toEqual([4]);
  });

  it('stops after the current step and keeps what was learnt', async () => {
    const control = new Control();
    const { points, saves, states } = await collect(open({}, control), (event) => {
      if (event.type === 'metrics' && event.point.step === 2) control.stop();
    });
    expect(points).toHaveLength(2);
    expect(saves).toEqual([{ step: 2, last: true }]);
    expect(states.at(-1)).toEqual({ phase: 'done', step: 2, stopped: true });
  });

  it('trains the answer alone by the standard method', async () => {
    const { points } = await collect(open({ method: 'standard', steps: 1 }));
    expect(points[0]!.rationaleLoss).toBeNull();
    expect(points[0]!.loss).toBe(points[0]!.answerLoss);
  });

  it('skips an evaluation without a number that would not compare', async () => {
    const control = new Control();
    const { evaluated, points } = await collect(open({ evalEvery: 2 }, control), (event) => {
      if (event.type === 'state' && event.state.phase === 'evaluating') control.skipEvaluation();
    });
    expect(evaluated).toEqual([]);
    expect(points).toHaveLength(4);
  });

  it('asks the watched questions before the first step and after each evaluation, and trains as without them', async () => {
    const moments: WatchedMoment[] = [];
    const keys = { evalEvery: 2, dropout: 0.1 };
    const { points } = await collect(open(keys, new Control(), test.slice(0, 2)), (event) => {
      if (event.type === 'watched') moments.push(event.moment);
    });
    expect(moments.map(({ step }) => step)).toEqual([0, 2, 4]);
    for (const { answers } of moments) {
      expect(answers).toHaveLength(2);
      for (const { rationale } of answers) expect(typeof rationale).toBe('string');
    }
    const numbers = (all: MetricsPoint[]) => all.map(({ elapsedMs: _, ...rest }) => rest);
    expect(numbers(points)).toEqual(numbers((await collect(open(keys))).points));

    // A question of one's own is asked from when it is pinned.
    const own: WatchedMoment[] = [];
    let pinned: string[] = [];
    const withOwn = open(keys, new Control(), test.slice(0, 2), () => pinned);
    const trained = await collect(withOwn, (event) => {
      if (event.type !== 'watched') return;
      own.push(event.moment);
      pinned = [test[2]!.input];
    });
    expect(own.map((moment) => moment.own?.map(({ question }) => question))).toEqual([
      undefined,
      pinned,
      pinned,
    ]);
    expect(own.map(({ answers }) => answers)).toEqual(moments.map(({ answers }) => answers));
    expect(numbers(trained.points)).toEqual(numbers(points));

    const standard: WatchedMoment[] = [];
    const session = open({ method: 'standard', evalEvery: 4 }, new Control(), test.slice(0, 1));
    await collect(session, (event) => {
      if (event.type === 'watched') standard.push(event.moment);
    });
    expect(standard.map(({ step, answers }) => [step, answers[0]!.rationale])).toEqual([
      [0, null],
      [4, null],
    ]);
  });

  it('refuses rows that do not suit the recipe', () => {
    const recipe = recipeSchema.parse({});
    const bare = train.map((example) => ({ ...example, rationale: null, teacherLabel: null }));
    const make =
      (keys: Partial<Recipe>, rows = bare) =>
      () =>
        new Session({
          engine,
          tokenizer: student.tokenizer,
          recipe: { ...recipe, ...keys },
          train: rows,
          test,
        });
    expect(make({})).toThrow(InputError);
    expect(make({})).toThrow(/No training row has a rationale/);
    expect(make({ method: 'standard', labels: 'teacher' })).toThrow(
      /Training row 1 has no label by the teacher/,
    );
    expect(make({}, [])).toThrow(/no training rows/);
    expect(make({ method: 'standard' })).not.toThrow();
  });

  it('compares base and distilled and leaves the weights as they were', async () => {
    const session = open({});
    await collect(session);
    const before = await engine.read();
    const answers = compare({
      engine,
      tokenizer: student.tokenizer,
      recipe: recipeSchema.parse({ generationMaxTokens: 4 }),
      test,
      baseWeights: student.weights,
      step: session.step,
      skipped: () => false,
    });
    let result: CompareResult | null = null;
    const purposes = new Set<string>();
    for (;;) {
      const next = await answers.next();
      if (next.done) {
        result = next.value;
        break;
      }
      if (next.value.phase === 'evaluating') purposes.add(next.value.purpose);
    }
    expect([...purposes]).toEqual(['distilled', 'rationales', 'base']);
    expect(result?.predictions.map((row) => row.label)).toEqual(test.map((example) => example.label));
    expect(result?.accuracy.teacher?.total).toBe(3);
    const after = await engine.read();
    expect(after.step).toBe(before.step);
    for (const [name, weights] of before.weights) expect(after.weights.get(name), name).toEqual(weights);
    for (const [name, moment] of before.expAvg) expect(after.expAvg.get(name), name).toEqual(moment);

    // What the base student answered is known by now: it is not asked again, and comes to the same.
    const baseAnswers = result!.predictions.map(({ base }) => base);
    const knowing = compare({
      engine,
      tokenizer: student.tokenizer,
      recipe: recipeSchema.parse({ generationMaxTokens: 4 }),
      test,
      baseWeights: student.weights,
      baseAnswers,
      step: session.step,
      skipped: () => false,
    });
    const asked = new Set<string>();
    for (let next = await knowing.next(); ; next = await knowing.next()) {
      if (next.done) {
        expect(next.value).toEqual(result);
        break;
      }
      if (next.value.phase === 'evaluating') asked.add(next.value.purpose);
    }
    expect([...asked]).toEqual(['distilled', 'rationales']);
  });
});
