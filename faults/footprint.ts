/** What a page and its worker hold at a moment, as the browser tells it, and by how much that grows. */
import type { CDPSession, Page } from '@playwright/test';
import { studioWorker } from '../e2e/support.ts';

/** What the worker asked of WebGPU since `countGpu`. */
export interface GpuCount {
  /** Of buffers that are not destroyed. */
  bytes: number;
  /** Buffers, bind groups, pipelines and shader modules made so far. */
  objectsMade: number;
}

export interface Footprint {
  step: number;
  gpu: GpuCount;
  /** What the engine says that it holds: its WebAssembly memory, or its GPU buffers. */
  engineBytes: number;
  pageHeapBytes: number;
  pageNodes: number;
  workerHeapBytes: number;
  /** Array buffers of the worker, WebAssembly memory left out. */
  workerArrayBytes: number;
}

/** Counts, from now on, what the worker asks of WebGPU: independent of the engine's own accounting. */
export async function countGpu(page: Page): Promise<void> {
  await studioWorker(page).evaluate(() => {
    const count = { bytes: 0, objectsMade: 0 };
    Object.assign(globalThis, { gpuCount: count });
    const live = new WeakSet<GPUBuffer>();
    type Method = (this: unknown, ...given: unknown[]) => unknown;
    const wrap = (prototype: object, name: string, after: (made: unknown) => void): void => {
      const method = Reflect.get(prototype, name) as Method;
      Reflect.set(prototype, name, function (this: unknown, ...given: unknown[]) {
        const made = method.apply(this, given);
        after(made === undefined ? this : made);
        return made;
      });
    };
    const made = () => void (count.objectsMade += 1);
    wrap(GPUDevice.prototype, 'createBuffer', (buffer) => {
      made();
      live.add(buffer as GPUBuffer);
      count.bytes += (buffer as GPUBuffer).size;
    });
    wrap(GPUBuffer.prototype, 'destroy', (buffer) => {
      if (live.delete(buffer as GPUBuffer)) count.bytes -= (buffer as GPUBuffer).size;
    });
    for (const name of [
      'createBindGroup',
      'createComputePipeline',
      'createComputePipelineAsync',
      'createShaderModule',
    ])
      wrap(GPUDevice.prototype, name, made);
  });
}

/** Reads heaps after a collection, in the page and in the studio's worker. */
export class Heaps {
  readonly #page: CDPSession;
  readonly #worker: string;
  readonly #answers = new Map<number, (result: unknown) => void>();
  #nextId = 1;

  static async of(page: Page): Promise<Heaps> {
    const session = await page.context().newCDPSession(page);
    const worker = await new Promise<string>((resolve, reject) => {
      session.on('Target.attachedToTarget', ({ sessionId, targetInfo }) => {
        if (targetInfo.url.includes('studio.worker')) resolve(sessionId);
      });
      const attaching = { autoAttach: true, waitForDebuggerOnStart: false, flatten: false };
      session.send('Target.setAutoAttach', attaching).catch(reject);
    });
    return new Heaps(session, worker);
  }

  private constructor(page: CDPSession, worker: string) {
    this.#page = page;
    this.#worker = worker;
    page.on('Target.receivedMessageFromTarget', ({ sessionId, message }) => {
      const { id, result } = JSON.parse(message) as { id?: number; result?: unknown };
      if (sessionId === worker && id !== undefined) this.#answers.get(id)?.(result);
    });
  }

  async page(): Promise<{ usedSize: number; nodes: number }> {
    await this.#page.send('HeapProfiler.collectGarbage');
    const { usedSize } = await this.#page.send('Runtime.getHeapUsage');
    const { nodes } = await this.#page.send('Memory.getDOMCounters');
    return { usedSize, nodes };
  }

