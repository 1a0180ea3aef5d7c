/**
 * TensorFlow.js' WebGPU backend on a device of our own: its own request raises too few limits, and nothing in it
 * notices that the device is lost (after which everything resolves normally, with nonsense).
 */
import * as tf from '@tensorflow/tfjs-core';
import { WebGPUBackend } from '@tensorflow/tfjs-backend-webgpu/dist/index.js';
import { DeviceLostError, EngineError } from '../../base/errors.ts';
import type { OpenBackend } from '../device.ts';
import { makeCurrent } from './current.ts';
import { addSmallGpuMatMul } from './kernels/gpu-matmul.ts';

const raisedLimits = [
  'maxBufferSize',
  'maxStorageBufferBindingSize',
  'maxStorageBuffersPerShaderStage',
  'maxComputeWorkgroupStorageSize',
  'maxComputeInvocationsPerWorkgroup',
  'maxComputeWorkgroupSizeX',
  'maxComputeWorkgroupSizeY',
  'maxComputeWorkgroupSizeZ',
  'maxComputeWorkgroupsPerDimension',
] as const;

/** Only one WebGPU backend can be TensorFlow.js' `webgpu` at a time. */
let openDevice: GPUDevice | null = null;

/**
 * Opens a device and makes it TensorFlow.js' `webgpu` backend; one that was open before is closed.
 * @param name The adapter, for people.
 * @throws Whatever the browser says against the device.
 */
export async function openGpu(adapter: GPUAdapter, name: string, reason: string): Promise<OpenBackend> {
  const device = await adapter.requestDevice({
    requiredLimits: Object.fromEntries(raisedLimits.map((limit) => [limit, adapter.limits[limit]])),
  });

  const state: { failure: Error | null } = { failure: null };
  /** Those who wait for the device now. A promise of the loss to race with would keep all that ever waited. */
  const waiting = new Set<(error: Error) => void>();
  void device.lost.then(({ message }) => {
    state.failure ??= new DeviceLostError(
      `The GPU is gone${message === '' ? '' : ` (${message.trim().replace(/\.$/, '')})`}.`,
      'Start the run again; weights kept so far are under Take away, or in the run’s folder. If it happens again, choose a smaller batch or WebAssembly.',
    );
    for (const reject of waiting) reject(state.failure);
    waiting.clear();
  });
  device.addEventListener('uncapturederror', ({ error }) => {
    state.failure ??= new EngineError(
      `The GPU refused a command (${error.message.trim().replace(/\.$/, '')}).`,
      'Choose a smaller batch or shorter lengths, or train on WebAssembly.',
    );
  });

  // The package registers a backend of its own when it is imported.
  if ((tf.findBackendFactory('webgpu') as unknown) !== null) tf.removeBackend('webgpu');
  openDevice?.destroy();
  openDevice = device;
  addSmallGpuMatMul();
  const backend = new WebGPUBackend(device, adapter.info);
  tf.registerBackend('webgpu', () => backend, 3);
  await tf.setBackend('webgpu');

  return {
    name: 'webgpu',
    adapter: name,
    reason,
    activate: () => {
      if (state.failure !== null) throw state.failure;
      makeCurrent('webgpu');
    },
    settle: async <T>(work: Promise<T>): Promise<T> => {
      const result = await new Promise<T>((resolve, reject) => {
        const { failure } = state;
        if (failure instanceof DeviceLostError) reject(failure);
        else waiting.add(reject);
        work.then(resolve, reject).finally(() => waiting.delete(reject));
      });
      if (state.failure !== null) throw state.failure;
      return result;
    },
    bytesHeld: () => (backend.memory() as { numBytesAllocatedInGPU: number }).numBytesAllocatedInGPU,
    close: () => {
      if (openDevice !== device) return;
      openDevice = null;
      tf.removeBackend('webgpu');
      device.destroy();
    },
  };
}
