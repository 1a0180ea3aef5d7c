import { expect, it, vi } from 'vitest';
import { DeviceLostError, EngineError, InputError, LostWeightsError, NoGpuError } from '../base/errors.ts';
import { Control } from '../distill/control.ts';
import type { RunSoFar } from '../distill/ports.ts';
import { Recovery } from '../distill/recovery.ts';
import type { RunState } from '../distill/run-state.ts';
import type { EngineRequest } from '../engine/choose.ts';
import type { Engine } from '../engine/engine.ts';
import type { Turn } from './engine-owner.ts';
import { asStopped, recover, type RunPorts } from './recover.ts';

const lost = new DeviceLostError('The GPU is gone.', 'Go on.');
const cannotOpen = new EngineError('No adapter was found.', 'Try again.');

/** A run whose engine is opened by `openings`, one after the other: an error is thrown, all else is an engine. */
function scene(
  backend: string,
  openings: readonly (Error | 'engine')[] = ['engine'],
  savedStep: number | null = 4,
) {
  const told: RunState[] = [];
  const asked: EngineRequest[] = [];
  const done: string[] = [];
  const left = [...openings];
  const engine = {
    describe: () => ({ engine: backend === 'cpu' ? 'twin' : 'wgsl', backend }),
  } as unknown as Engine;
  const turn = {
    engine,
    discard: () => done.push('discard'),
    replace: () => done.push('replace'),
  } as unknown as Turn;
  const control = new Control();
  const waits: number[] = [];
  let opens = (): void => undefined;
  let waited = (): void => undefined;
  vi.spyOn(control, 'sleep').mockImplementation((ms) => {
    waits.push(ms);
    if (waits.length > 1) waited();
    return Promise.resolve();
  });
  const ports = {
    control,
    sink: {
      soFar: { step: 6, savedStep } as RunSoFar,
      state: (state: RunState) => {
        told.push(state);
        return Promise.resolve();
      },
      tell: () => undefined,
    },
    checkpoints: {
      rewind: () => {
        done.push('rewind');
        return Promise.resolve(null);
      },
    },
    open: (request: EngineRequest) => {
      asked.push(request);
      opens();
      const next = left.shift() ?? 'engine';
      return next === 'engine' ? Promise.resolve(engine) : Promise.reject(next);
    },
  } as unknown as RunPorts;
  const after = (failure: Error, recovery = new Recovery(4)) => recover(turn, ports, recovery, failure);
  const onOpen = (act: () => void) => (opens = act);
  return { told, asked, done, waits, control, after, onOpen, onWait: (act: () => void) => (waited = act) };
}

it('goes back to the last checkpoint on a fresh engine of the same kind, and says why', async () => {
  const { after, told, asked, done, waits } = scene('webgpu');
  expect(await after(lost)).toEqual({ kind: 'again', from: null });
  expect(told).toEqual([{ phase: 'recovering', step: 6, reason: 'The GPU is gone' }]);
  expect(asked).toEqual([{ engine: 'wgsl', backend: 'webgpu', kernels: null }]);
  // The lost one goes first: two would not fit on the GPU.
  expect(done).toEqual(['discard', 'rewind', 'replace']);
  expect(waits).toEqual([1000]);
});

it('tries again where the fresh engine does not open either, and gives up after three times', async () => {
  const opens = scene('webgpu', [cannotOpen, 'engine']);
  expect(await opens.after(lost)).toEqual({ kind: 'again', from: null });
  expect(opens.told).toHaveLength(2);
  expect(opens.waits).toEqual([1000, 5000]);
  const never = scene('webgpu', [cannotOpen, cannotOpen, cannotOpen]);
  await expect(never.after(lost)).rejects.toThrow(/tried 3 times/);
  expect(never.asked).toHaveLength(2);
});

it('waits for a GPU that the browser starts again, and reads the checkpoint once meanwhile', async () => {
  const away = new NoGpuError('WebGPU found no GPU.', 'Choose wasm.');
  const slow = scene('webgpu', [...Array.from({ length: 9 }, () => away), 'engine']);
  expect(await slow.after(lost)).toEqual({ kind: 'again', from: null });
  expect(slow.waits).toEqual([1000, 1000, 2000, 4000, 5000, 5000, 5000, 5000, 5000, 5000]);
  expect(slow.done).toEqual(['discard', 'rewind', 'replace']);
  expect(slow.told.at(-1)).toMatchObject({ reason: 'waiting for the browser to start the GPU again' });
  const gone = scene(
    'webgpu',
    Array.from({ length: 60 }, () => away),
  );
  await expect(gone.after(lost)).rejects.toThrow(/waited for two and a half minutes/);
  const stopped = scene('webgpu', [away]);
  stopped.onWait(() => stopped.control.stop());
  expect(await stopped.after(lost)).toMatchObject({ kind: 'ended', end: { phase: 'done', stopped: true } });
});

it('counts failures over attempts until a checkpoint comes between', async () => {
  const recovery = new Recovery(4);
  for (const parts of [1, 2]) {
    await scene('webgpu').after(lost, recovery);
    expect(recovery.parts).toBe(parts);
  }
  await expect(scene('webgpu').after(lost, recovery)).rejects.toThrow(/WebAssembly/);
  expect(await scene('webgpu', ['engine'], 5).after(lost, recovery)).toMatchObject({ kind: 'again' });
});

it('tries again what did not open, and not what fails in a run in the same words', async () => {
  const recovery = new Recovery(4);
  await scene('webgpu').after(lost, recovery);
  await expect(scene('webgpu').after(cannotOpen, recovery)).rejects.toBe(cannotOpen);
});

it('fails at once on WebAssembly, but for weights that could not be put back, and for what no device mends', async () => {
  const { after, asked, done } = scene('wasm');
  await expect(after(lost)).rejects.toBe(lost);
  expect([asked, done]).toEqual([[], []]);
  const weights = new LostWeightsError('The weights are gone.', 'Go on.');
  const again = scene('cpu');
  expect(await again.after(weights)).toMatchObject({ kind: 'again' });
  expect(again.asked).toEqual([{ engine: null, backend: 'cpu', kernels: null }]);
  const input = new InputError('No such row.', 'Look.');
  await expect(scene('webgpu').after(input)).rejects.toBe(input);
});

it('ends as stopped where the person stops while the fresh engine opens', async () => {
  const opening = scene('webgpu', [cannotOpen]);
  opening.onOpen(() => opening.control.stop());
  expect(await opening.after(lost)).toMatchObject({ kind: 'ended', end: { phase: 'done', stopped: true } });
});

it('ends as stopped where the person stopped meanwhile, with what was saved', async () => {
  const { after, control, asked, told } = scene('webgpu');
  control.stop();
  const end = { phase: 'done', step: 4, stopped: true };
  expect(await after(lost)).toEqual({ kind: 'ended', end });
  expect([asked, told.at(-1)]).toEqual([[], end]);
  expect(asStopped({ savedStep: null })).toMatchObject({ phase: 'failed', error: { name: 'Interrupted' } });
  expect(asStopped({ savedStep: 0 })).toMatchObject({ phase: 'done', step: 0 });
});
