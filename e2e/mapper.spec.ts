import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Locator, Page } from '@playwright/test';
import {
  axeFindings,
  expect,
  goTo,
  openStudio,
  setUp,
  test,
  writeRecipe,
  writeTinyStudent,
} from './support.ts';

/** Columns whose names say nothing: which is what has to be said. */
function writeReviews(folder: string): string {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, 'reviews.csv');
  const dishes = ['soup', 'bread', 'stew', 'salad', 'cake', 'rice', 'fish', 'beans', 'tart', 'eggs'];
  const lines = dishes.flatMap((dish, index) => [
    `dish ${index} a,"the ${dish} was warm, and good",up,because warm ${dish} is good,kitchen`,
    `dish ${index} b,"the ${dish} was cold, and bad",down,because cold ${dish} is bad,kitchen`,
  ]);
  writeFileSync(file, `ref,body_text,thumb,reason_given,place\n${lines.join('\n')}\n`);
  return file;
}

/** Drops a file and waits until a person is asked. */
async function drop(page: Page, file: string): Promise<Locator> {
  await page.getByTestId('data-files').setInputFiles(file);
  const mapper = page.getByRole('region', { name: 'Columns of reviews.csv' });
  await expect(mapper).toBeVisible();
  return mapper;
}

test('a CSV whose columns have to be mapped is trained on after six clicks', async ({ page }, info) => {
  await openStudio(page);
  await goTo(page, 'student');
  await page.getByTestId('student-files').setInputFiles(writeTinyStudent(info.outputPath('tiny-student')));
  await expect(page.getByRole('main')).toContainText('tiny-student');
  const recipe = { steps: 3, batchSize: 2, maxInputTokens: 24, maxTargetTokens: 12 };
  await setUp(page, writeRecipe(info.outputPath('run.json'), recipe), { backend: 'wasm' });
  await goTo(page, 'data');

  let clicks = 1;
  const mapper = await drop(page, writeReviews(info.outputPath('csv')));
  await expect(page.getByTestId('mapped-row')).toContainText('the soup was warm, and good');
  await expect(mapper.getByRole('list')).toContainText('thumb');
  await mapper.getByLabel('Label', { exact: true }).selectOption('thumb');
  clicks += 1;
  await mapper.getByLabel('Rationale').selectOption('reason_given');
  clicks += 1;
  await expect(page.getByTestId('mapped-row')).toContainText('because warm soup is good');
  await expect(mapper.getByRole('list').getByRole('button')).toHaveText(['ref', 'place']);
  await mapper.getByRole('button', { name: 'Use these columns' }).click();
  clicks += 1;
  await expect(page.getByRole('article').first()).toContainText('the soup was warm, and good');
  await page.getByRole('navigation').getByRole('link', { name: /Train/ }).click();
  clicks += 1;
  await page.getByRole('button', { name: 'Start training' }).click();
  clicks += 1;
  expect(clicks).toBeLessThanOrEqual(6);
  await expect(page.getByTestId('run-state')).toContainText('3 steps', { timeout: 120_000 });
  await expect(page.getByTestId('engine')).toContainText(/wasm/i);

  // The same columns dropped again, in another dataset, ask nothing.
  await goTo(page, 'data');
  await page.getByRole('button', { name: 'Start over' }).click();
  await page.getByRole('button', { name: 'Remove it' }).click();
  await page.getByTestId('data-files').setInputFiles(writeReviews(info.outputPath('again')));
  await expect(page.getByRole('article').first()).toContainText('the soup was warm, and good');
});

test('the mapper by keyboard alone, in both themes and widths', async ({ page }, info) => {
  await openStudio(page);
  await goTo(page, 'data');
  const mapper = await drop(page, writeReviews(info.outputPath('csv')));
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    for (const width of [1280, 390]) {
      await page.setViewportSize({ width, height: 844 });
      expect(await axeFindings(page), `${colorScheme}, ${width}`).toEqual([]);
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      expect(overflow, `scrolls sideways at ${width}`).toBeLessThanOrEqual(0);
      await page.screenshot({ path: info.outputPath(`mapper-${colorScheme}-${width}.png`), fullPage: true });
    }
  }
  await page.setViewportSize({ width: 1280, height: 800 });

  const input = mapper.getByRole('textbox', { name: 'Input' });
  await input.focus();
  await page.keyboard.press('ControlOrMeta+a');
  await page.keyboard.type('{body_text} at {pla');
  await expect(mapper).toContainText('brace that is not closed');
  await page.keyboard.type('ze}');
  await expect(mapper).toContainText('There is no column “plaze”.');
  // The row stays as the last whole template had it.
  await expect(page.getByTestId('mapped-row')).toContainText('the soup was warm, and good');
  for (let back = 0; back < 'ze}'.length; back += 1) await page.keyboard.press('Backspace');
  await page.keyboard.type('ce}?');
  await expect(page.getByTestId('mapped-row')).toContainText('the soup was warm, and good at kitchen?');
  await page.keyboard.press('Tab');
  await page.keyboard.type('thumb');
  await expect(mapper.getByLabel('Label', { exact: true })).toHaveValue('thumb');
  await mapper.getByRole('button', { name: 'The next row' }).focus();
  await page.keyboard.press('Enter');
  await expect(page.getByTestId('mapped-row')).toContainText('the soup was cold, and bad at kitchen?');
  await mapper.getByRole('button', { name: 'Use these columns' }).focus();
  await page.keyboard.press('Enter');
  await expect(page.getByRole('article').first()).toContainText('at kitchen?');
  await expect(mapper).toBeHidden();

  // And changed again.
  await page.getByRole('button', { name: 'Change columns of reviews.csv' }).click();
  await expect(mapper.getByRole('textbox', { name: 'Input' })).toHaveValue('{body_text} at {place}?');
});
