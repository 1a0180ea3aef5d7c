import 'fake-indexeddb/auto';
import { unzipSync } from 'fflate';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { withWebLocks } from '../../tests/support/web-locks.ts';
import type { EngineStudent } from '../engine/engine.ts';
import { createTwinEngine } from '../engine/plan/twin/twin-engine.ts';
import { floatsOf } from '../distill/checkpoint.ts';
import { parseSafetensors } from '../formats/safetensors.ts';
import { writeCheckpoint } from '../store/checkpoints.ts';
import type { RunRecord } from '../store/records.ts';
import { writeRun } from '../store/runs.ts';
import { parseT5Config } from '../student/config.ts';
import { tinyConfig } from '../student/testing/tiny-student.ts';
import { exportDemo, exportModel, packUpload, type ExportWatch } from './export-model.ts';
import { emptyStore, stateAt, trainedRun, watch as plain } from './testing/tiny-store.ts';

withWebLocks();
vi.mock('./machine.ts', () => ({
  openEngine: (student: EngineStudent) => Promise.resolve(createTwinEngine(student)),
}));

const machine = { makeWay: () => Promise.resolve(), busy: false };
const watch: ExportWatch = { ...plain, unkept: () => Promise.resolve(null), machine };

beforeEach(emptyStore);
afterEach(() => {
  vi.unstubAllGlobals();
});

async function unzipped(blob: Blob): Promise<Map<string, Uint8Array>> {
  const files = unzipSync(new Uint8Array(await blob.arrayBuffer()));
  return new Map(Object.entries(files).map(([path, bytes]) => [path.slice(path.indexOf('/') + 1), bytes]));
}
const text = (bytes: Uint8Array | undefined) => new TextDecoder().decode(bytes);

async function exported(run: RunRecord, dtype: 'f32' | 'f16' | 'bf16' = 'f32', on = watch) {
  const { blob, fileName } = await exportModel({ type: 'export-model', runId: run.id, dtype }, on);
  const files = await unzipped(blob);
  const weights = floatsOf(files.get('model.safetensors')!, 'model');
  return { fileName, files, weights, card: text(files.get('README.md')) };
}

describe('a model that is taken away', () => {
  it('has the weights of the last checkpoint, its recipe, and what was measured of them', async () => {
    const run = await trainedRun();
    const { fileName, files, weights, card } = await exported(run);
    expect(fileName).toBe('copper-heron.zip');
    expect(weights.get('shared.weight')).toEqual(stateAt(4).weights.get('shared.weight'));
    expect(JSON.parse(text(files.get('run.json')))).toMatchObject({ steps: 4, saveEvery: 2 });
    expect(card).toContain('copper-heron');
    expect(card).toContain('1 of 2');
    expect(card).toContain('| Answer | 1.0000 | 0.2500 |');
    expect([...files.keys()]).toContain('tokenizer.json');
  });

  it('has those of the step that is taken, and no figures of others', async () => {
    const { weights, card } = await exported(await trainedRun({ takenStep: 2 }));
    expect(weights.get('shared.weight')).toEqual(stateAt(2).weights.get('shared.weight'));
    expect(card).toContain('These are the weights of step 2, as the recipe says.');
    expect(card).not.toContain('1 of 2');
    expect(card).toContain('| Answer | 1.0000 | 0.5000 |');
    // The last step is what every run would have.
    expect((await exported(await trainedRun({ takenStep: 4 }))).card).not.toContain('These are the weights');
  });

  it('says by which rows its step was the best, of what student on a hub, and that it ended early', async () => {
    const evaluations = [{ step: 2, correct: 2, total: 2, split: 'validation' as const }];
    const chosen = { takenStep: 2, evaluations, studentHub: 'me/tiny@0123abc' };
    const { card } = await exported(await trainedRun(chosen, { steps: 9, evalEvery: 2, take: 'best' }));
    expect(card).toContain('weights of step 2, the best by accuracy on the validation rows.');
    expect(card).toMatch(/^base_model: me\/tiny$/m);
    expect(card).toContain('stopped by hand (the recipe has 9)');
    const early = { state: { phase: 'done', step: 4, stopped: false, early: true } } as const;
    const ended = await exported(await trainedRun(early, { steps: 9 }));
    expect(ended.card).toContain('ended early, when it got no better (the recipe has 9)');
    expect(ended.card).not.toMatch(/^base_model:/m);
  });

  it('has those of a newer checkpoint where a run at work has replaced the one that was to be read', async () => {
    let run = await trainedRun({}, { steps: 9 });
    const config = parseT5Config(JSON.stringify(tinyConfig()), 'config.json');
    const engine = { engine: 'wasm', backend: 'wasm', adapter: 'two threads' } as const;
    const told = { elapsedMs: 1, engine, accuracy: null, loss: 1 };
    const unkept = async () => {
      for (const step of run.savedStep === 4 ? [5, 6] : [])
        await writeCheckpoint(run.id, stateAt(step), config, told, () => (run = { ...run, savedStep: step }));
      return null;
    };
    const { weights } = await exported(run, 'f32', { ...watch, unkept });
    expect(weights.get('shared.weight')).toEqual(stateAt(6).weights.get('shared.weight'));
    await expect(exported(await trainedRun({ savedStep: 3 }))).rejects.toThrow('kept no weights');
  });

  it('has those on the engine where they could not be stored', async () => {
    const run = await trainedRun({ step: 3 });
    const unkept = (id: string) => Promise.resolve(id === run.id ? stateAt(3).weights : null);
    const { weights } = await exported(run, 'f32', { ...watch, unkept });
    expect(weights.get('shared.weight')).toEqual(stateAt(3).weights.get('shared.weight'));
  });

  it('says which answers rounding changes, where the machine is free for asking', async () => {
    const run = await trainedRun();
    const { fileName, files, card } = await exported(run, 'bf16');
    expect(fileName).toBe('copper-heron-bf16.zip');
    expect(card).toMatch(/2 test rows|rows? answered/i);
    const { tensors } = parseSafetensors(files.get('model.safetensors')!, 'model');
    expect(tensors.size).toBe(stateAt(4).weights.size);
    const busy = await exported(run, 'bf16', { ...watch, machine: { ...machine, busy: true } });
    expect(busy.card).not.toEqual(card);
    const without = await exported(run, 'bf16', { ...watch, machine: null });
    expect(without.card).toEqual(busy.card);
  });

  it('asks for answers as they were asked for in its comparison', async () => {
    const run = await trainedRun();
    const generation = {
      numBeams: 3,
      noRepeatNgramSize: 0,
      repetitionPenalty: 1,
      minNewTokens: 0,
      lengthPenalty: 1,
      earlyStopping: false,
    };
    await writeRun({ ...run, comparison: { ...run.comparison!, generation } });
    const { files } = await exported(run);
    expect(JSON.parse(text(files.get('run.json')))).toMatchObject({ generation: { numBeams: 3 } });
    // Of another step's comparison they say nothing.
    await writeRun({ ...run, comparison: { ...run.comparison!, generation, step: 2 } });
    const other = await exported(run);
    expect(JSON.parse(text(other.files.get('run.json')))).toMatchObject({ generation: null });
  });

  it('is refused of a run that is gone or kept no weights', async () => {
    await expect(exportModel({ type: 'export-model', runId: 'gone', dtype: 'f32' }, watch)).rejects.toThrow(
      'That run is no longer stored.',
    );
    const run = await trainedRun({ savedStep: 3 });
    await expect(exported(run)).rejects.toThrow('This run kept no weights');
  });

  it('in half precision is refused where a weight is too large for it', async () => {
    const run = await trainedRun();
    const weights = new Map(stateAt(4).weights).set('shared.weight', new Float32Array(320).fill(1e6));
    const unkept = () => Promise.resolve(weights);
    await expect(exported(run, 'f16', { ...watch, unkept })).rejects.toThrow(/f16|half/);
  });
});

