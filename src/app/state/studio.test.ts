import { beforeEach, expect, test, vi } from 'vitest';
import { createStore } from 'zustand/vanilla';
import { openDatabase } from '../../store/database.ts';
import type { DatasetRecord } from '../../store/records.ts';
import { StudioClient } from '../../worker/client.ts';
import type { Command } from '../../worker/protocol.ts';
import { readChoice } from './choices.ts';
import { createStudio } from './studio.ts';
import { initialState, type StudioState } from './studio-store.ts';
import { dataset, emptyStore, kept, run, stored, student, Wire } from './testing/opened-studio.ts';

let wires: Wire[] = [];
beforeEach(async () => {
  await emptyStore();
  wires = [];
});

/** A studio over what is stored, with a worker that answers as `answer` says. */
async function opened(
  answer: Wire['answer'] = () => null,
  meanwhile: (studio: ReturnType<typeof createStudio>) => Promise<void> = () => Promise.resolve(),
) {
  const store = createStore<StudioState>(initialState);
  const studio = createStudio(store);
  const done = meanwhile(studio);
  await studio.open(() => {
    const wire = new Wire();
    wire.answer = answer;
    wires.push(wire);
    return new StudioClient(wire as unknown as Worker, `worker-${wires.length}-${Math.random()}`);
  });
  await done;
  return { studio, state: () => store.getState(), wire: wires.at(-1)! };
}

test('the first visit brings student and sample, and the next only what was chosen', async () => {
  const answer = async (command: Command) => {
    if (command.type === 'load-bundled-student') {
      await stored('students', student('bundled', { createdAt: 1 }));
      return { studentId: 'bundled' };
    }
    if (command.type !== 'load-sample') return null;
    await stored('datasets', dataset('sample', { createdAt: 1, sample: true }));
    return { datasetId: 'sample' };
  };
  const first = await opened(answer);
  expect(first.state()).toMatchObject({ ready: true, studentId: 'bundled', datasetId: 'sample' });
  await stored('datasets', dataset('own', { createdAt: 2 }));
  await first.studio.selectDataset('own');
  const next = await opened(answer);
  expect(next.state().datasetId).toBe('own');
  await next.studio.removeDataset();
  expect([next.state().datasetId, readChoice('dataset')]).toEqual([null, null]);
  expect(next.state().datasets.map(({ id }) => id)).toEqual(['sample']);
  expect((await opened(answer)).wire.of('load-sample')).toEqual([]);
});

test('two drops in a row become one dataset, beside the sample', async () => {
  await stored('datasets', dataset('sample', { createdAt: 1, sample: true }));
  const { studio, wire, state } = await opened(async (command) => {
    if (command.type !== 'import-files') return null;
    await stored('datasets', dataset('own', { createdAt: 2 }));
    return { datasetId: 'own', problems: [] };
  });
  const file = new File(['{}'], 'train.json');
  await Promise.all([studio.importFiles([file]), studio.importFiles([file], 'test'), studio.importFiles([])]);
  expect(wire.of('import-files').map(({ datasetId, files }) => [datasetId, files[0]?.split])).toEqual([
    [null, null],
    ['own', 'test'],
  ]);
  expect(state().datasetId).toBe('own');
});

test('files that are dropped while the studio opens are shown, once, and no sample over them', async () => {
  const file = new File(['{}'], 'train.json');
  const answer = async (command: Command) => {
    if (command.type !== 'import-files') return null;
    // Longer than the rest of the opening.
    await new Promise((resolve) => setTimeout(resolve, 20));
    await stored('datasets', dataset(command.datasetId ?? 'own', { createdAt: 2 }));
    return { datasetId: command.datasetId ?? 'own', problems: [] };
  };
  const first = await opened(answer, (studio) => studio.importFiles([file]));
  expect(first.state()).toMatchObject({ datasetId: 'own', datasets: [{ id: 'own' }] });
  expect([first.wire.of('import-files').length, first.wire.of('load-sample').length]).toEqual([1, 0]);
  // They belong to the dataset that is stored, as they do later.
  const next = await opened(answer, (studio) => studio.importFiles([file]));
  expect(next.wire.of('import-files')).toMatchObject([{ datasetId: 'own' }]);
});

