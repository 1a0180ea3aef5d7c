import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from '@playwright/test';
import { expect, openStudio, root, setUp, test, writeRecipe } from './support.ts';

test.use({ serviceWorkers: 'allow' });

test('the second visit works with no network, and trains', async ({ page, context }, info) => {
  await openStudio(page);
  await expect(page.getByText('Ready to work offline.')).toBeVisible({ timeout: 60_000 });
  await context.setOffline(true);
  await page.reload();
  await expect(page.getByRole('button', { name: 'Train on the sample' })).toBeEnabled();
  // The headers are kept with the files: without them there are no threads.
  expect(await page.evaluate(() => self.crossOriginIsolated)).toBe(true);

  // Student and sample come from what was kept too: nothing of the first visit is left in the store.
  await page.evaluate(async () => {
    localStorage.clear();
    for (const { name } of await indexedDB.databases())
      if (name !== undefined) indexedDB.deleteDatabase(name);
  });
  await page.reload();
  await expect(page.getByRole('button', { name: 'Train on the sample' })).toBeEnabled();
  await setUp(page, writeRecipe(info.outputPath('run.json'), { steps: 2, batchSize: 2 }), {
    backend: 'wasm',
    testRows: 2,
  });
  await page.getByRole('button', { name: 'Train on the sample' }).click();
  await expect(page.getByTestId('metrics-last-step')).toHaveText('2', { timeout: 60_000 });
  await expect(page.getByRole('button', { name: 'Train on the sample' })).toBeEnabled({ timeout: 60_000 });

  // A newer version is told of, and waits until it is asked for.
  await context.setOffline(false);
  const file = join(root, 'dist', 'service-worker.js');
  const built = readFileSync(file, 'utf8');
  try {
    writeFileSync(file, built.replace(/version = '\w+'/, "version = 'newer'"));
    await page.reload();
    await expect(page.getByText('A new version is ready.')).toBeVisible({ timeout: 60_000 });
    expect(await keptVersions(page)).toContain('stillroom-newer');
    await page.evaluate(() => sessionStorage.setItem('loads', '0'));
    await page.addInitScript(() => sessionStorage.setItem('loads', '1'));
    await page.getByRole('button', { name: 'Reload' }).click();
    // The browser lets it take over once the old worker has answered what it was asked: at once mostly, and at last after
    // five minutes. Where something was at work at that moment, a person is asked to load the page again.
    const reload = page.getByRole('button', { name: 'Reload' });
    const loads = async (): Promise<string> => {
      const told = await page
        .evaluate(() => [
          sessionStorage.getItem('loads'),
          document.querySelector('[role=status]')?.textContent,
        ])
        .catch(() => null);
      if (told?.[0] === '0' && (await reload.isEnabled({ timeout: 1000 }).catch(() => false)))
        await reload.click({ timeout: 1000 }).catch(() => undefined);
      return told?.[0] === '1' ? 'loaded' : (told?.[1] ?? 'between pages');
    };
    await expect.poll(loads, { timeout: 330_000 }).toBe('loaded');
    await expect(page.getByText(/new version/)).toHaveCount(0);
    await expect(page.getByRole('button', { name: 'Train on the sample' })).toBeEnabled();
  } finally {
    writeFileSync(file, built);
  }
});

function keptVersions(page: Page): Promise<string[]> {
  return page.evaluate(() => caches.keys());
}
