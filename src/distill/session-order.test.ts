/** What a session does between its steps: measures, saves, asks, ends early; and where it continues from. */
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Example } from '../data/example.ts';
import { stateOf, type Engine, type TaskBatch, type Update } from '../engine/engine.ts';
import { sourceOf, type StateSource } from '../engine/state-source.ts';
import { Control } from './control.ts';
import { recipeSchema, type Recipe } from './recipe.ts';
import { Session, type SessionEvent, type SessionOptions } from './session.ts';
import { letters } from './testing/told-student.ts';

const example = (row: number, label: string): Example => ({
  row,
  input: `q${row}`,
  label,
  rationale: 'so',
  teacherLabel: 'taught',
  question: null,
  choices: null,
});
const train = Array.from({ length: 4 }, (_, row) => example(row, 'a'));
const test = [example(0, 'a'), example(1, 'b')];

/** Answers 'a' from step `knowsAt` on, and 'x' before; repeats a question. Losses are 1 of answers, 3 of rationales, over a token each. */
function madeUp(knowsAt: number) {
  let step = 0;
  const restored: number[] = [];
  const evaluated: string[] = [];
  const engine = {
    step: (_: unknown, update: Update) => {
      step = update.step;
      return Promise.resolve({ answerLoss: 1, rationaleLoss: 1, loss: 1, gradNorm: 1, tokens: 4 });
    },
    generate: (inputs: readonly Int32Array[]) =>
      Promise.resolve(
        inputs.map((ids) => {
          const text = letters.decode(ids);
          return {
            ids: letters.encode(text.endsWith('?') ? text : step >= knowsAt ? 'a' : 'x'),
            score: null,
          };
        }),
      ),
    evaluate: ({ inputs, targets }: TaskBatch) => {
      evaluated.push(...targets.map((ids) => letters.decode(ids)));
      const isRationale = letters.decode(inputs[0]!).startsWith('explain');
      return Promise.resolve({ loss: isRationale ? 3 : 1, tokens: inputs.length });
    },
    source: () => sourceOf(stateOf(new Map(), step)),
    restoreFrom: (state: StateSource) => {
      restored.push((step = state.step));
      return Promise.resolve();
    },
  } as unknown as Engine;
  return { engine, restored, evaluated };
}

/** Does something when a run says these words. */
const when =
  (words: string, act: (control: Control) => void): Scene['act'] =>
  (said, control) => {
    if (said === words) act(control);
  };

/** What a run says, each event in a few words. */
function words(event: SessionEvent): string {
  switch (event.type) {
    case 'metrics':
      return `step ${event.point.step}`;
    case 'evaluation':
      return `measured ${event.evaluation.step}: ${event.evaluation.correct} of ${event.evaluation.total}`;
    case 'watched':
      return `asked at ${event.moment.step}`;
    case 'save':
      return `save ${event.step}${event.last ? ', last' : ''}`;
    case 'state': {
      const { state } = event;
      if (state.phase === 'evaluating') return `${state.purpose} ${state.done} of ${state.total}`;
      return state.phase === 'training' ? `training ${state.step} of ${state.steps}` : state.phase;
    }
    default:
      return event satisfies never;
  }
}

interface Scene extends Partial<Omit<SessionOptions, 'recipe'>> {
  knowsAt?: number;
  act?: ((said: string, control: Control) => void) | undefined;
}

async function run(keys: Partial<Recipe>, { knowsAt = 1, act, ...options }: Scene = {}) {
  const control = new Control();
  const { engine, restored, evaluated } = madeUp(knowsAt);
  const recipe = recipeSchema.parse({ steps: 4, batchSize: 2, evalEvery: 0, saveEvery: 0, ...keys });
  const session = new Session({ engine, tokenizer: letters, recipe, train, test, control, ...options });
  const events: SessionEvent[] = [];
  for await (const event of session.run()) {
    events.push(event);
    act?.(words(event), control);
  }
  const said = events.map(words);
  // Steps, and what comes between them.
  const main = said.filter((one) => /^(?:step|save|measured|asked)/.test(one));
  const end = events.at(-1);
  return { session, events, said, main, restored, evaluated, end: end?.type === 'state' ? end.state : null };
}

afterEach(() => {
  vi.restoreAllMocks();
});