test('the last file takes its dataset with it', async () => {
  await stored('datasets', { ...dataset('own', { createdAt: 1 }), files: [{ id: 'one' }] } as never);
  const { studio, wire, state } = await opened();
  await studio.removeFile('one');
  expect(wire.of('remove-file')).toEqual([]);
  expect(state().datasets).toEqual([]);
});

test('a failure is shown where it was asked for, until it is dismissed', async () => {
  const { studio, state } = await opened((command) => {
    if (command.type === 'start-run' || command.type === 'bench') throw new Error('no memory');
    return null;
  });
  expect(Object.values(state().requests).filter(({ busy }) => busy)).toEqual([]);
  await studio.bench('t5-small' as never);
  expect(state().requests.bench.error?.message).toContain('no memory');
  expect(state().requests.run.error).toBeNull();
  studio.dismiss('bench');
  expect(state().requests.bench.error).toBeNull();
});

test('a recipe that cannot be read leaves the form as it was', async () => {
  const { studio, state } = await opened();
  studio.setField('steps', '12');
  await studio.importRecipe(new File(['{ nonsense'], 'run.json'));
  expect(state().draft.steps).toBe('12');
  expect(state().requests.run.error?.message).toContain('run.json');
  studio.setTestRows('5');
  expect(readChoice('test-rows')).toBe('5');
  studio.setTestRows('');
  expect(readChoice('test-rows')).toBeNull();
});

test('what was removed elsewhere is chosen no longer', async () => {
  await stored('students', student('a', { createdAt: 2 }), student('b', { createdAt: 1 }));
  await stored('runs', run('old'), run('new', { createdAt: 2 }));
  const { studio, state } = await opened();
  studio.selectStudent('b');
  await studio.selectRun('old');
  const database = await openDatabase();
  await database.delete('students', 'b');
  await database.delete('runs', 'old');
  await studio.refresh();
  expect([state().studentId, state().runId]).toEqual(['a', 'new']);
});

test('a run of which no checkpoint is whole waits for a person', async () => {
  await stored('runs', run('r'));
  const { studio, state, wire } = await opened((command) => {
    if (command.type !== 'resume-run') return null;
    return command.fromStart
      ? { kind: 'resumed', step: 0, damaged: [] }
      : { kind: 'nothing-whole', words: 'Both are damaged.' };
  });
  await studio.resumeRun('r', 'wasm');
  expect(state()).toMatchObject({
    liveRunId: null,
    nothingWhole: { runId: 'r', engine: 'wasm', words: 'Both are damaged.' },
  });
  studio.forgetNothingWhole();
  await studio.resumeRun('r', 'wasm', true);
  expect(wire.of('resume-run').map(({ fromStart }) => fromStart)).toEqual([false, true]);
  expect(state()).toMatchObject({ liveRunId: 'r', runId: 'r', nothingWhole: null });
});

test('a worker that was taken away is replaced and its run resumed, as long as it gets further', async () => {
  await stored('runs', run('r', { state: { phase: 'training', step: 4, steps: 9 }, savedStep: 4 } as never));
  const { studio, state, wire } = await opened((command) =>
    command.type === 'resume-run' ? { kind: 'resumed', step: 4, damaged: [] } : null,
  );
  await studio.resumeRun('r');
  expect(wire.of('resume-run')).toHaveLength(1);
  for (const [count, resumes] of [
    [2, 1],
    [3, 0],
  ] as const) {
    // Its lock is free, as a lock is whose worker is gone.
    wires.at(-1)!.tell({ type: 'alive' });
    await vi.waitFor(() => expect(wires).toHaveLength(count));
    await vi.waitFor(() => expect(state().requests.run.busy).toBe(false));
    if (resumes > 0) await vi.waitFor(() => expect(state().liveRunId).toBe('r'));
    expect(wires.at(-1)!.of('resume-run')).toHaveLength(resumes);
  }
  expect(state().liveRunId).toBeNull();
});

