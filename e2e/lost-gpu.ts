/** GPUs that get lost: what is done to the studio's worker from outside, before its engine opens. */
import type { Page } from '@playwright/test';
import { studioWorker } from './support.ts';

/**
 * Keeps hold of the GPU devices that the worker opens from now on, so that they can be lost. They come without subgroups:
 * a GPU in software compiles the kernels that do without them in less time, and each loss has it compile all of them.
 */
export async function watchDevices(page: Page): Promise<void> {
  await studioWorker(page).evaluate(() => {
    const devices: GPUDevice[] = [];
    Object.assign(globalThis, { devices });
    const adapter = GPUAdapter.prototype;
    const request = Reflect.get(adapter, 'requestDevice');
    const features = Object.getOwnPropertyDescriptor(adapter, 'features')!;
    Object.defineProperty(adapter, 'features', {
      get(this: GPUAdapter) {
        const offered = features.get!.call(this) as GPUSupportedFeatures;
        return new Set([...offered].filter((name) => name !== 'subgroups'));
      },
    });
    adapter.requestDevice = async function (this: GPUAdapter, ...options) {
      const device = await request.apply(this, options);
      devices.push(device);
      return device;
    };
  });
}

/** Destroys the device that the engine has: what a driver's reset looks like to a page. */
export async function loseDevice(page: Page): Promise<void> {
  await studioWorker(page).evaluate(() =>
    (globalThis as unknown as { devices: GPUDevice[] }).devices.at(-1)!.destroy(),
  );
}