describe('a run', () => {
  it('prepares its rows, compiles, trains to the last step and saves it', async () => {
    const { said, session, end } = await run({ steps: 2 });
    expect(said).toEqual([
      'preparing',
      'compiling',
      'step 1',
      'training 1 of 2',
      'step 2',
      'training 2 of 2',
      'save 2, last',
      'done',
    ]);
    expect(end).toEqual({ phase: 'done', step: 2, stopped: false });
    expect(session.step).toBe(2);
  });

  it('saves before it measures, the last step too, and says how far measuring is', async () => {
    const { said, main } = await run({ evalEvery: 2, saveEvery: 3 });
    expect(main).toEqual([
      'step 1',
      'step 2',
      'measured 2: 1 of 2',
      'step 3',
      'save 3',
      'step 4',
      'save 4',
      'measured 4: 1 of 2',
      'save 4, last',
    ]);
    const from = said.indexOf('accuracy 0 of 2');
    expect(said.slice(from, from + 4)).toEqual([
      'accuracy 0 of 2',
      'accuracy 2 of 2',
      'measured 2: 1 of 2',
      'training 2 of 4',
    ]);
  });

  it('measures nothing where nothing is to be asked', async () => {
    expect((await run({ evalEvery: 2 }, { test: [] })).main).toEqual([
      'step 1',
      'step 2',
      'step 3',
      'step 4',
      'save 4, last',
    ]);
  });

  it('keeps the step that is to be taken', async () => {
    expect((await run({ take: '3' })).main).toContain('save 3');
    expect((await run({ take: 'last' })).main).not.toContain('save 3');
  });

  it('saves by the clock after three minutes, whatever the recipe says', async () => {
    const savesAt = async (minutes: number) => {
      let nowMs = 0;
      vi.spyOn(performance, 'now').mockImplementation(() => nowMs);
      const { main } = await run({}, { act: when('step 2', () => (nowMs += minutes * 60_000)) });
      return main.filter((one) => one.startsWith('save'));
    };
    expect(await savesAt(3)).toEqual(['save 2', 'save 4, last']);
    expect(await savesAt(2.99)).toEqual(['save 4, last']);
  });

  it('saves when it is asked to, and once', async () => {
    const { main } = await run({}, { act: when('step 2', (control) => control.save()) });
    expect(main).toEqual(['step 1', 'step 2', 'save 2', 'step 3', 'step 4', 'save 4, last']);
  });
});

describe('a validation', () => {
  it('takes the place of the test rows, and measures losses against the true labels', async () => {
    const validation = [example(7, 'a'), example(8, 'a'), { ...example(9, 'b'), rationale: null }];
    const { events, said, evaluated } = await run(
      { evalEvery: 4, alpha: 0.25, labels: 'teacher' },
      { validation },
    );
    const found = events.flatMap((event) => (event.type === 'evaluation' ? [event.evaluation] : []));
    expect(found).toEqual([
      { step: 4, correct: 2, total: 3, split: 'validation', answerLoss: 1, rationaleLoss: 3, loss: 2.5 },
    ]);
    expect(said).toContain('validation 3 of 3');
    expect(evaluated).toEqual(['a', 'a', 'b', 'so', 'so']);
  });

  it('may be one row alone', async () => {
    const { said, main } = await run({ evalEvery: 4 }, { validation: [example(7, 'a')] });
    expect(main).toContain('measured 4: 1 of 1');
    expect(said).toContain('validation 1 of 1');
  });

  it('of a method without rationales has the answers’ loss alone', async () => {
    const { events } = await run({ evalEvery: 4, alpha: 0.25, method: 'standard' }, { validation: test });
    const [found] = events.flatMap((event) => (event.type === 'evaluation' ? [event.evaluation] : []));
    expect(found).toMatchObject({ answerLoss: 1, rationaleLoss: null, loss: 1 });
  });

  it('that is skipped or stopped midway says nothing', async () => {
    const at = (words: string, what: 'skipEvaluation' | 'stop'): Scene => ({
      validation: test,
      act: when(words, (control) => control[what]()),
    });
    const skipped = await run({ evalEvery: 2 }, at('validation 2 of 2', 'skipEvaluation'));
    expect(skipped.main).toEqual(['step 1', 'step 2', 'step 3', 'step 4', 'save 4', 'save 4, last']);
    const stopped = await run({ evalEvery: 2 }, at('validation 2 of 2', 'stop'));
    expect(stopped.main).toEqual(['step 1', 'step 2', 'save 2, last']);
    expect(stopped.end).toEqual({ phase: 'done', step: 2, stopped: true });
  });

  it('is not skipped by a wish that came before it', async () => {
    const { main } = await run(
      { evalEvery: 2 },
      { act: when('step 1', (control) => control.skipEvaluation()) },
    );
    expect(main).toContain('measured 2: 1 of 2');
  });
});

describe('patience', () => {
  it('ends a run early after so many measurements that were no better, and says so', async () => {
    const { main, end } = await run({ steps: 10, evalEvery: 1, patience: 2 });
    expect(main.filter((one) => one.startsWith('step'))).toEqual(['step 1', 'step 2', 'step 3']);
    expect(main.at(-1)).toBe('save 3, last');
    expect(end).toEqual({ phase: 'done', step: 3, stopped: false, early: true });
  });

  it('that runs out with the last step ends nothing early', async () => {
    const { end } = await run({ steps: 3, evalEvery: 1, patience: 2 });
    expect(end).toEqual({ phase: 'done', step: 3, stopped: false });
  });

  it('counts what was measured before the run was resumed', async () => {
    const evaluations = [1, 2].map((step) => ({ step, correct: 2, total: 2 }));
    const from = { state: sourceOf(stateOf(new Map(), 2)), elapsedMs: 5 };
    const { main } = await run({ steps: 10, evalEvery: 1, patience: 2 }, { evaluations, from });
    expect(main).toEqual(['step 3', 'measured 3: 1 of 2', 'save 3, last']);
    const over = await run({ steps: 10, evalEvery: 1, patience: 1 }, { evaluations, from });
    expect(over.main).toEqual(['save 2, last']);
  });
});

