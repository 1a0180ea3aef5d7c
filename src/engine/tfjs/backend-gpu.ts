/**
 * TensorFlow.js' WebGPU backend on our own device: its own request raises too few limits, and nothing in it
 * notices that the device is lost (after which everything resolves normally, with nonsense).
 */
import * as tf from '@tensorflow/tfjs-core';
import { WebGPUBackend } from '@tensorflow/tfjs-backend-webgpu/dist/index.js';
import type { OpenBackend } from './open.ts';
import { DeviceWatch } from '../gpu/device-watch.ts';
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

  const watch = new DeviceWatch(device);

  // The package registers its own backend when it is imported.
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
      watch.check();
      makeCurrent('webgpu');
    },
    settle: (work) => watch.settle(work),
    bytesHeld: () => (backend.memory() as { numBytesAllocatedInGPU: number }).numBytesAllocatedInGPU,
    close: () => {
      if (openDevice !== device) return;
      openDevice = null;
      tf.removeBackend('webgpu');
      device.destroy();
    },
  };
}
