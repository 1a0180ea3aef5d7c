import {
  expect,
  goTo,
  lookIsRight,
  looks,
  openStudio,
  setUp,
  takeLook,
  test,
  writeRecipe,
} from './support.ts';

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
test('axe finds nothing on any screen', { tag: '@long' }, async ({ page }, info) => {
  await openStudio(page);
  await setUp(page, writeRecipe(info.outputPath('run.json'), { steps: 3, batchSize: 2, evalEvery: 2 }), {
    testRows: 3,
  });
  await page.getByRole('button', { name: 'Train on the sample' }).click();
  await expect(page.getByRole('button', { name: 'Train on the sample' })).toBeEnabled({ timeout: 60_000 });
  for (const look of looks) {
    await takeLook(page, look);
    for (const station of stations) {
      await goTo(page, station);
      await expect(page.getByRole('main')).not.toContainText(/^$/);
      await lookIsRight(page, look, station);
    }
  }
});
