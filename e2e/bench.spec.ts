import AxeBuilder from '@axe-core/playwright';
import { expect, openStudio, test } from './support.ts';

test('the benchmark measures nano, and its table can be taken along', async ({ page, context }) => {
  test.setTimeout(150_000);
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await openStudio(page);
  await page.getByRole('button', { name: /^This machine/ }).click();
  await page.getByRole('link', { name: 'Measure this machine' }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Benchmark');
  await page.getByRole('button', { name: 'Measure nano' }).click();

  const table = page.getByRole('region', { name: 'Measured: nano' }).getByRole('table');
  await expect(table).toBeVisible({ timeout: 120_000 });
  for (const engine of ['wasm', 'tfjs-wasm']) {
    const row = table
      .getByRole('row')
      .filter({ has: page.getByRole('rowheader', { name: engine, exact: true }) });
    const cells = await row.first().getByRole('cell').allTextContents();
    expect(Number(cells[1]!.replace(',', '')), `${engine}: milliseconds a step`).toBeGreaterThan(0);
  }

  // The scan of all screens sees this one without figures.
  await page.setViewportSize({ width: 390, height: 800 });
  expect((await new AxeBuilder({ page }).analyze()).violations).toEqual([]);
  expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0);

  await page.getByRole('button', { name: 'Copy the table' }).click();
  await expect(page.getByText('Copied, as Markdown.')).toBeVisible();
  const copied = await page.evaluate(() => navigator.clipboard.readText());
  expect(copied).toContain('| Engine | Threads | ms a step |');
  expect(copied).toMatch(/^\| tfjs-wasm \| \d+ \| [\d.,]+ \|/m);
});
