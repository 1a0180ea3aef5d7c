/** What a GPU that computes wrongly meets: variants of products that differ, and a step held against the CPU. */
import { describe, expect, test } from 'vitest';
import { hasGpu } from '../../../tests/support/gpu.ts';
import { lastProof, type AdapterMemory, type AdapterRecord } from '../gpu/adapter-notes.ts';
import { tinyEngineStudent } from '../plan/testing/tiny-engine.ts';
import { openNodeGpu } from '../tfjs/node-backend.ts';
import { createWgslEngine } from './wgsl-engine.ts';

const student = tinyEngineStudent();

/** This machine's GPU with a driver that compiles kernels to something else. */
async function gpuThatCompiles(
  change: (code: string) => string,
): Promise<{ gpu: GPU; compiled: () => number }> {
  const real = (await openNodeGpu())!;
  let count = 0;
  const requestAdapter = async () => {
    const adapter = (await real.requestAdapter())!;
    // Kernels without quads compile in a fraction of the time.
    Object.defineProperty(adapter, 'features', { value: new Set() });
    const requestDevice = adapter.requestDevice.bind(adapter);
    adapter.requestDevice = async (descriptor) => {
      const device = await requestDevice(descriptor);
      const createShaderModule = device.createShaderModule.bind(device);
      device.createShaderModule = ({ code, ...rest }) => {
        count += 1;
        return createShaderModule({ ...rest, code: change(code) });
      };
      return device;
    };
    return adapter;
  };
  return { gpu: { requestAdapter } as GPU, compiled: () => count };
}

function memory(): AdapterMemory & { last: () => AdapterRecord | null } {
  let kept: AdapterRecord | null = null;
  return {
    browser: 'a test',
    read: () => Promise.resolve(kept),
    write: (_, record) => {
      kept = record;
      return Promise.resolve();
    },
    last: () => kept,
  };
}

describe.skipIf(!hasGpu)('a GPU is held against the CPU before it is used', () => {
  test('one that computes rightly is used, and not asked again', async () => {
    const kept = memory();
    const { gpu, compiled } = await gpuThatCompiles((code) => code);
    const options = { gpu, reason: 'A test.', memory: kept };
    (await createWgslEngine(student, options)).dispose();
    const proof = lastProof(kept.last())!;
    expect(proof.verdict).toBe('right');
    // As operations.gpu.test.ts has it of single operations: a step of four layers is no more than ten times that.
    expect(proof.worstDifference!).toBeLessThan(1e-4);
    const once = compiled();
    (await createWgslEngine(student, options)).dispose();
    expect(lastProof(kept.last())).toEqual(proof);
    expect(compiled() - once).toBeLessThan(once / 2);
  });

  test('one that computes norms a little wrongly is not used, and says by how much', async () => {
    const kept = memory();
    let spoilt = 0;
    const { gpu } = await gpuThatCompiles((code) =>
      code.replace('1.0 / sqrt(sum', () => {
        spoilt += 1;
        return '0.99 / sqrt(sum';
      }),
    );
    await expect(createWgslEngine(student, { gpu, reason: 'A test.', memory: kept })).rejects.toThrow(
      /computes wrongly: .* differ from the CPU’s by .* %/,
    );
    expect(spoilt).toBeGreaterThan(0);
    expect(lastProof(kept.last())!.verdict).toBe('wrong');
  });
});
