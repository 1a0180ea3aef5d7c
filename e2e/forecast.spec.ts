import { axeFindings, expect, openStudio, setUp, showNextRun, test, writeRecipe } from './support.ts';

test(
  'a step is measured before the run, gives way to it, and the run tells the time of the next',
  { tag: '@long' },
  async ({ page }, info) => {
    await openStudio(page);
    const recipe = { steps: 8, batchSize: 2, maxInputTokens: 48, maxTargetTokens: 16, evalEvery: 4 };
    await setUp(page, writeRecipe(info.outputPath('run.json'), recipe), { backend: 'wasm', testRows: 2 });
    const time = page.getByTestId('forecast-time');
    const measure = page.getByRole('button', { name: 'Measure a step' });
    await expect(page.getByTestId('forecast-memory')).toContainText(/about [\d.]+ MB of memory/);
    await expect(time).toContainText('is known once a step was measured');

    await measure.click();
    await expect(time).toContainText(/^About .+: 8 steps of [\d.]+ m?s \(measured on wasm, WebAssembly/, {
      timeout: 60_000,
    });
    await expect(time).toContainText('accuracy measured 2 times');
    // Twice the steps, twice the time; the step itself needs no measuring again.
    await page.getByLabel('Number of steps, in the sentence').fill('16');
    await expect(time).toContainText(': 16 steps of');
    await expect(time).toContainText('accuracy measured 4 times');
    expect(await axeFindings(page)).toEqual([]);

    // Other rows in a batch: what was measured says nothing of them. It can be stopped, and that is no failure.
    await page.getByLabel('Rows in a batch, in the sentence').fill('256');
    await expect(time).toContainText('is known once a step was measured');
    await measure.click();
    await expect(page.getByText(/^Measuring: /)).toBeVisible();
    await page.getByRole('button', { name: 'Stop measuring' }).click();
    await expect(measure).toBeVisible({ timeout: 60_000 });
    await expect(time).toContainText('is known once a step was measured');
    await expect(page.getByRole('alert')).toHaveCount(0);

    // A run does not wait for it.
    await measure.click();
    await expect(page.getByRole('button', { name: 'Stop measuring' })).toBeVisible();
    await page.getByRole('button', { name: 'Train on the sample' }).click();
    await expect(page.getByTestId('run-state')).toContainText('done, 16 steps', { timeout: 120_000 });
    await showNextRun(page);
    await expect(time).toContainText(/16 steps of .* \(as in /);
  },
);
