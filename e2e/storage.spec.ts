import { formatBytes } from '../src/base/units.ts';
import type { Page } from '@playwright/test';
import { runOnDisk } from './stored-runs.ts';
import { axeFindings, expect, goTo, openStudio, setUp, test, writeRecipe } from './support.ts';

/** Bytes of every file of checkpoints, as the browser has them. */
function checkpointBytes(page: Page): Promise<number> {
  return page.evaluate(async () => {
    const sizeOf = async (folder: FileSystemDirectoryHandle): Promise<number> => {
      let sum = 0;
      for await (const handle of folder.values()) {
        sum += handle.kind === 'file' ? (await handle.getFile()).size : await sizeOf(handle);
      }
      return sum;
    };
    const root = await navigator.storage.getDirectory();
    return sizeOf(await root.getDirectoryHandle('checkpoints'));
  });
}

test(
  'a full disk pauses the run with what fits kept; what is stored is told and removed',
  { tag: '@long' },
  async ({ page, baseURL }, info) => {
    test.setTimeout(180_000);
    const lengths = { maxInputTokens: 48, maxTargetTokens: 16, generationMaxTokens: 2, batchSize: 2 };
    await openStudio(page);
    await setUp(page, writeRecipe(info.outputPath('run.json'), { ...lengths, steps: 5, saveEvery: 2 }), {
      backend: 'wasm',
      testRows: 1,
    });
    await expect(page.getByTestId('run-room')).toContainText(/take up to \d.* allows .* more/);
    await page.getByRole('button', { name: 'Train on the sample' }).click();
    await expect(page.getByTestId('run-state')).toContainText('done, 5 steps', { timeout: 60_000 });
    const first = await runOnDisk(page);
    expect(first.checkpoints.map(({ step }) => step)).toEqual([4, 5]);

    // Sizes are those of the files.
    await goTo(page, 'storage');
    const runs = page.getByRole('region', { name: 'Runs' });
    await runs.getByText('2 checkpoints').click();
    await expect(runs.getByText('step 5, newest')).toBeVisible();
    await expect(runs.getByRole('listitem').first()).toContainText(formatBytes(await checkpointBytes(page)));
    await expect(page.getByRole('region', { name: 'Datasets' })).toContainText('The sample');
    await expect(page.getByTestId('persisted')).toContainText(/browser/);
    expect(await axeFindings(page)).toEqual([]);

    // The disk is full in the middle of the next run.
    const recipe = { ...lengths, steps: 400, saveEvery: 20 };
    await setUp(page, writeRecipe(info.outputPath('next.json'), recipe), { backend: 'wasm', testRows: 1 });
    await page.getByRole('button', { name: 'Train on the sample' }).click();
    await expect
      .poll(
        async () => {
          const { id, checkpoints } = await runOnDisk(page);
          // Until the next run is there, the newest one is the first.
          return id === first.id ? 0 : checkpoints.length;
        },
        { timeout: 60_000 },
      )
      .toBeGreaterThanOrEqual(1);
    const browser = await page.context().newCDPSession(page);
    // Paused, so that no checkpoint is half written when its room is told.
    await page.getByRole('button', { name: 'Pause' }).click();
    await expect(page.getByTestId('run-state')).toContainText('paused at step');
    const { usage } = await page.evaluate(() => navigator.storage.estimate());
    await browser.send('Storage.overrideQuotaForOrigin', { origin: baseURL!, quotaSize: usage! + 400_000 });
    await page.getByRole('button', { name: 'Resume' }).click();
    const notice = page.getByTestId('no-room');
    await expect(notice).toContainText('no room to keep it', { timeout: 60_000 });
    await expect(notice).toContainText(/Kept: the checkpoint of step \d+/);
    expect(await axeFindings(page)).toEqual([]);
    const full = await runOnDisk(page);
    const kept = full.checkpoints.map(({ step }) => step);
    expect(kept.length).toBeGreaterThanOrEqual(1);
    // Nothing half-written is left beside what counts.
    const sizes = await checkpointBytes(page);
    expect(sizes).toBeLessThanOrEqual(usage! + 400_000);

    // The weights of this moment can be taken away; the dataset that the run reads cannot be removed.
    const downloading = page.waitForEvent('download');
    await notice.getByRole('button', { name: 'Save the weights as a zip' }).click();
    expect((await downloading).suggestedFilename()).toMatch(/\.zip$/);
    await goTo(page, 'storage');
    const dataset = page.getByRole('button', { name: 'Remove The sample' });
    await expect(dataset).toHaveAttribute('aria-disabled', 'true');
    await expect(dataset).toHaveAccessibleDescription(/is under way; stop it first/);

    // An older checkpoint makes room: the very save that failed is made, and training continues.
    await goTo(page, 'train');
    await notice.getByRole('button', { name: /^Remove step 4 of/ }).click();
    await page.getByRole('button', { name: 'Remove it' }).click();
    await expect(notice.getByRole('button', { name: /^Remove step 4 of/ })).toHaveCount(0);
    await notice.getByRole('button', { name: 'Try again' }).click();
    await expect
      .poll(async () => (await runOnDisk(page)).checkpoints.at(-1)!.step, { timeout: 60_000 })
      .toBeGreaterThan(kept.at(-1)!);

    // With room again it ends as ever, every step once.
    await browser.send('Storage.overrideQuotaForOrigin', { origin: baseURL! });
    const again = notice.getByRole('button', { name: 'Try again' });
    await expect(async () => {
      if (await again.isVisible()) await again.click({ timeout: 2000 });
      await expect(page.getByTestId('run-state')).toContainText('done, 400 steps', { timeout: 2000 });
    }).toPass({ timeout: 240_000 });
    const ended = await runOnDisk(page);
    expect(ended.steps).toEqual(Array.from({ length: 400 }, (_, index) => index + 1));
    expect(ended.checkpoints.at(-1)!.step).toBe(400);
  },
);