describe('files for a hub', () => {
  it('are told piece by piece of all that there is', async () => {
    const run = await trainedRun();
    const told: [string, number, number][] = [];
    const report = (what: string, done: number, total: number) => void told.push([what, done, total]);
    const command = {
      type: 'pack-upload',
      runId: run.id,
      repository: 'a/b',
      dtype: 'f32',
      storage: null,
    } as const;
    const { files } = await packUpload(command, { ...watch, report });
    const names = files.map(({ path }) => path);
    expect(new Set(names).size).toBe(names.length);
    expect(names).toEqual(expect.arrayContaining(['README.md', 'config.json', 'model.safetensors']));
    const packing = told.filter(([what]) => what === 'packing the folder');
    const total = files.reduce((sum, { blob }) => sum + blob.size, 0);
    const done = packing.map(([, one]) => one);
    expect(done).toEqual(done.toSorted((a, b) => a - b));
    expect(done.at(-1)).toBe(total);
    for (const [, , of] of packing) expect(of).toBe(total);
  });

  it('have graphs beside the weights where they are asked for', async () => {
    const run = await trainedRun();
    const command = {
      type: 'pack-upload',
      runId: run.id,
      repository: 'a/b',
      dtype: 'f32',
      storage: 'f32',
    } as const;
    const { files } = await packUpload(command, watch);
    expect(files.map(({ path }) => path).some((path) => path.endsWith('.onnx'))).toBe(true);
  });
});

describe('a page to try it on', () => {
  it('has its program and the first questions, and is refused where the program does not come', async () => {
    const run = await trainedRun();
    const command = { type: 'export-demo', runId: run.id } as const;
    vi.stubGlobal('self', { location: { origin: 'http://studio.test', href: 'http://studio.test/' } });
    vi.stubGlobal('fetch', () => Promise.resolve(new Response('run();')));
    const { blob, fileName } = await exportDemo(command, watch);
    expect(fileName).toBe('copper-heron.html');
    const page = await blob.text();
    expect(page).toContain('run();');
    expect(page).toContain('ee');
    vi.stubGlobal('fetch', () => Promise.resolve(new Response('no', { status: 404 })));
    await expect(exportDemo(command, watch)).rejects.toThrow('did not come from the studio’s own host');
  });
});
