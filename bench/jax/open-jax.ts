/** jax-js on this process's WebGPU. */
import { EngineError } from '../../src/base/errors.ts';
import { openNodeGpu } from '../../src/engine/tfjs/node-backend.ts';

/**
 * Makes WebGPU jax-js' default device. What it computes with is loaded here: its modules look at `navigator`.
 * @throws EngineError where there is no GPU.
 */
export async function openJax(): Promise<typeof import('./jax-trainer.ts')> {
  await openNodeGpu();
  // It asks what browser it is in; Node 20 has no navigator to say.
  const navigator = globalThis.navigator as { userAgent?: string } | undefined;
  if (navigator !== undefined && navigator.userAgent === undefined) {
    Object.defineProperty(navigator, 'userAgent', { value: 'Node.js', configurable: true });
  }
  const { init, defaultDevice } = await import('@jax-js/jax');
  const devices = await init('webgpu');
  if (!devices.includes('webgpu')) {
    throw new EngineError('jax-js found no GPU.', 'Run it where Node has WebGPU.');
  }
  defaultDevice('webgpu');
  return import('./jax-trainer.ts');
}
