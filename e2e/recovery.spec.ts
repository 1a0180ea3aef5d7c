import type { Page } from '@playwright/test';
import { expect, openStudio, reaches, setUp, startRun, studioWorker, test, writeRecipe } from './support.ts';
import { loseDevice, watchDevices } from './lost-gpu.ts';
import { runOnDisk, storedModelSha256 } from './stored-runs.ts';

const short = { steps: 12, batchSize: 1, saveEvery: 3, maxInputTokens: 32, maxTargetTokens: 8 };

/** Trains to the end; what is on the disk then. */
async function finish(page: Page) {
  await expect(page.getByTestId('run-state')).toContainText('done, 12 steps', { timeout: 240_000 });
  const run = await runOnDisk(page);
  expect(run.steps).toEqual(Array.from({ length: 12 }, (_, index) => index + 1));
  return { losses: run.losses, sha256: await storedModelSha256(page, run), id: run.id };
}

test(
  'a GPU that is lost in the middle: a fresh device goes on, and ends with the bytes of one left alone',
  { tag: '@long' },
  async ({ page }, info) => {
    await openStudio(page);
    const recipe = writeRecipe(info.outputPath('run.json'), {
      ...short,
      dropout: 0.1,
      generationMaxTokens: 2,
    });
    await setUp(page, recipe, { backend: 'webgpu', testRows: 1 });
    await watchDevices(page);
    await startRun(page);
    const undisturbed = await finish(page);

    await startRun(page);
    await reaches(page, 5);
    await loseDevice(page);
    await expect(page.getByTestId('run-state')).toContainText('recovering (The GPU is gone');
    const recovered = await finish(page);
    expect(recovered.id).not.toBe(undisturbed.id);
    expect(recovered).toEqual({ ...undisturbed, id: recovered.id });
  },
);

test('a worker that the browser takes away: another one resumes its run', async ({ page }, info) => {
  await openStudio(page);
  const recipe = writeRecipe(info.outputPath('run.json'), { ...short, dropout: 0.1, generationMaxTokens: 2 });
  await setUp(page, recipe, { backend: 'wasm', testRows: 1 });
  await startRun(page);
  const undisturbed = await finish(page);
  await startRun(page);
  await reaches(page, 5);
  await studioWorker(page).evaluate(() => self.close());
  const restarted = await finish(page);
  expect(restarted.id).not.toBe(undisturbed.id);
  expect(restarted).toEqual({ ...undisturbed, id: restarted.id });
});
