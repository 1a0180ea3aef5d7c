import AxeBuilder from '@axe-core/playwright';
import { expect, goTo, openStudio, setUp, test, writeRecipe } from './support.ts';

test('Ask it: base and distilled answer during training, and after it from the stored weights', async ({
  page,
}, info) => {
  await openStudio(page);
  await setUp(page, writeRecipe(info.outputPath('run.json'), { steps: 4000, batchSize: 2 }), { testRows: 1 });
  await page.getByRole('button', { name: 'Train on the sample' }).click();
  await expect
    .poll(async () => Number(await page.getByTestId('metrics-last-step').textContent()), { timeout: 60_000 })
    .toBeGreaterThan(1);
  await page.getByRole('link', { name: 'Ask it a question' }).click();
  const section = page.getByRole('region', { name: 'Ask it' });
  const field = section.getByRole('textbox');
  await field.fill('Where would you find palms?');
  await field.press('Enter');
  const status = section.getByRole('status');
  await expect(status).toContainText(/distilled, step \d/, { timeout: 60_000 });
  await expect(status).toContainText(/answer .* m?s, rationale/);
  await expect(page.getByRole('button', { name: 'Stop and keep' })).toBeVisible();

  await page.getByRole('button', { name: 'Stop and keep' }).click();
  await goTo(page, 'train');
  await expect(page.getByRole('button', { name: 'Train on the sample' })).toBeEnabled({ timeout: 60_000 });
  await page.reload();
  await goTo(page, 'compare');
  await field.fill('Where would you find ploughs?');
  await section.getByRole('button', { name: 'Ask' }).click();
  await expect(status).toContainText('Where would you find ploughs?', { timeout: 60_000 });
  await page.setViewportSize({ width: 390, height: 800 });
  const { violations } = await new AxeBuilder({ page }).include('section').analyze();
  expect(violations.map(({ id }) => id)).toEqual([]);
  expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0);
  await page.screenshot({ path: info.outputPath('ask-390.png') });
});
