/** What a GPU that computes wrongly meets: variants of products that differ, and a step held against the CPU. */
import { describe, expect, test } from 'vitest';
import { hasGpu } from '../../../tests/support/gpu.ts';
import { lastProof, type AdapterMemory, type AdapterRecord } from '../gpu/adapter-notes.ts';
import { tinyEngineStudent } from '../plan/testing/tiny-engine.ts';
import { openNodeGpu } from '../tfjs/node-backend.ts';
import { createWgslEngine } from './wgsl-engine.ts';

const student = tinyEngineStudent();

/** What the driver compiles kernels to. */
let change = (code: string) => code;
let compiled = 0;
const pipelines: GPUComputePipeline[] = [];

/**
 * This machine's GPU with a driver that compiles kernels to something else. One device for all that ask: drivers know
 * kernels again that they have compiled for it, and compiling is nearly all of the time.
 */
function openStrangeGpu(): GPU {
  let device: Promise<GPUDevice> | null = null;
  const openDevice = async (adapter: GPUAdapter, descriptor?: GPUDeviceDescriptor) => {
    const opened = await adapter.requestDevice(descriptor);
    const createShaderModule = opened.createShaderModule.bind(opened);
    opened.createShaderModule = ({ code, ...rest }) => {
      compiled += 1;
      return createShaderModule({ ...rest, code: change(code) });
    };
    // What is not held is forgotten.
    const createPipeline = opened.createComputePipelineAsync.bind(opened);
    opened.createComputePipelineAsync = async (wanted) => {
      const pipeline = await createPipeline(wanted);
      pipelines.push(pipeline);
      return pipeline;
    };
    opened.destroy = () => undefined;
    return opened;
  };
  const requestAdapter = async () => {
    const real = (await openNodeGpu())!;
    const adapter = (await real.requestAdapter())!;
    const own = Object.create(adapter) as GPUAdapter;
    // Kernels without quads compile in a fraction of the time.
    Object.defineProperties(own, {
      features: { value: new Set() },
      info: { value: adapter.info },
      limits: { value: adapter.limits },
      requestDevice: {
        value: (descriptor?: GPUDeviceDescriptor) => (device ??= openDevice(adapter, descriptor)),
      },
    });
    return own;
  };
  return { requestAdapter } as GPU;
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
  const gpu = openStrangeGpu();

  test('one that computes rightly is used, and not asked again', async () => {
    const kept = memory();
    const options = { gpu, reason: 'A test.', memory: kept };
    (await createWgslEngine(student, options)).dispose();
    const proof = lastProof(kept.last())!;
    expect(proof.verdict).toBe('right');
    // As operations.gpu.test.ts has it of single operations: a step of four layers is no more than ten times that.
    expect(proof.worstDifference!).toBeLessThan(1e-4);
    const once = compiled;
    (await createWgslEngine(student, options)).dispose();
    expect(lastProof(kept.last())).toEqual(proof);
    expect(compiled - once).toBeLessThan(once / 2);
  });

  test('one that computes norms a little wrongly is not used, and says by how much', async () => {
    const kept = memory();
    let spoilt = 0;
    change = (code) =>
      code.replace('1.0 / sqrt(sum', () => {
        spoilt += 1;
        return '0.99 / sqrt(sum';
      });
    await expect(createWgslEngine(student, { gpu, reason: 'A test.', memory: kept })).rejects.toThrow(
      /computes wrongly: .* differ from the CPU’s by .* %/,
    );
    expect(spoilt).toBeGreaterThan(0);
    expect(lastProof(kept.last())!.verdict).toBe('wrong');
  });

  test('an opening that is given up while kernels are compiled ends at once, and keeps nothing of its check', async () => {
    change = (code) => code;
    const kept = memory();
    const given = new AbortController();
    const opening = createWgslEngine(student, {
      gpu,
      reason: 'A test.',
      memory: kept,
      signal: given.signal,
      onCompile: () => given.abort(new Error('no more')),
    });
    await expect(opening).rejects.toThrow('no more');
    expect(kept.last()).toBeNull();
  });
});