  async worker(): Promise<{ usedSize: number; backingStorageSize: number }> {
    await this.#ask('HeapProfiler.collectGarbage');
    return (await this.#ask('Runtime.getHeapUsage')) as { usedSize: number; backingStorageSize: number };
  }

  #ask(method: string): Promise<unknown> {
    const id = this.#nextId;
    this.#nextId += 1;
    const answer = new Promise<unknown>((resolve) => this.#answers.set(id, resolve));
    const message = JSON.stringify({ id, method });
    return this.#page
      .send('Target.sendMessageToTarget', { sessionId: this.#worker, message })
      .then(() => answer);
  }
}

/** What is held in memory now. @param step The step that the run has come to, and rests at. */
export async function footprint(page: Page, heaps: Heaps, step: number): Promise<Footprint> {
  const worker = await heaps.worker();
  const shown = await heaps.page();
  const gpu = await studioWorker(page).evaluate(
    () => (globalThis as unknown as { gpuCount: GpuCount }).gpuCount,
  );
  const { engineBytes } = await storedBytes(page);
  return {
    step,
    gpu,
    engineBytes,
    pageHeapBytes: shown.usedSize,
    pageNodes: shown.nodes,
    workerHeapBytes: worker.usedSize,
    workerArrayBytes: worker.backingStorageSize,
  };
}

/** What is stored now. */
export interface Stored {
  /** What the newest run's engine says that it holds: its WebAssembly memory, or its GPU buffers. */
  engineBytes: number;
  /** IndexedDB and OPFS, each by the browser's own count of what is on the disk. */
  databaseBytes: number;
  fileBytes: number;
  /** Points of all runs, and their length as text. */
  points: number;
  pointsBytes: number;
  /** Of the newest run's record, its length as text. */
  recordBytes: number;
}

/** What a stored point takes in the page's memory, as one object. */
export async function pointBytes(page: Page, heaps: Heaps): Promise<number> {
  const count = await page.evaluate(async () => {
    const opening = indexedDB.open('stillroom');
    await new Promise((resolve) => (opening.onsuccess = resolve));
    const asking = opening.result.transaction('metrics').objectStore('metrics').getAll();
    await new Promise((resolve) => (asking.onsuccess = resolve));
    const pointsRead = (asking.result as { points: unknown[] }[]).flatMap(({ points }) => points);
    opening.result.close();
    Object.assign(globalThis, { pointsRead });
    return pointsRead.length;
  });
  // Measured as they are let go of. While they are read, the page lets go of other things too, which would count as theirs.
  const { usedSize: held } = await heaps.page();
  await page.evaluate(() => Reflect.deleteProperty(globalThis, 'pointsRead'));
  const { usedSize: left } = await heaps.page();
  return (held - left) / count;
}

export function storedBytes(page: Page): Promise<Stored> {
  return page.evaluate(async () => {
    const asked = <T>(request: IDBRequest<T>): Promise<T> =>
      new Promise((resolve, reject) => {
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => reject(new Error(request.error?.message));
      });
    const database = await asked(indexedDB.open('stillroom'));
    const all = async <T>(store: string): Promise<T[]> =>
      (await asked(database.transaction(store).objectStore(store).getAll())) as T[];
    const runs = await all<{ createdAt: number; engine: { bytesHeld: number } | null }>('runs');
    const points = (await all<{ points: unknown[] }>('metrics')).flatMap((chunk) => chunk.points);
    database.close();
    const run = runs.sort((a, b) => b.createdAt - a.createdAt)[0];
    const { usageDetails } = (await navigator.storage.estimate()) as StorageEstimate & {
      usageDetails?: { indexedDB?: number; fileSystem?: number };
    };
    return {
      engineBytes: run?.engine?.bytesHeld ?? 0,
      databaseBytes: usageDetails?.indexedDB ?? 0,
      fileBytes: usageDetails?.fileSystem ?? 0,
      points: points.length,
      pointsBytes: JSON.stringify(points).length,
      recordBytes: JSON.stringify(run ?? null).length,
    };
  });
}

/**
 * Growth per step that is there all the time: a quarter of the stretches between two footprints grow less than this, of
 * those in the later half. What is kept of each step grows in every stretch. What JavaScript engines add as they compile
 * what has become busy comes in most of the early ones and in some for thousands of steps, and is not told from a leak by
 * the first and the last footprint.
 */
export function growthOf(prints: readonly Footprint[], read: (print: Footprint) => number): number {
  const growths = prints.slice(1).map((print, index) => {
    const before = prints[index]!;
    return (read(print) - read(before)) / (print.step - before.step);
  });
  const later = growths.slice(growths.length >> 1).sort((a, b) => a - b);
  return later[later.length >> 2]!;
}
