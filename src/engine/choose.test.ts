import { describe, expect, it } from 'vitest';
import { EngineError, InputError } from '../base/errors.ts';
import { chooseEngine, openChosen } from './choose.ts';
import type { Engine } from './engine.ts';

const gpu = (kind: 'none' | 'software' | 'hardware') => () =>
  Promise.resolve({ kind, description: `${kind} one` });
const unasked = () => Promise.reject(new Error('nobody should look for a GPU'));

describe('chooseEngine', () => {
  it('takes WebGPU where there is a real GPU, else the plan on WebAssembly, and says why', async () => {
    const nothing = { engine: null, backend: null };
    expect(await chooseEngine(nothing, gpu('hardware'))).toMatchObject({
      engine: 'wgsl',
      reason: expect.stringContaining('hardware one') as string,
    });
    expect(await chooseEngine(nothing, gpu('software'))).toEqual({
      engine: 'wasm',
      reason: expect.stringContaining('software one') as string,
    });
    expect(await chooseEngine(nothing, gpu('none'))).toMatchObject({ engine: 'wasm' });
  });

  it('obeys a name without looking for a GPU', async () => {
    expect(await chooseEngine({ engine: 'tfjs', backend: 'wasm' }, unasked)).toEqual({
      engine: 'tfjs',
      backend: 'wasm',
    });
    expect(await chooseEngine({ engine: 'tfjs', backend: null }, unasked)).toEqual({
      engine: 'tfjs',
      backend: null,
    });
    expect(await chooseEngine({ engine: null, backend: 'wasm' }, unasked)).toMatchObject({ engine: 'wasm' });
    expect(await chooseEngine({ engine: null, backend: 'webgpu' }, unasked)).toMatchObject({
      engine: 'wgsl',
    });
    expect(await chooseEngine({ engine: 'wgsl', backend: null }, unasked)).toMatchObject({ engine: 'wgsl' });
    expect(await chooseEngine({ engine: 'tfjs', backend: 'webgpu' }, unasked)).toEqual({
      engine: 'tfjs',
      backend: 'webgpu',
    });
    expect(await chooseEngine({ engine: 'wasm', backend: null }, unasked)).toMatchObject({ engine: 'wasm' });
  });

  it('refuses what does not go together', async () => {
    await expect(chooseEngine({ engine: 'wasm', backend: 'webgpu' }, unasked)).rejects.toThrow(InputError);
    await expect(chooseEngine({ engine: 'wgsl', backend: 'wasm' }, unasked)).rejects.toThrow(InputError);
  });
});

describe('openChosen', () => {
  const engine = {} as Engine;
  const chosen = { engine: 'wgsl', reason: 'A GPU was found.' } as const;
  const nothing = { engine: null, backend: null };
  /** What was opened, and why; `fails` names what does not start. */
  function openers(...fails: string[]) {
    const log: string[] = [];
    const one = (name: string) => (told: string | null) => {
      log.push(`${name}: ${told}`);
      if (!fails.includes(name)) return Promise.resolve(engine);
      return Promise.reject(new EngineError(`No ${name}.`, 'Try another.'));
    };
    return { log, wgsl: one('wgsl'), wasm: one('wasm'), tfjs: one('tfjs'), instead: one('instead') };
  }

  it('takes the next best, and says why, where nothing was asked for', async () => {
    const open = openers('wgsl', 'wasm');
    expect(await openChosen(chosen, nothing, open)).toBe(engine);
    expect(open.log).toEqual([
      'wgsl: A GPU was found.',
      'wasm: The GPU did not start (No wgsl), so training runs on WebAssembly.',
      'instead: No wasm',
    ]);
  });

  it("opens nothing else where one was asked for, or the fault is no engine's", async () => {
    const asked = openers('wgsl');
    await expect(openChosen(chosen, { engine: 'wgsl', backend: null }, asked)).rejects.toThrow('No wgsl');
    const broken = { ...openers(), wgsl: () => Promise.reject(new TypeError('ours')) };
    await expect(openChosen(chosen, nothing, broken)).rejects.toThrow('ours');
    expect([asked.log.length, broken.log.length]).toEqual([1, 0]);
  });

  it('opens TensorFlow.js on the backend that was chosen', async () => {
    const open = openers();
    await openChosen({ engine: 'tfjs', backend: 'cpu' }, { engine: 'tfjs', backend: 'cpu' }, open);
    expect(open.log).toEqual(['tfjs: cpu']);
  });
});
