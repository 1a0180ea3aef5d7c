import AxeBuilder from '@axe-core/playwright';
import { expect, openStudio, test } from './support.ts';

test('the benchmark measures nano, and its table can be taken along', async ({ page, context }) => {
  test.setTimeout(150_000);
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await openStudio(page);
  await page.getByRole('button', { name: /^This machine/ }).click();
  await page.getByRole('link', { name: 'Benchmark' }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Benchmark');
  // Stopped, it leaves no table and no failure, and can begin again.
  const measure = page.getByRole('button', { name: 'Measure nano' });
  await measure.click();
  await page.getByRole('button', { name: 'Stop', exact: true }).click();
  await expect(page.getByRole('progressbar')).toHaveCount(0, { timeout: 60_000 });
  await expect(page.getByRole('region', { name: 'Measured: nano' })).toHaveCount(0);
  await expect(page.getByRole('alert')).toHaveCount(0);
  await measure.click();

  const table = page.getByRole('region', { name: 'Measured: nano' }).getByRole('table');
  await expect(table).toBeVisible({ timeout: 120_000 });
  for (const engine of ['wasm', 'tfjs-wasm']) {
    const row = table
      .getByRole('row')
      .filter({ has: page.getByRole('rowheader', { name: new RegExp(`^${engine}: `) }) });
    const cells = await row.first().getByRole('cell').allTextContents();
    expect(Number(cells[1]!.replace(',', '')), `${engine}: milliseconds a step`).toBeGreaterThan(0);
  }

  // The scan of all screens sees this one without figures.
  await page.setViewportSize({ width: 390, height: 800 });
  expect((await new AxeBuilder({ page }).analyze()).violations).toEqual([]);
  expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0);

  // With the form where package.json has a repository, else why there is none.
  await expect(page.getByText(/^A table of another machine helps others/)).toBeVisible();

  await page.getByRole('button', { name: 'Copy the table' }).click();
  await expect(page.getByText('Copied, as Markdown.')).toBeVisible();
  const copied = await page.evaluate(() => navigator.clipboard.readText());
  expect(copied).toContain('| Engine | Threads | ms a step |');
  expect(copied).toMatch(/^\| tfjs-wasm: TensorFlow\.js \| \d+ \| [\d.,]+ \|/m);
});
