/** The page's end of a model in this tab. */
import { EngineError } from '../base/errors.ts';
import { Caller } from '../frames/calls.ts';
import type { Opened, TabCalls } from './calls.ts';
import { bestVariant, type Device, type ModelFolder, type Precision, type Variant } from './model-folder.ts';

export interface TabModel extends Opened {
  folder: ModelFolder;
  variant: Variant;
  device: Device;
  call: Caller<TabCalls>['call'];
  /** Ends the worker: what is waited for fails, and the memory is free. */
  close: () => void;
}

/** JSPI, which the runtime's build with WebGPU needs. */
const canSuspend = 'Suspending' in WebAssembly;

/** Where a model would be run here. */
export async function chooseDevice(): Promise<Device> {
  if (!canSuspend || !('gpu' in navigator)) return 'wasm';
  const adapter = await navigator.gpu.requestAdapter().catch(() => null);
  // A GPU in software is slower than the processor itself.
  return adapter === null || adapter.info.isFallbackAdapter ? 'wasm' : 'webgpu';
}

/**
 * Opens a model in its own worker; the runtime is fetched by it, and by nothing before.
 * @param wish The precision; null for the one that suits the device best.
 * @throws FrameError with the runtime's own words; EngineError where the worker does not start.
 */
export async function openTabModel(
  folder: ModelFolder,
  device: Device,
  wish: Precision | null,
  progress: (readBytes: number) => void,
): Promise<TabModel> {
  const variant =
    folder.variants.find(({ precision }) => precision === wish) ?? bestVariant(folder.variants, device);
  const worker = new Worker(new URL('./model.worker.ts', import.meta.url), { type: 'module' });
  const { port1, port2 } = new MessageChannel();
  const caller = new Caller<TabCalls>(port1);
  const close = (): void => {
    caller.close();
    worker.terminate();
  };
  const failed = new Promise<never>((_, reject) => {
    worker.onerror = (event) =>
      reject(
        new EngineError(
          `The model’s worker failed: ${event.message || 'it could not be started'}.`,
          'Reload the page and open the folder again; a smaller model needs less memory.',
        ),
      );
  });
  worker.postMessage(null, [port2]);
  const { files, contextTokens } = folder;
  const { precision, externalFiles } = variant;
  try {
    const opening = { files, precision, externalFiles, device, contextTokens };
    const opened = await Promise.race([caller.call('open', opening, { onProgress: progress }), failed]);
    return { ...opened, folder, variant, device, call: (...args) => caller.call(...args), close };
  } catch (error) {
    close();
    throw error;
  }
}

/** A model's name in the store: another precision gives other answers. */
export function nameOf({ folder, variant }: Pick<TabModel, 'folder' | 'variant'>): string {
  return `${folder.name} ${variant.precision}`;
}
