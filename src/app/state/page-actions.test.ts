import { beforeEach, describe, expect, it, vi } from 'vitest';
import { smallRecipe } from '../../distill/recipe.ts';
import { originFiles } from '../../../tests/support/origin-files.ts';
import { openDatabase } from '../../store/database.ts';
import { listExperiments, writeExperiment } from '../../store/experiments.ts';
import { openPieces } from '../../store/hub-pieces.ts';
import { appendMetrics } from '../../store/runs.ts';
import { keepTabModel, listTabModels, tabModelId } from '../../store/tab-models.ts';
import { sampleDatasetId, type Command } from '../../worker/protocol.ts';
import { draftOf } from '../recipe/recipe-draft.ts';
import { askedStore, forgetAsked, keepAsked, keepOther } from './asked-store.ts';
import {
  fillFromLink,
  forgetSource,
  refuseToFill,
  repeatRun,
  takeBack,
  useFormSource,
} from './form-source.ts';
import { keepMap, keptMaps } from './kept-maps.ts';
import { machineOptions, parseMachineChoice } from './machine-choice.ts';
import { pinnedQuestions, pinQuestion } from './pinned-questions.ts';
import { askToPersist, freeBytes, readRoom, useRoom } from './room.ts';
import {
  addTag,
  changeLabels,
  clearTicks,
  deleteRuns,
  tick,
  undoLastDelete,
  useShelf,
} from './run-actions.ts';
import { measure, remove, useSizes } from './storage-actions.ts';
import { hostAsked, teacherStore } from './teacher-store.ts';
import { dataset, emptyStore, openedPage, run, stored, student } from './testing/opened-studio.ts';

beforeEach(async () => {
  await emptyStore();
  forgetSource();
  clearTicks();
});

const labelled = async (id: string) => (await openDatabase()).get('runs', id);

describe('stored runs', () => {
  it('are ticked in the order of the ticks, each once', () => {
    tick(['a', 'b'], true);
    tick(['a', 'c'], true);
    expect(useShelf.getState().ticked).toEqual(['b', 'a', 'c']);
    tick(['b', 'x'], false);
    expect(useShelf.getState().ticked).toEqual(['a', 'c']);
  });

  it('are named and tagged, each tag once', async () => {
    await stored('runs', run('a', { tags: ['old'] }), run('b'));
    const { state } = await openedPage();
    await changeLabels('a', { name: 'heron' });
    await addTag(state().runs, 'old');
    expect(
      state()
        .runs.map(({ id, name, tags }) => [id, name, tags])
        .toSorted(),
    ).toEqual([
      ['a', 'heron', ['old']],
      ['b', 'b', ['old']],
    ]);
  });

  it('are deleted together, and brought back together with what was shown', async () => {
    await stored('runs', run('a', { createdAt: 3 }), run('b', { createdAt: 2 }), run('c'));
    const { studio, state } = await openedPage();
    await studio.selectRun('b');
    tick(['a', 'b'], true);
    await deleteRuns(['b', 'c']);
    expect([state().runs.map(({ id }) => id), state().runId]).toEqual([['a'], 'a']);
    expect(useShelf.getState().ticked).toEqual(['a']);
    await vi.waitFor(() => expect(useShelf.getState().deleted).toHaveLength(2));
    expect(undoLastDelete()).toBe(true);
    await vi.waitFor(() => expect(state().runs).toHaveLength(3));
    await vi.waitFor(() => expect(state().runId).toBe('b'));
    await vi.waitFor(() => expect(useShelf.getState().deleted).toEqual([]));
    expect(undoLastDelete()).toBe(false);
    expect((await labelled('b'))?.deletedAt ?? null).toBeNull();
  });

  it('come back by Ctrl+Z that is pressed while they are still being deleted', async () => {
    await stored('runs', run('a'), run('b'));
    const { state } = await openedPage();
    const deleting = deleteRuns(['a', 'b']);
    expect(undoLastDelete()).toBe(true);
    await deleting;
    await vi.waitFor(() => expect(state().runs).toHaveLength(2));
    expect((await labelled('a'))?.deletedAt ?? null).toBeNull();
    await vi.waitFor(() => expect(undoLastDelete()).toBe(false));
  });
});

