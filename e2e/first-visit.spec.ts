import { gzipSync } from 'node:zlib';
import AxeBuilder from '@axe-core/playwright';
import { expect, openStudio, test } from './support.ts';

/** JavaScript of the first screen, as it comes over the wire. Engines and tokenizer load in the worker. */
const scriptBudgetBytes = 250_000;

test('the first visit: a recording named as such, the words explained, little to load', async ({ page }) => {
  const scripts: Promise<number>[] = [];
  page.on('response', (response) => {
    // What the worker loads is no part of the page.
    if (response.request().resourceType() !== 'script' || /worker/.test(response.url())) return;
    if (response.frame() !== page.mainFrame()) return;
    scripts.push(response.body().then((body) => gzipSync(body).length));
  });
  await openStudio(page);
  const bytes = (await Promise.all(scripts)).reduce((sum, size) => sum + size, 0);
  console.log(
    `First screen: ${scripts.length} scripts, ${(bytes / 1000).toFixed(0)} kB of JavaScript, gzipped`,
  );
  expect(bytes).toBeGreaterThan(50_000);
  expect(bytes).toBeLessThanOrEqual(scriptBudgetBytes);

  const recording = page.getByRole('region', { name: 'A recording' });
  await expect(recording).toContainText('A recording, not a run of yours.');
  await recording.getByText('What do the losses, alpha and rationale mean?').click();
  await expect(recording.getByText('Answer loss', { exact: true })).toBeVisible();
  for (const width of [1280, 390]) {
    await page.setViewportSize({ width, height: 800 });
    const { violations } = await new AxeBuilder({ page }).analyze();
    expect(violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`)).toEqual([]);
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    expect(overflow).toBeLessThanOrEqual(0);
  }

  // One click: the person's own curve takes its place.
  await page.setViewportSize({ width: 1280, height: 800 });
  await page.getByRole('button', { name: 'Train on the sample' }).click();
  await expect(recording).toHaveCount(0, { timeout: 60_000 });
  await expect(page.getByTestId('metrics-last-step')).not.toBeEmpty({ timeout: 60_000 });
});
