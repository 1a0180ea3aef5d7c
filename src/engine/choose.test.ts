import { describe, expect, it } from 'vitest';
import { InputError } from '../base/errors.ts';
import { chooseEngine } from './choose.ts';

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