it('what is stored is measured, removed, and measured again', async () => {
  await stored('datasets', dataset('own'), dataset('other'));
  await stored('students', student('mine'), student('other'));
  const sizes = { datasets: [], students: [], runs: [], leftOver: [] };
  const { state, wire } = await openedPage(({ type }) => (type === 'measure-storage' ? sizes : null));
  await measure();
  expect(useSizes.getState().sizes).toBe(sizes);
  await remove({ kind: 'dataset', id: 'own' });
  await remove({ kind: 'student', id: 'mine' });
  expect(wire.of('measure-storage')).toHaveLength(3);
  expect([state().datasets.map(({ id }) => id), state().students.map(({ id }) => id)]).toEqual([
    ['other'],
    ['other'],
  ]);
  await remove({ kind: 'checkpoint', runId: 'r', id: 'gone' });
  wire.answer = (command: Command) => {
    if (command.type === 'measure-storage') throw new Error('no');
    return null;
  };
  await measure();
  expect(useSizes.getState().sizes).toBe(sizes);
});

describe('the form', () => {
  it('is filled from a run and given back as it was', async () => {
    await stored('datasets', dataset('own', { createdAt: 2 }), dataset('other'));
    await stored('students', student('mine', { createdAt: 2 }), student('other'));
    const { studio, state } = await openedPage();
    studio.selectStudent('mine');
    await studio.selectDataset('own');
    studio.setField('steps', '77');
    studio.setTestRows('4');
    const past = run('r', {
      datasetId: 'other',
      studentId: 'other',
      testRows: 9,
      recipe: { ...smallRecipe, steps: 5 },
    });
    repeatRun(past);
    await vi.waitFor(() => expect(state().datasetId).toBe('other'));
    expect(state()).toMatchObject({ studentId: 'other', testRows: '9', draft: { steps: '5' } });
    expect(useFormSource.getState().source).toEqual({ kind: 'run', runName: 'r', missing: [] });
    takeBack();
    await vi.waitFor(() => expect(state()).toMatchObject({ datasetId: 'own', studentId: 'mine' }));
    expect(state()).toMatchObject({ testRows: '4', draft: { steps: '77' } });
    expect(useFormSource.getState()).toEqual({ source: null, before: null });
    repeatRun({ ...past, datasetId: 'gone', studentId: 'gone', testRows: null });
    expect(useFormSource.getState().source).toMatchObject({ missing: ['rows', 'student'] });
    expect(state()).toMatchObject({ datasetId: 'own', studentId: 'mine', testRows: '' });
  });

  it('is filled from a link with what of it is here, by place on a hub or by id', async () => {
    await stored('datasets', dataset('own', { createdAt: 2 }), dataset('rows', { hub: 'o/d@c' }));
    await stored(
      'students',
      student('mine', { createdAt: 2 }),
      student('nano'),
      student('flan', { hub: 'o/m@c' }),
    );
    const { state, wire } = await openedPage();
    const draft = draftOf({ ...smallRecipe, steps: 5 });
    fillFromLink(draft, { student: 'hub:o/m@c', data: 'hub:o/d@c' });
    await vi.waitFor(() => expect(state().datasetId).toBe('rows'));
    expect(state()).toMatchObject({ studentId: 'flan', draft: { steps: '5' } });
    expect(useFormSource.getState().source).toEqual({
      kind: 'link',
      wanted: { student: null, data: null },
      took: ['student', 'data'],
    });
    fillFromLink(draft, { student: 'nano', data: 'hub:o/d@later' });
    expect(state().studentId).toBe('nano');
    expect(useFormSource.getState().source).toMatchObject({
      wanted: { student: null, data: 'hub:o/d@later' },
      took: ['student'],
    });
    const before = wire.of('load-sample').length;
    fillFromLink(draft, { student: null, data: sampleDatasetId });
    await vi.waitFor(() => expect(wire.of('load-sample')).toHaveLength(before + 1));
    expect(useFormSource.getState().source).toMatchObject({
      wanted: { student: null, data: null },
      took: ['data'],
    });
    refuseToFill(['no recipe']);
    expect(useFormSource.getState()).toEqual({
      source: { kind: 'broken-link', problems: ['no recipe'] },
      before: null,
    });
    takeBack();
    expect(state().draft.steps).toBe('5');
  });
});

