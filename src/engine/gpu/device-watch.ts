/**
 * What went wrong with a GPU device. WebGPU leaves a loss unsaid (after it everything resolves normally, with nonsense)
 * and tells refused commands to no caller: whoever computes asks here, and waits here.
 */
import { DeviceLostError, RefusedCommandError, withoutStop } from '../../base/errors.ts';

/** Between the failure of what was under way and word of the loss that caused it. */
const lossIsToldWithinMs = 1000;

export class DeviceWatch {
  #failure: Error | null = null;
  /** Those who wait for the device now. A promise of the loss to race with would keep all that ever waited. */
  readonly #waiting = new Set<(error: Error) => void>();

  constructor(device: GPUDevice) {
    void device.lost.then(({ message }) => {
      const words = inBrackets(message);
      this.#failure ??= new DeviceLostError(
        `The GPU is gone${words}.`,
        'Start the run again; weights kept so far are under Take away, or in the run’s folder. If it happens again, choose a smaller batch or WebAssembly.',
      );
      for (const reject of this.#waiting) reject(this.#failure);
      this.#waiting.clear();
    });
    device.addEventListener('uncapturederror', ({ error }) => {
      this.#failure ??= new RefusedCommandError(
        `The GPU refused a command${inBrackets(error.message)}.`,
        'Choose a smaller batch or shorter lengths, or train on WebAssembly.',
      );
    });
  }

  /** @throws DeviceLostError once the device is lost, RefusedCommandError once it refused something. */
  check(): void {
    if (this.#failure !== null) throw this.#failure;
  }

  /** Waits for `work`. Rejects as soon as the device is lost, and after the work where it refused something. */
  async settle<T>(work: Promise<T>): Promise<T> {
    const result = await new Promise<T>((resolve, reject) => {
      if (this.#failure instanceof DeviceLostError) reject(this.#failure);
      else this.#waiting.add(reject);
      const done = () => this.#waiting.delete(reject);
      work.then(resolve, (error: unknown) => {
        // Work that a loss cuts off may be told of it before anybody says that the device is lost.
        setTimeout(() => {
          done();
          reject(error instanceof Error ? error : new Error(String(error)));
        }, lossIsToldWithinMs);
      });
      work.then(done, () => undefined);
    });
    this.check();
    return result;
  }
}

function inBrackets(message: string): string {
  return message === '' ? '' : ` (${withoutStop(message)})`;
}
