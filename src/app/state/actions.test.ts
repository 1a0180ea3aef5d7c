import { beforeEach, describe, expect, it, vi } from 'vitest';
import { smallRecipe } from '../../distill/recipe.ts';
import type { Command } from '../../worker/protocol.ts';
import { draftOf } from '../recipe/recipe-draft.ts';
import { readChoice } from './choices.ts';
import { dataset, emptyStore, kept, opened, run, stored, student } from './testing/opened-studio.ts';

beforeEach(emptyStore);

/** A worker that fails at what is named, and answers the rest. */
const failingAt =
  (...types: Command['type'][]) =>
  (command: Command) => {
    if (types.includes(command.type)) throw new Error('it did not work');
    return command.type === 'take-reasons' ? { datasetId: 'copy' } : null;
  };

describe('rows', () => {
  const map = { input: 'q', label: 'a' } as never;
  const acts = ({ studio }: Awaited<ReturnType<typeof opened>>) =>
    [
      ['assign-split', () => studio.assignSplit('one', 'test'), { fileId: 'one', split: 'test' }],
      ['map-columns', () => studio.mapColumns('one', map), { fileId: 'one', map }],
      ['remove-file', () => studio.removeFile('one'), { fileId: 'one' }],
      [
        'change-reading',
        () => studio.changeReading({ seed: 3 } as never),
        { reading: expect.anything() as object },
      ],
      ['take-reasons', () => studio.takeReasons('t', []), { teacher: 't', rows: [] }],
    ] as const;

  it('are changed in the dataset that is shown, by one command each', async () => {
    await stored('datasets', dataset('own'));
    const page = await opened(failingAt());
    for (const [type, act, asked] of acts(page)) {
      await act();
      expect(page.wire.of(type), type).toEqual([{ datasetId: 'own', ...asked }]);
    }
    expect(page.state().datasetId).toBe('copy');
  });

  it('are not changed where no dataset is shown', async () => {
    const page = await opened();
    for (const [type, act] of acts(page)) {
      await act();
      expect(page.wire.of(type), type).toEqual([]);
    }
    expect(await page.studio.mapColumns('one', map)).toBe(false);
    await page.studio.removeDataset();
    expect(page.state().requests.data.error).toBeNull();
  });

  it('stay as they were where a change fails, and it is said', async () => {
    await stored('datasets', dataset('own'), dataset('other'));
    kept.set('stillroom.dataset', 'own');
    const page = await opened(
      failingAt('assign-split', 'map-columns', 'remove-file', 'take-reasons', 'change-reading'),
    );
    for (const [type, act] of acts(page)) {
      page.studio.dismiss('data');
      expect(await act(), type).not.toBe(true);
      expect(page.state().requests.data.error?.message, type).toContain('did not work');
      expect(page.state().datasetId).toBe('own');
    }
  });

  it('are read by the same map again, once a file was read by it', async () => {
    const head = { layout: 'rows', columns: [{ name: 'q' }, { name: 'a' }] };
    await stored('datasets', dataset('own', { files: [{ id: 'one', head }] as never }));
    const { studio } = await opened();
    expect(await studio.mapColumns('one', map)).toBe(true);
    expect(readChoice('column-maps')).toContain('"input":"q"');
    expect(await studio.mapColumns('one', null)).toBe(true);
    expect(readChoice('column-maps')).toBe('[]');
    expect(await studio.mapColumns('two', map)).toBe(true);
    expect(readChoice('column-maps')).toBe('[]');
  });

  it('are counted again for another dataset, once', async () => {
    const splits = { train: { rows: 3 } } as never;
    await stored('datasets', dataset('own', { splits }), dataset('other', { splits }));
    await stored('students', student('mine'));
    kept.set('stillroom.dataset', 'own');
    const { studio, wire } = await opened();
    expect(wire.of('measure-lengths')).toMatchObject([{ datasetId: 'own', studentId: 'mine' }]);
    await studio.measureLengths();
    expect(wire.of('measure-lengths')).toHaveLength(1);
    await studio.selectDataset('other');
    expect(wire.of('measure-lengths')).toMatchObject([{}, { datasetId: 'other' }]);
    expect(readChoice('dataset')).toBe('other');
    expect(readChoice('uncounted')).toBeNull();
  });

  it('are read as a run’s were, also those that are dropped after its run.json', async () => {
    const reading = { fixes: ['letters'] } as never;
    const { studio, wire } = await opened(async (command) => {
      if (command.type !== 'import-files') return null;
      await stored('datasets', dataset('own'));
      return { datasetId: 'own', problems: [] };
    });
    await studio.readAsKept(reading);
    expect(wire.of('read-as-kept')).toEqual([]);
    const drop = () => studio.importFiles([new File(['{}'], 'train.json')]);
    await drop();
    expect(wire.of('read-as-kept')).toEqual([{ datasetId: 'own', kept: reading }]);
    await drop();
    expect(wire.of('read-as-kept')).toHaveLength(1);
    await studio.readAsKept(reading);
    expect(wire.of('read-as-kept')).toHaveLength(2);
  });

  it('of the sample stay shown where it cannot be read again', async () => {
    await stored('datasets', dataset('own'));
    const page = await opened((command) => {
      if (command.type === 'load-sample') throw new Error('offline');
      return null;
    });
    await page.studio.useSample();
    expect([page.state().datasetId, readChoice('sample-offered')]).toEqual(['own', null]);
    page.wire.answer = () => ({ datasetId: 'sample' });
    await page.studio.useSample();
    expect([page.state().datasetId, readChoice('sample-offered')]).toEqual(['sample', 'yes']);
  });
});