describe('what is remembered', () => {
  const head = (name: string) => ({ layout: 'rows', columns: [{ name }] }) as never;

  it('of columns are the last fifty maps, and nothing of what somebody else wrote', () => {
    for (let at = 0; at < 52; at += 1) keepMap(head(`c${at}`), { input: `c${at}` });
    expect(Object.values(keptMaps()).map((map) => (map as { input: string }).input)).toEqual(
      Array.from({ length: 50 }, (_, at) => `c${at + 2}`),
    );
    keepMap(head('c5'), null);
    expect(Object.keys(keptMaps())).toHaveLength(49);
    const odd = [
      ['k', { input: 'q' }],
      ['k2', { nonsense: 'q' }],
      ['k3', { input: 4 }],
      [5, { input: 'q' }],
      ['k4', null],
      'text',
    ];
    localStorage.setItem('stillroom.column-maps', JSON.stringify(odd));
    expect(keptMaps()).toEqual({ k: { input: 'q' } });
    for (const text of ['{', '{"a":1}']) {
      localStorage.setItem('stillroom.column-maps', text);
      expect(keptMaps()).toEqual({});
    }
  });

  it('of questions are those that were pinned last, each once', () => {
    expect(pinQuestion('d', 'one', true)).toEqual(['one']);
    expect(pinQuestion('d', 'two', true)).toEqual(['one', 'two']);
    expect(pinQuestion('d', 'one', true)).toEqual(['two', 'one']);
    expect(pinQuestion('d', 'two', false)).toEqual(['one']);
    expect(pinnedQuestions('d')).toEqual(['one']);
    expect(pinQuestion('d', 'one', false)).toEqual([]);
    expect(localStorage.getItem('stillroom.pinned-questions')).toBe('{}');
  });

  it('of what was asked are the newest twenty of each run', () => {
    for (let at = 0; at < 22; at += 1) keepAsked('r', { question: `q${at}` } as never);
    const kept = askedStore.getState()['r']!;
    expect([kept.length, (kept[0] as unknown as { question: string }).question]).toEqual([20, 'q21']);
    expect(kept[0]!.id).toBe(kept[1]!.id + 1);
    keepOther('r', kept[1]!.id, { runName: 'other' } as never);
    expect(askedStore.getState()['r']!.map(({ other }) => Boolean(other))).toEqual(
      kept.map((_, at) => at === 1),
    );
    forgetAsked('r');
    expect(askedStore.getState()['r']).toHaveLength(1);
    keepAsked('s', {} as never);
    expect(Object.keys(askedStore.getState())).toEqual(['r', 's']);
    keepOther('nobody', 1, {} as never);
    expect(askedStore.getState()['nobody']).toEqual([]);
  });
});

describe('room', () => {
  it('is what the browser says, and not known where it says nothing', async () => {
    const persist = vi.fn(() => Promise.resolve(false));
    vi.stubGlobal('navigator', {
      locks: navigator.locks,
      storage: {
        estimate: () => Promise.resolve({ usage: 30, quota: 100 }),
        persisted: () => Promise.resolve(false),
        persist,
      },
    });
    await readRoom();
    expect(useRoom.getState()).toMatchObject({ usageBytes: 30, quotaBytes: 100, persisted: false });
    expect(freeBytes(useRoom.getState())).toBe(70);
    expect(freeBytes({ usageBytes: 130, quotaBytes: 100 })).toBe(0);
    expect(freeBytes({ usageBytes: null, quotaBytes: 100 })).toBeNull();
    expect(freeBytes({ usageBytes: 3, quotaBytes: null })).toBeNull();
    expect(useRoom.getInitialState().asked).toBe(false);
    useRoom.setState({ asked: false });
    await askToPersist();
    await askToPersist();
    expect(persist).toHaveBeenCalledTimes(1);
    persist.mockResolvedValue(true);
    await askToPersist(true);
    expect(useRoom.getState().persisted).toBe(true);
    await askToPersist(true);
    expect(persist).toHaveBeenCalledTimes(2);
    vi.stubGlobal('navigator', { locks: navigator.locks });
    await readRoom();
    expect(useRoom.getState()).toMatchObject({ usageBytes: null, quotaBytes: null, persisted: null });
  });
});

