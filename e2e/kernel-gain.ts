/** Which WebAssembly kernels a browser's runs begin with. */
import type { Page } from '@playwright/test';
import { kernelsVersion } from '../scripts/build-kernels.mjs';

/**
 * Writes what would have been measured of relaxed SIMD in this browser. With a gain of 1 all runs have the plain kernels,
 * so that two that were begun in different pages agree to the byte: a busy machine measures nothing the one time, and
 * something the next.
 */
export async function rememberGain(page: Page, gain: number): Promise<void> {
  await page.evaluate(
    async ([version, relaxed]) => {
      const asked = <T>(request: IDBRequest<T>): Promise<T> =>
        new Promise((resolve, reject) => {
          request.onsuccess = () => resolve(request.result);
          request.onerror = () => reject(new Error(request.error?.message));
        });
      const opening = indexedDB.open('stillroom-gpu-tuning', 1);
      opening.onupgradeneeded = () => void opening.result.createObjectStore('choices');
      const database = await asked(opening);
      const stamp = `${navigator.userAgent}, kernels ${version}`;
      const record = { stamp, choices: {}, tried: {}, proofs: {}, gains: { relaxed } };
      await asked(
        database.transaction('choices', 'readwrite').objectStore('choices').put(record, 'WebAssembly'),
      );
      database.close();
    },
    [kernelsVersion(), gain] as const,
  );
}
