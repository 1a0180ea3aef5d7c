/**
 * Runs that last: what a page, its worker, its GPU and its storage hold while a run of many steps continues. What grows
 * is a point of the curve for each step, and nothing else.
 */
import type { Page } from '@playwright/test';
import { openStudio, reaches, setUp, startRun, stepOf, writeRecipe } from '../e2e/support.ts';
import { formatBytes, formatCount } from '../src/base/units.ts';
import { mostSteps } from '../src/distill/steps-ahead.ts';
import { flushEveryMs, heartbeatEveryMs } from '../src/worker/run-journal.ts';
import { note } from './findings.ts';
import {
  countGpu,
  footprint,
  growthOf,
  Heaps,
  pointBytes,
  storedBytes,
  type Footprint,
} from './footprint.ts';
import { bringTiny, expect, test } from './world.ts';

/** Of the engine's `wgsl-bytes.ts`, whose kernels only a bundler loads. */
const stagingBytes = 4096;

/** Sets up a run of the smallest student on short rows. */
async function chooseTiny(
  page: Page,
  {
    backend,
    steps,
    saveEvery,
    isAdapted = false,
  }: { backend: 'wasm' | 'webgpu'; steps: number; saveEvery: number; isAdapted?: boolean },
): Promise<void> {
  await openStudio(page);
  await bringTiny(page);
  const recipe = { steps, saveEvery, batchSize: 2, dropout: 0.1, shuffle: true };
  const lengths = { maxInputTokens: 24, maxTargetTokens: 12, generationMaxTokens: 2 };
  const adapters = { lora: isAdapted ? { rank: 2, alpha: 2, dropout: 0.1, targets: ['q', 'v'] } : null };
  const settings = { ...recipe, ...lengths, ...adapters };
  await setUp(page, writeRecipe(test.info().outputPath('run.json'), settings), {
    backend,
    testRows: 1,
  });
}

