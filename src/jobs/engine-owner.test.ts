import { expect, it } from 'vitest';
import { EngineError, LostWeightsError } from '../base/errors.ts';
import type { Engine } from '../engine/engine.ts';
import { EngineOwner } from './engine-owner.ts';

function engineNamed(name: string): Engine & { disposed: boolean } {
  const engine = { name, disposed: false, dispose: () => (engine.disposed = true) };
  return engine as unknown as Engine & { disposed: boolean };
}

/** A promise that is resolved from outside. */
function gate(): { passed: Promise<void>; open: () => void } {
  let open = (): void => undefined;
  const passed = new Promise<void>((resolve) => (open = resolve));
  return { passed, open };
}

const lost = () => new LostWeightsError('They are gone.', 'Resume.');

it('gives the engine to one after the other, in the order of asking', async () => {
  const owner = new EngineOwner(engineNamed('one'));
  const order: string[] = [];
  const work = (name: string) => async () => {
    order.push(`${name} begins`);
    await Promise.resolve();
    order.push(`${name} ends`);
  };
  await Promise.all([owner.use(work('a')), owner.use(work('b')), owner.use(work('c'))]);
  expect(order).toEqual(['a begins', 'a ends', 'b begins', 'b ends', 'c begins', 'c ends']);
});

it('lets whoever waits have a turn between two steps, and those who come later wait for the next', async () => {
  const owner = new EngineOwner(engineNamed('one'));
  const order: string[] = [];
  const training = owner.use(async (turn) => {
    await Promise.resolve();
    order.push('step 1');
    await turn.giveWay();
    order.push('step 2');
  });
  const first = owner.use(() => {
    order.push('question 1');
    // Asked while the first is answered: the training comes before it.
    void owner.use(() => Promise.resolve(order.push('question 2')));
    return Promise.resolve();
  });
  await Promise.all([training, first]);
  await owner.use(() => Promise.resolve());
  expect(order).toEqual(['step 1', 'question 1', 'step 2', 'question 2']);
});

it('comes back from a pause only when what has the engine is over', async () => {
  const owner = new EngineOwner(engineNamed('one'));
  const order: string[] = [];
  const [paused, comparison] = [gate(), gate()];
  const training = owner.use(async (turn) => {
    await turn.lend(paused.passed);
    order.push('training');
  });
  const comparing = owner.use(async () => {
    await comparison.passed;
    order.push('comparison');
  });
  paused.open();
  await Promise.resolve();
  comparison.open();
  await Promise.all([training, comparing]);
  expect(order).toEqual(['comparison', 'training']);
});

it('can be cancelled while it waits, and not after', async () => {
  const owner = new EngineOwner(engineNamed('one'));
  const open = gate();
  const holder = owner.use(() => open.passed);
  const cancel = new AbortController();
  const waiting = owner.use(() => Promise.resolve('never'), cancel.signal);
  const refused = expect(waiting).rejects.toThrow(/enough/);
  cancel.abort(new Error('enough'));
  await refused;
  const late = new AbortController();
  const working = owner.use(() => Promise.resolve('done'), late.signal);
  open.open();
  await holder;
  await expect(working).resolves.toBe('done');
  late.abort();
  await expect(owner.use(() => Promise.resolve(), cancel.signal)).rejects.toThrow(/enough/);
});

it('lends lost weights only to the job that recovers them, also in the middle of a pause', async () => {
  const owner = new EngineOwner(engineNamed('one'));
  const answered: unknown[] = [];
  const training = owner.use(async (turn) => {
    const neverResumed = new Promise<void>(() => undefined);
    await expect(turn.lend(neverResumed)).rejects.toBeInstanceOf(LostWeightsError);
    expect(answered).toEqual([]);
    turn.replace(engineNamed('two'));
  });
  const failing = expect(owner.use(() => Promise.reject(lost()))).rejects.toThrow(/gone/);
  const next = owner.use(({ engine }) => Promise.resolve(answered.push(engine)));
  await Promise.all([training, failing, next]);
  expect(answered).toMatchObject([{ name: 'two' }]);
});

it('refuses every job where no job recovers lost weights', async () => {
  const owner = new EngineOwner(engineNamed('one'));
  await expect(owner.use(() => Promise.reject(lost()))).rejects.toThrow(/gone/);
  await expect(owner.use(() => Promise.resolve('wrong'))).rejects.toThrow(/gone/);
});

it('tells whoever waits, and whoever comes late, that the run has ended', async () => {
  const engine = engineNamed('one');
  const owner = new EngineOwner(engine);
  const open = gate();
  const holder = owner.use(() => open.passed);
  const waiting = expect(owner.use(() => Promise.resolve())).rejects.toThrow(/run ended/);
  owner.close(new EngineError('The run ended.', 'Ask again.'));
  await waiting;
  expect(engine.disposed).toBe(true);
  open.open();
  await holder;
  await expect(owner.use(() => Promise.resolve())).rejects.toThrow(/Ask again/);
});

it('refuses a second owner of an engine, one that replaced another included', async () => {
  const [first, second, other] = [engineNamed('one'), engineNamed('two'), engineNamed('three')];
  const owner = new EngineOwner(first);
  expect(() => new EngineOwner(first)).toThrow('This engine has an owner already. Ask its owner for a turn.');
  new EngineOwner(other);
  await owner.use((turn) => {
    turn.discard();
    expect(() => turn.replace(other)).toThrow('has an owner already');
    turn.replace(second);
    return Promise.resolve();
  });
  expect(() => new EngineOwner(second)).toThrow(EngineError);
});

it('lets a turn be used only while it is one’s own: not after it, and not while the engine is lent', async () => {
  const engine = engineNamed('one');
  const owner = new EngineOwner(engine);
  const outside = 'The engine was used outside of a turn.';
  const resumed = gate();
  const over = await owner.use(async (turn) => {
    const lent = turn.lend(resumed.passed);
    expect(() => turn.engine).toThrow(outside);
    expect(() => turn.discard()).toThrow(outside);
    expect(() => turn.replace(engineNamed('two'))).toThrow(outside);
    await expect(turn.lend(resumed.passed)).rejects.toThrow(outside);
    await expect(turn.giveWay()).rejects.toThrow(outside);
    resumed.open();
    await lent;
    expect(turn.engine).toBe(engine);
    await turn.giveWay();
    return turn;
  });
  expect(() => over.engine).toThrow(outside);
  expect(() => over.discard()).toThrow(outside);
  await expect(over.giveWay()).rejects.toThrow(outside);
  expect(engine.disposed).toBe(false);
  await expect(owner.use(({ engine: mine }) => Promise.resolve(mine))).resolves.toBe(engine);
});