describe('a resumed run', () => {
  const from = { state: sourceOf(stateOf(new Map(), 2)), elapsedMs: 500 };

  it('continues with the next step and the time that it took', async () => {
    const { main, restored, events } = await run({ evalEvery: 2 }, { from });
    expect(restored).toEqual([2]);
    expect(main).toEqual(['step 3', 'step 4', 'save 4', 'measured 4: 1 of 2', 'save 4, last']);
    const times = events.flatMap((event) => (event.type === 'metrics' ? [event.point.elapsedMs] : []));
    expect(times[0]).toBeGreaterThanOrEqual(500);
  });

  it('measures first what was due and is not measured yet', async () => {
    const unmeasured = await run({ evalEvery: 2 }, { from, measuredStep: 0 });
    expect(unmeasured.main.slice(0, 2)).toEqual(['measured 2: 1 of 2', 'step 3']);
    const measured = await run({ evalEvery: 2 }, { from, measuredStep: 2 });
    expect(measured.main[0]).toBe('step 3');
    const notDue = await run({ evalEvery: 3 }, { from, measuredStep: 0 });
    expect(notDue.main[0]).toBe('step 3');
  });
});

describe('watched questions', () => {
  const watched = test;

  it('are asked before the first step and after each measurement, a person’s own with them', async () => {
    const { events, main, said } = await run(
      { evalEvery: 2 },
      { watched, knowsAt: 2, ownQuestions: () => ['mine?', 'why?'] },
    );
    expect(main.filter((one) => one.startsWith('asked'))).toEqual(['asked at 0', 'asked at 2', 'asked at 4']);
    expect(said).toContain('watched 0 of 4');
    const [first, second] = events.flatMap((event) => (event.type === 'watched' ? [event] : []));
    expect(first?.questions.map(({ row, label }) => [row, label])).toEqual([
      [0, 'a'],
      [1, 'b'],
    ]);
    expect(first?.moment).toEqual({
      step: 0,
      answers: [
        { answer: 'x', rationale: 'x' },
        { answer: 'x', rationale: 'x' },
      ],
      own: [
        { question: 'mine?', answer: 'predict: mine?', rationale: 'explain: mine?' },
        { question: 'why?', answer: 'predict: why?', rationale: 'explain: why?' },
      ],
    });
    expect(second?.moment.answers).toEqual([
      { answer: 'a', rationale: 'a' },
      { answer: 'a', rationale: 'a' },
    ]);
  });

  it('are not asked where nothing is measured or there are none, and not at first by a resumed run', async () => {
    const asked = async (keys: Partial<Recipe>, scene: Scene) =>
      (await run(keys, scene)).main.filter((one) => one.startsWith('asked'));
    expect(await asked({ evalEvery: 0 }, { watched })).toEqual([]);
    expect(await asked({ evalEvery: 2 }, {})).toEqual([]);
    const from = { state: sourceOf(stateOf(new Map(), 2)), elapsedMs: 0 };
    expect(await asked({ evalEvery: 4 }, { watched, from })).toEqual(['asked at 4']);
    const [own] = (await run({ evalEvery: 4 }, { ownQuestions: () => ['mine?'] })).events.flatMap((event) =>
      event.type === 'watched' ? [event] : [],
    );
    expect(own).toMatchObject({ questions: [], moment: { step: 0, answers: [] } });
    const [none] = (await run({ evalEvery: 4 }, { watched })).events.flatMap((event) =>
      event.type === 'watched' ? [event] : [],
    );
    expect(none?.moment).not.toHaveProperty('own');
  });

  it('are left where a person skips them or stops', async () => {
    for (const what of ['skipEvaluation', 'stop'] as const) {
      const { main } = await run(
        { evalEvery: 4 },
        { watched, act: when('watched 0 of 2', (control) => control[what]()) },
      );
      expect(main).not.toContain('asked at 0');
      expect(main.includes('step 1')).toBe(what === 'skipEvaluation');
    }
  });
});

describe('a pause', () => {
  it('keeps what was learnt, and training continues where it was', async () => {
    const { said } = await run(
      {},
      {
        act: (one, control) => {
          if (one === 'step 2') control.pause();
          if (one === 'paused') control.resume();
        },
      },
    );
    const from = said.indexOf('step 2');
    expect(said.slice(from, from + 6)).toEqual([
      'step 2',
      'training 2 of 4',
      'save 2',
      'paused',
      'training 2 of 4',
      'step 3',
    ]);
  });

  it('before the first step has nothing to keep, and one that is stopped ends the run', async () => {
    const { said } = await run(
      {},
      {
        act: (one, control) => {
          if (one === 'compiling') control.pause();
          if (one === 'paused') control.stop();
        },
      },
    );
    expect(said).toEqual(['preparing', 'compiling', 'paused', 'save 0, last', 'done']);
  });
});