describe('students', () => {
  const answer = async (command: Command) => {
    switch (command.type) {
      case 'import-student':
      case 'reduce-student':
      case 'add-pieces':
        await stored('students', student('new', { createdAt: 2 }));
        return { studentId: 'new' };
      case 'load-bundled-student':
        return { studentId: 'mine' };
      case 'estimate-steps':
        return [7];
      case 'estimate-memory':
        return [{ steadyBytes: 3 }];
      default:
        return null;
    }
  };
  const file = { path: 'folder/config.json', file: new File(['{}'], 'config.json') };

  it('that come in are taken, over the one that adapters would be merged into', async () => {
    await stored('students', student('mine'));
    const { studio, state, wire } = await opened(answer);
    expect(await studio.importStudent([])).toBe(false);
    expect(await studio.importStudent([file])).toBe(true);
    expect(await studio.importStudent([file], 'o/n@c')).toBe(true);
    expect(wire.of('import-student')).toMatchObject([{ baseId: 'mine' }, { baseId: 'new', hub: 'o/n@c' }]);
    expect(wire.of('import-student')[0]).not.toHaveProperty('hub');
    expect([state().studentId, readChoice('student')]).toEqual(['new', 'new']);
  });

  it('that cannot be read leave the one in use', async () => {
    await stored('students', student('mine'));
    const { studio, state } = await opened(failingAt('import-student', 'reduce-student', 'add-pieces'));
    expect(await studio.importStudent([file])).toBe(false);
    await studio.reduceStudent({} as never);
    await studio.addPieces();
    expect(state().studentId).toBe('mine');
    expect(state().requests.student.error?.message).toContain('did not work');
  });

  it('are reduced with the rows that are shown, and measured with the recipe of the form', async () => {
    await stored('students', student('mine'));
    await stored('datasets', dataset('own'));
    const { studio, wire, state } = await opened(answer);
    const wishes = { encoder: null } as never;
    await studio.reduceStudent(wishes);
    expect(wire.of('reduce-student')).toEqual([{ studentId: 'mine', datasetId: 'own', wishes }]);
    expect(wire.of('measure-reduction')).toMatchObject([
      { studentId: 'new', datasetId: 'own', recipe: { steps: smallRecipe.steps } },
    ]);
    expect(state().studentId).toBe('new');
    studio.setDraft({ ...draftOf(smallRecipe), alpha: 'much' });
    await studio.measureReduction();
    expect(wire.of('measure-reduction')).toHaveLength(1);
    await studio.addPieces();
    expect(wire.of('add-pieces')).toEqual([{ studentId: 'new', datasetId: 'own' }]);
  });

  it('are neither reduced, measured nor given pieces where something is missing', async () => {
    const { studio, wire } = await opened((command) => {
      if (command.type === 'load-bundled-student') throw new Error('offline');
      return null;
    });
    await studio.reduceStudent({} as never);
    await studio.measureReduction();
    await studio.addPieces();
    await stored('students', student('mine'));
    await studio.refresh();
    await studio.measureReduction();
    await studio.addPieces();
    expect([...wire.of('reduce-student'), ...wire.of('measure-reduction'), ...wire.of('add-pieces')]).toEqual(
      [],
    );
  });

  it('that are removed give way to the newest other, and those not in use change nothing', async () => {
    await stored('students', student('a', { createdAt: 3 }), student('b', { createdAt: 2 }), student('c'));
    const { studio, state } = await opened(answer);
    studio.selectStudent('b');
    await studio.removeStudent('c');
    expect(state().studentId).toBe('b');
    await studio.removeStudent('b');
    expect(state().studentId).toBe('a');
    await studio.removeStudent('a');
    expect([state().studentId, state().students]).toEqual([null, []]);
  });

  it('are estimated by the worker, or not at all', async () => {
    const { studio, wire } = await opened(answer);
    expect(await studio.estimateSteps({} as never)).toEqual([7]);
    expect(await studio.estimateMemory({} as never)).toEqual([{ steadyBytes: 3 }]);
    wire.answer = failingAt('estimate-steps', 'estimate-memory');
    expect(await studio.estimateSteps({} as never)).toBeNull();
    expect(await studio.estimateMemory({} as never)).toBeNull();
  });
});

