import { expect, goTo, openStudio, setUp, startRun, stepOf, test, writeRecipe } from './support.ts';

test('a press of Stop is answered before its step is over; the end is said on another screen', async ({
  page,
}, info) => {
  await openStudio(page);
  // Steps of seconds: what a press does must not wait for one.
  const recipe = writeRecipe(info.outputPath('run.json'), { steps: 1000, batchSize: 64, accumulation: 4 });
  await setUp(page, recipe, { testRows: 8 });
  await startRun(page);
  await expect.poll(() => stepOf(page), { timeout: 240_000 }).toBeGreaterThan(0);
  const answered = await page.evaluate(
    () =>
      new Promise<{ before: string; after: string }>((resolve) => {
        const step = () => document.querySelector('[data-testid="metrics-last-step"]')?.textContent ?? '';
        const before = step();
        new MutationObserver(() => {
          if (document.body.textContent.includes('stopping after this step'))
            resolve({ before, after: step() });
        }).observe(document.body, { subtree: true, childList: true, characterData: true });
        [...document.querySelectorAll('button')].find((one) => one.textContent.startsWith('Stop'))!.click();
      }),
  );
  expect(answered.after).toBe(answered.before);
  await goTo(page, 'data');
  const notice = page.getByTestId('run-ended');
  await expect(notice).toContainText(/stopped/i, { timeout: 120_000 });
  await notice.getByRole('button', { name: 'Show it' }).click();
  await expect(page.getByTestId('run-state')).toContainText('stopped');
  await expect(notice).toHaveCount(0);
});