test('a run that was not training, or was asked to pause or stop, is not trained on by another worker', async () => {
  const training = { phase: 'training', step: 4, steps: 9 } as const;
  const comparing = { phase: 'evaluating', purpose: 'base', step: 4, done: 0, total: 2 } as const;
  const cases = [
    { atRest: { phase: 'paused', step: 4 }, told: { phase: 'paused', step: 4 }, asked: null },
    { atRest: { phase: 'done', step: 4, stopped: true }, told: comparing, asked: null },
    { atRest: training, told: comparing, asked: null },
    { atRest: training, told: training, asked: 'pause' },
    { atRest: training, told: training, asked: 'stop' },
  ] as const;
  for (const { atRest, told, asked } of cases) {
    await emptyStore();
    wires = [];
    await stored('runs', run('r', { state: atRest, savedStep: 4 }));
    const { studio, state, wire } = await opened();
    wire.tell({ type: 'run', runId: 'r', event: { type: 'state', state: told } });
    await vi.waitFor(() => expect(state().liveRunId).toBe('r'));
    if (asked !== null) studio[asked]();
    // Its lock is free, as a lock is whose worker is gone.
    wire.tell({ type: 'alive' });
    await vi.waitFor(() => expect(wires).toHaveLength(2));
    await vi.waitFor(() => expect(state().runs[0]?.state).toEqual(atRest));
    await vi.waitFor(() => expect(wires[1]!.of('leave-stopped')).toHaveLength(asked === 'stop' ? 1 : 0));
    expect(wires[1]!.of('resume-run')).toEqual([]);
    expect(state()).toMatchObject({ liveRunId: null, asked: null });
  }
});

test('what could not be asked of a run is not said to be under way', async () => {
  const { studio, state } = await opened(({ type }) => {
    if (type === 'stop') throw new Error('No run is at work.');
    return null;
  });
  studio.stop();
  expect(state().asked).toBe('stop');
  await vi.waitFor(() => expect(state().requests.run.error?.message).toContain('No run is at work'));
  expect(state().asked).toBeNull();
});

test('a worker that gives no sign of a run is told, and ended when a person asks for that', async () => {
  await stored('runs', run('r', { state: { phase: 'training', step: 4, steps: 9 }, savedStep: 4 } as never));
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'] });
  try {
    const { studio, state, wire } = await opened((command) =>
      command.type === 'resume-run' ? { kind: 'resumed', step: 4, damaged: [] } : null,
    );
    await studio.resumeRun('r');
    await vi.advanceTimersByTimeAsync(170_000);
    expect(state().silentMs).toBeNull();
    wire.tell({ type: 'sign' });
    await vi.advanceTimersByTimeAsync(170_000);
    expect(state().silentMs).toBeNull();
    await vi.advanceTimersByTimeAsync(20_000);
    expect(state().silentMs).toBeGreaterThan(180_000);
    studio.endWorker();
    expect(wires).toHaveLength(2);
    await vi.waitFor(() => expect(wires[1]!.of('resume-run')).toHaveLength(1));
    await vi.waitFor(() => expect(state()).toMatchObject({ liveRunId: 'r', silentMs: null }));
  } finally {
    vi.useRealTimers();
  }
});

test('tokens whose count never came to an end are not counted by themselves again, and both times it is said', async () => {
  const rows = { train: { rows: 3 } };
  await stored('datasets', { ...dataset('own', { createdAt: 1 }), splits: rows } as DatasetRecord);
  await stored('students', student('mine', { createdAt: 1 }));
  kept.set('stillroom.dataset', 'own');
  kept.set('stillroom.student', 'mine');
  const store = createStore<StudioState>(initialState);
  const asides: Wire[] = [];
  const open = async (): Promise<StudioState> => {
    const begun = createStudio(store);
    const start = (wire: Wire) => new StudioClient(wire as unknown as Worker, `worker-${Math.random()}`);
    await begun.open(
      () => start(new Wire()),
      () => {
        const wire = new Wire();
        wire.answer = () => new Promise(() => undefined);
        asides.push(wire);
        return start(wire);
      },
    );
    await vi.advanceTimersByTimeAsync(30_000);
    return store.getState();
  };
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'] });
  const first = await open();
  expect(asides.flatMap((wire) => wire.asked.map(({ type }) => type))).toEqual(['measure-lengths']);
  expect(first.requests.lengths.error?.message).toMatch(/does not come to an end with one of the rows/);
  store.setState(initialState);
  const next = await open();
  expect(asides).toHaveLength(1);
  expect(next.requests.lengths.error?.message).toMatch(/did not come to an end before/);
  vi.useRealTimers();
});