describe('a run', () => {
  const ready = async (answer: (command: Command) => unknown) => {
    await stored('students', student('mine'));
    await stored('datasets', dataset('own'));
    return opened(async (command) => {
      if (command.type !== 'start-run') return answer(command);
      await stored('runs', run('r', { state: { phase: 'training', step: 1, steps: 9 } as never }));
      return { runId: 'r' };
    });
  };

  it('is started with what the form says, and shown', async () => {
    const { studio, state, wire } = await ready(() => null);
    studio.setTestRows('5');
    studio.setBackend('tfjs-wasm');
    await studio.startRun();
    expect(wire.of('start-run')).toMatchObject([
      { run: { datasetId: 'own', studentId: 'mine', testRows: 5, engine: 'tfjs', backend: 'wasm' } },
    ]);
    expect(state()).toMatchObject({ liveRunId: 'r', runId: 'r', metrics: { runId: 'r' } });
    expect(readChoice('backend')).toBe('tfjs-wasm');
  });

  it.each([
    ['test rows that are no number', 'few', {}],
    ['a recipe that is wrong', '', { alpha: 'much' }],
  ])('is not started with %s', async (_what, testRows, part) => {
    const { studio, state, wire } = await ready(() => null);
    studio.setTestRows(testRows);
    studio.setDraft({ ...draftOf(smallRecipe), ...part });
    await studio.startRun();
    expect([wire.of('start-run'), state().liveRunId]).toEqual([[], null]);
  });

  it.each(['datasets', 'students'] as const)('is not started without %s', async (what) => {
    if (what === 'datasets') await stored('students', student('mine'));
    else await stored('datasets', dataset('own'));
    const { studio, wire } = await opened(failingAt('load-sample', 'load-bundled-student'));
    await studio.startRun();
    expect(wire.of('start-run')).toEqual([]);
  });

  it('that could not be started is not shown as under way', async () => {
    await stored('students', student('mine'));
    await stored('datasets', dataset('own'));
    const { studio, state } = await opened(failingAt('start-run', 'resume-run', 'leave-stopped'));
    await studio.startRun();
    await studio.resumeRun('r');
    await studio.leaveStopped('r');
    expect(state()).toMatchObject({ liveRunId: null, resumed: null, beginning: false, asked: null });
  });

  it('is this page’s from the press on that begins or resumes it, and takes what is asked meanwhile', async () => {
    const during: unknown[] = [];
    await stored('students', student('mine'));
    await stored('datasets', dataset('own'));
    const { studio, state } = await opened(({ type }) => {
      const { beginning, liveRunId, runId, runs, asked } = state();
      const phase = runs.find(({ id }) => id === 'old')?.state.phase;
      if (type === 'start-run' || type === 'resume-run')
        during.push({ beginning, liveRunId, runId, phase, asked });
      // Stopped by a person meanwhile: the worker cancels what it was asked.
      if (type === 'resume-run') studio.stop();
      return type === 'start-run' ? { runId: 'r' } : null;
    });
    await stored('runs', run('old', { step: 3, savedStep: 2 }));
    await studio.refresh();
    await studio.resumeRun('old');
    expect(during).toEqual([
      { beginning: false, liveRunId: 'old', runId: 'old', phase: 'preparing', asked: null },
    ]);
    expect(state()).toMatchObject({ liveRunId: null, asked: null, runs: [{ state: { phase: 'done' } }] });
    await studio.startRun();
    expect(during[1]).toMatchObject({ beginning: true, liveRunId: null });
    expect(state()).toMatchObject({ beginning: false, liveRunId: 'r' });
  });

  it('is told what a person asks, until it is resumed', async () => {
    const { studio, state, wire } = await ready(() => null);
    studio.save();
    expect(wire.of('save')).toEqual([]);
    await studio.startRun();
    studio.pause();
    expect(state().asked).toBe('pause');
    studio.resume();
    expect(state().asked).toBeNull();
    studio.stop();
    expect(state().asked).toBe('stop');
    studio.skipEvaluation();
    studio.save();
    const asked = ['pause', 'resume', 'stop', 'skip-evaluation', 'save'];
    const toRun = () => wire.asked.map(({ type }) => type).filter((type) => asked.includes(type));
    await vi.waitFor(() => expect(toRun().toSorted()).toEqual(asked.toSorted()));
  });

  it('that ends stays what is shown, whatever was chosen for the next one meanwhile', async () => {
    const { studio, state } = await ready(() => null);
    await studio.startRun();
    studio.setTrainView('next');
    const ended = (runId: string): void =>
      studio.draw([{ runId, event: { type: 'state', state: { phase: 'done', step: 9, stopped: false } } }]);
    ended('other');
    expect(state()).toMatchObject({ liveRunId: 'r', trainView: 'next' });
    ended('r');
    expect(state()).toMatchObject({ liveRunId: null, runId: 'r', trainView: 'run' });
    studio.setTrainView('next');
    ended('r');
    expect(state().trainView).toBe('next');
  });

  it('is compared and taken away by one command each', async () => {
    const { studio, wire } = await ready(({ type }) =>
      type.startsWith('export') ? { fileName: type } : null,
    );
    const of = { runId: 'r' } as never;
    await studio.compare('r', 3, null);
    expect(wire.of('compare')).toEqual([{ runId: 'r', testRows: 3, generation: null }]);
    const ways = [
      [() => studio.exportModel('r', 'f16'), { runId: 'r', dtype: 'f16' }],
      [
        () => studio.exportOnnx('r', { storage: 'f32', withPast: true } as never),
        { runId: 'r', storage: 'f32', withPast: true },
      ],
      [() => studio.exportDemo('r'), { runId: 'r' }],
      [() => studio.exportServer('r', 'f32'), { runId: 'r', storage: 'f32' }],
      [() => studio.exportProject(of), { of }],
    ] as const;
    const names = ['export-model', 'export-onnx', 'export-demo', 'export-server', 'export-project'] as const;
    for (const [index, [act, asked]] of ways.entries()) {
      expect(await act()).toEqual({ fileName: names[index] });
      expect(wire.of(names[index]!)).toEqual([asked]);
    }
  });

  it('another tab is at work on is looked up, and none where no run is', async () => {
    const training = run('r', { state: { phase: 'training', step: 1, steps: 9 } as never, step: 1 });
    await stored('runs', training);
    const { studio, state } = await opened();
    await stored('runs', run('r', { ...training, step: 5 }));
    await studio.lookUp();
    expect(state().runs[0]?.step).toBe(5);
    await stored('runs', run('r', { step: 9 }));
    await studio.lookUp();
    await stored('runs', run('r', { step: 12 }));
    await studio.lookUp();
    expect(state().runs[0]?.step).toBe(9);
  });
});

it('what this machine is is asked once, and a benchmark replaces the one before', async () => {
  const machine = { backend: 'wasm' };
  let bench: unknown = { model: 'nano' };
  const { studio, state, wire } = await opened(({ type }) => {
    if (type === 'probe') return machine;
    if (type === 'bench' && bench === null) throw new Error('no memory');
    return type === 'bench' ? bench : null;
  });
  await vi.waitFor(() => expect(state().machine).toEqual(machine));
  expect(wire.of('probe')).toHaveLength(1);
  await studio.bench('nano');
  expect(state().bench).toEqual({ model: 'nano' });
  bench = null;
  await studio.bench('nano');
  expect(state().bench).toBeNull();
});