for (const { backend, isAdapted, from, to, every } of [
  { backend: 'wasm', isAdapted: false, from: 200, to: 8000, every: 100 },
  { backend: 'webgpu', isAdapted: false, from: 200, to: 2000, every: 100 },
  { backend: 'wasm', isAdapted: true, from: 200, to: 6000, every: 100 },
  { backend: 'webgpu', isAdapted: true, from: 200, to: 2000, every: 100 },
] as const) {
  const where = isAdapted ? `${backend} with LoRA` : backend;
  test(`soak: memory over ${formatCount(to)} steps on ${where}`, async ({ world }) => {
    const page = await world.open();
    const saveEvery = to / 4;
    // More steps than are looked at: a press of Pause comes a little late.
    await chooseTiny(page, { backend, steps: 2 * to, saveEvery, isAdapted });
    await countGpu(page);
    const heaps = await Heaps.of(page);
    await startRun(page);
    const prints: Footprint[] = [];
    for (let at: number = from; at <= to; at = prints.at(-1)!.step + every) {
      await reaches(page, at);
      // Paused, so that nothing counts that a step under way holds for a moment.
      await page.getByRole('button', { name: 'Pause' }).click();
      await expect(page.getByTestId('run-state')).toContainText('paused at step', { timeout: 60_000 });
      prints.push(await footprint(page, heaps, await stepOf(page)));
      console.log(JSON.stringify(prints.at(-1)));
      await page.getByRole('button', { name: 'Resume' }).click();
    }
    await page.getByRole('button', { name: 'Stop and keep' }).click();
    await expect(page.getByTestId('run-state')).toContainText('stopped at step', { timeout: 60_000 });
    const pointSize = await pointBytes(page, heaps);

    const [first, last] = [prints[0]!, prints.at(-1)!];
    /** Growth per step, noted with where it began and ended. */
    const grown = (what: string, read: (print: Footprint) => number): number => {
      const growth = growthOf(prints, read);
      const at = (print: Footprint): string =>
        `${formatBytes(read(print))} at step ${formatCount(print.step)}`;
      note({
        what: `soak on ${where}, ${what}, growth per step`,
        figure: `${growth.toFixed(1)} bytes (${at(first)}, ${at(last)})`,
      });
      return growth;
    };
    const pageGrowth = grown('JavaScript heap of the page', ({ pageHeapBytes }) => pageHeapBytes);
    note({
      what: `soak on ${where}, a point of the curve as one object in the page`,
      figure: `${pointSize.toFixed(0)} bytes`,
    });
    const workerGrowth = grown('JavaScript heap of the worker', ({ workerHeapBytes }) => workerHeapBytes);
    grown('array buffers of the worker', ({ workerArrayBytes }) => workerArrayBytes);
    if (backend === 'webgpu') grown('GPU buffers', ({ gpu }) => gpu.bytes);
    else grown('WebAssembly memory', ({ engineBytes }) => engineBytes);

    // The page holds a point as an object, in eight columns, and in the lines that are drawn.
    expect(pageGrowth).toBeLessThan(5 * pointSize);
    // The worker holds none.
    expect(workerGrowth).toBeLessThan(pointSize / 2);
    expect(Math.abs(last.workerArrayBytes - first.workerArrayBytes)).toBeLessThan(32_768);
    expect(last.pageNodes).toBeLessThanOrEqual(first.pageNodes + 50);
    // Steps that are queued behind each other have a small buffer each for their results, made when so many first are.
    const queued = (last.gpu.bytes - first.gpu.bytes) / stagingBytes;
    expect(Number.isInteger(queued)).toBe(true);
    expect(queued).toBeLessThanOrEqual(mostSteps);
    expect(last.engineBytes - first.engineBytes).toBe(queued * stagingBytes);
    if (backend === 'webgpu') expect(last.gpu.bytes).toBe(last.engineBytes);
    // A checkpoint reads weights and both moments, each into its own buffer. A step makes nothing.
    const checkpoints = prints.length + Math.ceil((last.step - first.step) / saveEvery);
    expect(last.gpu.objectsMade - first.gpu.objectsMade).toBeLessThanOrEqual(3 * checkpoints + queued);
  });
}

test('soak: storage over 2,000 steps', async ({ world }) => {
  const page = await world.open();
  await chooseTiny(page, { backend: 'wasm', steps: 2000, saveEvery: 500 });
  await startRun(page);
  await reaches(page, 200);
  const early = await storedBytes(page);
  const startedAt = performance.now();
  await reaches(page, 1500);
  const late = await storedBytes(page);
  await expect(page.getByTestId('run-state')).toContainText('done, 2,000 steps', { timeout: 120_000 });
  const end = await storedBytes(page);
  const elapsedMs = performance.now() - startedAt;
  const points = end.points - early.points;
  const asText = (end.pointsBytes - early.pointsBytes) / points;
  const database = (end.databaseBytes - early.databaseBytes) / points;
  note({
    what: 'soak of 2,000 steps, IndexedDB, growth per step',
    figure:
      `${database.toFixed(0)} bytes (a point as text: ${asText.toFixed(0)}; the run's record: ${end.recordBytes}; ` +
      `${(elapsedMs / 1000).toFixed(0)} s)`,
  });
  note({
    what: 'soak of 2,000 steps, checkpoints after 500, 1,000 and 1,500 steps; after the last',
    figure: `${formatBytes(late.fileBytes)}; ${formatBytes(end.fileBytes)}`,
  });
  expect(end.points).toBe(2000);
  // With the points goes the run's record, written over again with each flush and each heartbeat: so many in a second,
  // however fast the steps are. Of both the database notes as much again.
  const writes = elapsedMs / flushEveryMs + elapsedMs / heartbeatEveryMs;
  expect(database).toBeLessThan((2 * (asText * points + writes * end.recordBytes)) / points);
  expect(late.fileBytes).toBeGreaterThan(0);
  // After the last step nothing asks for the moments again.
  expect(end.fileBytes).toBeLessThan(late.fileBytes);
});
