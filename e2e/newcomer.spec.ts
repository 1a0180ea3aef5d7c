import { join } from 'node:path';
import type { Locator, Page } from '@playwright/test';
import { expect, root, test } from './support.ts';

// The tasks of docs/usability.md, each from opening the page, with exactly the clicks that stand there.

/** A mouse that counts. */
class Mouse {
  clicks = 0;

  async click(target: Locator): Promise<void> {
    await target.click();
    this.clicks += 1;
  }
}

async function open(page: Page): Promise<Mouse> {
  await page.goto('/');
  await page.reload();
  await expect(page.getByRole('button', { name: /^(Train on the sample|Start training)$/ })).toBeEnabled();
  return new Mouse();
}

const station = (page: Page, name: string): Locator =>
  page.getByRole('navigation', { name: 'Stations' }).getByRole('link', { name: new RegExp(name) });
const own = (name: string): string => join(root, 'tests/fixtures/cos-e', name);

test('newcomers’ tasks, in so many clicks', async ({ page }) => {
  // A short recipe in place of the preset's ten minutes: what is pressed stays the same.
  await page.addInitScript(() => {
    if (localStorage.getItem('stillroom.recipe') !== null) return;
    const short = { steps: '6', batchSize: '4', generationMaxTokens: '6', evalEvery: '0', saveEvery: '0' };
    const small = { alpha: '0.1', learningRate: '2e-3', maxInputTokens: '64', maxTargetTokens: '32' };
    localStorage.setItem('stillroom.recipe', JSON.stringify({ ...short, ...small }));
    localStorage.setItem('stillroom.test-rows', '4');
  });
  const idle = page.getByRole('button', { name: /^(Train on the sample|Start training)$/ });
  const lastStep = page.getByTestId('metrics-last-step');

  const first = await open(page);
  // Until then a recording stands there, and says that it is one.
  await expect(page.getByRole('heading', { name: /^Recording/ })).toBeVisible();
  await first.click(page.getByRole('button', { name: 'Train on the sample' }));
  await expect(lastStep).toHaveText('6', { timeout: 120_000 });
  await expect(page.getByRole('heading', { name: /^Recording/ })).toHaveCount(0);
  expect(first.clicks, 'first curve').toBe(1);
  await expect(idle).toBeEnabled({ timeout: 120_000 });

  const broken = await open(page);
  await broken.click(station(page, 'Compare'));
  const choice = page.getByRole('radio', { name: /^broken by distillation/ });
  await broken.click(choice);
  await expect(choice).toBeChecked();
  await expect(page.getByTestId('accuracy-distilled')).toContainText('of 4');
  expect(broken.clicks, 'what distillation broke').toBe(2);

  const weights = await open(page);
  await weights.click(station(page, 'Take away'));
  const download = page.waitForEvent('download');
  await weights.click(page.getByRole('button', { name: 'Take the f32 model' }));
  expect((await download).suggestedFilename()).toMatch(/\.zip$/);
  expect(weights.clicks, 'the weights').toBe(2);

  // The form still holds the run's recipe.
  const again = await open(page);
  await again.click(page.getByRole('textbox', { name: 'Value of alpha, in the sentence' }));
  await page.keyboard.press('Control+A');
  await page.keyboard.type('0.8');
  await again.click(page.getByRole('button', { name: 'Train on the sample' }));
  await expect(page.getByText(/with alpha 0\.8/).first()).toBeVisible();
  await expect(lastStep).toHaveText('6', { timeout: 120_000 });
  expect(again.clicks, 'again with alpha 0.8').toBeLessThanOrEqual(3);
  await expect(idle).toBeEnabled({ timeout: 120_000 });

  // Two runs have ended by now.
  const differ = await open(page);
  await differ.click(page.getByRole('link', { name: /^Runs/ }));
  const table = page.getByRole('table', { name: 'Runs' });
  await differ.click(table.getByRole('checkbox', { name: /^Tick/ }).first());
  await differ.click(page.getByRole('article').getByRole('link', { name: /^Compare with/ }));
  await expect(page.getByTestId('pair-finding')).toContainText(/^On 4 test rows: /);
  await expect(page.getByRole('radio', { name: /^answers differ/ })).toBeChecked();
  expect(differ.clicks, 'where two runs differ').toBe(3);

  const files = await open(page);
  await files.click(station(page, 'Data'));
  const chooser = page.waitForEvent('filechooser');
  // The field lies over its button.
  await files.click(page.getByTestId('data-files'));
  const names = ['mini_train.jsonl', 'mini_CoT_train.json', 'mini_test.jsonl', 'mini_CoT_test.json'];
  await (await chooser).setFiles(names.map(own));
  await expect(page.getByTestId('teacher-train')).toContainText('75.00 %', { timeout: 60_000 });
  await files.click(station(page, 'Train'));
  await files.click(page.getByRole('button', { name: 'Start training' }));
  await expect(page.getByText(/on 12 rows/).first()).toBeVisible();
  await expect(lastStep).toHaveText('6', { timeout: 120_000 });
  expect(files.clicks, 'own files to training').toBe(4);
  await expect(idle).toBeEnabled({ timeout: 120_000 });
});
