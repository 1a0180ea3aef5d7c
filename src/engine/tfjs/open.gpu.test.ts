/** Which backend is opened, and what is said about it. */
import { describe, expect, it } from 'vitest';
import { EngineError } from '../../base/errors.ts';
import { probeAdapter } from '../gpu/probe.ts';
import { openBackend } from './open.ts';
import { wasmFiles } from './node-backend.ts';
import './node-globals.ts';

/** A `navigator.gpu` whose adapter says this of itself. It is asked for nothing else. */
function gpuWith(info: Partial<GPUAdapterInfo> | null): GPU {
  const blank = { description: '', vendor: '', architecture: '', device: '', isFallbackAdapter: false };
  const adapter = info === null ? null : ({ info: { ...blank, ...info } } as GPUAdapter);
  return { requestAdapter: () => Promise.resolve(adapter) } as unknown as GPU;
}

describe('probing for a GPU', () => {
  it('tells hardware from software from nothing', async () => {
    const cases: [Partial<GPUAdapterInfo> | null, string, string][] = [
      [null, 'none', 'WebGPU found no GPU'],
      [{ vendor: 'nvidia', architecture: 'hopper' }, 'hardware', 'nvidia hopper'],
      [{ description: 'Apple M3', vendor: 'apple' }, 'hardware', 'Apple M3'],
      [{}, 'hardware', 'an unnamed GPU'],
      [{ vendor: 'google', architecture: 'swiftshader' }, 'software', 'google swiftshader'],
      [{ description: 'SwiftShader Device (Subzero)' }, 'software', 'SwiftShader Device (Subzero)'],
      [{ description: 'llvmpipe (LLVM 15.0.6, 256 bits)' }, 'software', 'llvmpipe (LLVM 15.0.6, 256 bits)'],
      [{ description: 'Microsoft Basic Render Driver' }, 'software', 'Microsoft Basic Render Driver'],
      [{ vendor: 'intel', isFallbackAdapter: true }, 'software', 'intel'],
    ];
    for (const [info, kind, description] of cases) {
      expect(await probeAdapter(gpuWith(info))).toMatchObject({ kind, description });
    }
    expect(await probeAdapter(undefined)).toEqual({
      kind: 'none',
      description: 'WebGPU is not available here',
    });
    const throwing = { requestAdapter: () => Promise.reject(new Error('no driver')) } as unknown as GPU;
    expect(await probeAdapter(throwing)).toMatchObject({ kind: 'none' });
  });
});

describe('opening a backend', () => {
  const wasmPaths = wasmFiles();

  it('takes WebAssembly where the only adapter is software, and says so', async () => {
    const backend = await openBackend({ wasmPaths, gpu: gpuWith({ description: 'SwiftShader' }) });
    expect(backend.name).toBe('wasm');
    expect(backend.adapter).toBe('WebAssembly SIMD, one thread');
    expect(backend.reason).toBe(
      'No GPU was found (the only adapter is SwiftShader, which is software), so training runs on WebAssembly with one thread.',
    );
  });

  it('takes WebAssembly where a GPU does not open', async () => {
    const backend = await openBackend({ wasmPaths, gpu: gpuWith({ description: 'Apple M3' }) });
    expect(backend.name).toBe('wasm');
    expect(backend.reason).toMatch(
      /^The GPU \(Apple M3\) could not be opened \(.+\), so training runs on WebAssembly/,
    );
  });

  it('takes plain JavaScript where WebAssembly does not start', async () => {
    const backend = await openBackend({ gpu: gpuWith(null) });
    expect(backend.name).toBe('cpu');
    expect(backend.reason).toMatch(
      /^No GPU was found \(WebGPU found no GPU\), and WebAssembly did not start \(.+\), so/,
    );
  });

  it('opens what was asked for by name', async () => {
    const gpu = gpuWith(null);
    expect(await openBackend({ backend: 'wasm', wasmPaths, gpu })).toMatchObject({
      name: 'wasm',
      reason: 'WebAssembly was asked for.',
    });
    expect(await openBackend({ backend: 'cpu', gpu })).toMatchObject({
      name: 'cpu',
      reason: 'Plain JavaScript was asked for.',
    });
  });

  it('refuses WebGPU asked for by name where there is none, and says what to do', async () => {
    const refusal = openBackend({ backend: 'webgpu', wasmPaths, gpu: gpuWith(null) });
    await expect(refusal).rejects.toThrow(EngineError);
    await expect(refusal).rejects.toThrow('WebGPU was asked for, but WebGPU found no GPU. Choose wasm');
    const broken = openBackend({ backend: 'webgpu', wasmPaths, gpu: gpuWith({ description: 'Apple M3' }) });
    await expect(broken).rejects.toThrow(/The GPU \(Apple M3\) could not be opened/);
  });
});
