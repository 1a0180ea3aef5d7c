import { axeFindings, expect, goTo, openStudio, setUp, test, writeRecipe } from './support.ts';

const stations = [
  'data',
  'teacher',
  'student',
  'train',
  'compare',
  'take-away',
  'runs',
  'experiments',
  'storage',
  'bench',
];

// Every screen, with a finished run behind it, in both themes and both widths.
test('axe finds nothing on any screen', async ({ page }, info) => {
  await openStudio(page);
  await setUp(page, writeRecipe(info.outputPath('run.json'), { steps: 3, batchSize: 2, evalEvery: 2 }), {
    testRows: 3,
  });
  await page.getByRole('button', { name: 'Train on the sample' }).click();
  await expect(page.getByRole('button', { name: 'Train on the sample' })).toBeEnabled({ timeout: 60_000 });
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    for (const width of [1280, 390]) {
      await page.setViewportSize({ width, height: 800 });
      for (const station of stations) {
        await goTo(page, station);
        await expect(page.getByRole('main')).not.toContainText(/^$/);
        expect(await axeFindings(page), `${station}, ${colorScheme}, ${width}`).toEqual([]);
        const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        expect(overflow, `${station} scrolls sideways at ${width}`).toBeLessThanOrEqual(0);
      }
    }
  }
});