it('a host is asked while prompts go to it, and none otherwise', () => {
  const before = teacherStore.getInitialState();
  expect(before).toMatchObject({
    version: 0,
    stored: 0,
    keyHeld: false,
    spent: { input: 0, output: 0, cost: null },
  });
  const setup = { where: 'network', endpoint: 'https://api.example:8443/v1' } as never;
  for (const phase of ['asking', 'pausing', 'checking'] as const)
    expect(hostAsked({ ...before, phase, setup })).toBe('api.example:8443');
  for (const phase of ['closed', 'opening', 'ready'] as const)
    expect(hostAsked({ ...before, phase, setup })).toBeNull();
  expect(hostAsked({ ...before, phase: 'asking' })).toBeNull();
  expect(hostAsked({ ...before, phase: 'asking', setup: { where: 'tab' } as never })).toBeNull();
  expect(
    hostAsked({ ...before, phase: 'asking', setup: { where: 'network', endpoint: 'no address' } as never }),
  ).toBeNull();
});

it('a machine is chosen by name, and any other text leaves the choice to the studio', () => {
  for (const { value } of machineOptions) expect(parseMachineChoice(value)).toBe(value === '' ? null : value);
  expect([parseMachineChoice('toString'), parseMachineChoice(null)]).toEqual([null, null]);
});

it('a curve that is read again is another version of it, once for each change', async () => {
  await stored('runs', run('r'), run('s', { createdAt: 0 }));
  const { studio, state } = await openedPage();
  await studio.selectRun('s');
  const { version } = state().metrics;
  await appendMetrics('r', [
    { step: 1, elapsedMs: 1 },
    { step: 2, elapsedMs: 2 },
  ] as never);
  await studio.selectRun('r');
  expect(state().metrics).toMatchObject({
    runId: 'r',
    version: version + 2,
    points: [{ step: 1 }, { step: 2 }],
  });
  // Nothing new: what is drawn stays.
  const { metrics } = state();
  await studio.selectRun('r');
  expect(state().metrics).toBe(metrics);
  expect(state().runs.find(({ id }) => id === 'r')?.step).toBe(2);
  await studio.selectRun(null);
  expect(state()).toMatchObject({ runId: null, metrics: { runId: null, points: [], version: version + 3 } });
});

it('of several models in this tab the named one is removed, and an experiment leaves its runs', async () => {
  const files = originFiles();
  vi.stubGlobal('navigator', {
    locks: navigator.locks,
    storage: { getDirectory: files.getDirectory },
  });
  const model = (name: string) => ({
    name,
    precision: 'q4',
    files: [{ path: 'm', id: name.at(-1)!, sizeBytes: 1 }],
  });
  for (const name of ['o/a', 'o/b']) {
    await keepTabModel(model(name));
    await (await openPieces(name.at(-1)!, 'onnx')).append(Uint8Array.from([1]));
  }
  await stored('runs', run('r'));
  await writeExperiment({ id: 'e', createdAt: 1, runs: [] } as never);
  const { state } = await openedPage();
  await remove({ kind: 'tab-model', id: tabModelId(model('o/b')) });
  expect((await listTabModels()).map(({ name }) => name)).toEqual(['o/a']);
  expect([...files.folders.get('hub-models')!.keys()].toSorted()).toEqual(['a.0', 'index.json']);
  await remove({ kind: 'tab-model', id: 'nobody' });
  expect(await listTabModels()).toHaveLength(1);
  await remove({ kind: 'experiment', id: 'e' });
  expect(await listExperiments()).toEqual([]);
  expect(state().runs).toHaveLength(1);
});
