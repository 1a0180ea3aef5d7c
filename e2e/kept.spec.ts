import { runOnDisk } from './stored-runs.ts';
import {
  expect,
  goTo,
  openStudio,
  reaches,
  setUp,
  startRun,
  test,
  writeRecipe,
  writeTinyStudent,
} from './support.ts';
import type { Page } from '@playwright/test';

async function ask(page: Page): Promise<void> {
  await goTo(page, 'compare');
  const section = page.getByRole('region', { name: 'Ask it' });
  await section.getByRole('textbox').fill('Where would you find palms?');
  await section.getByRole('button', { name: 'Ask' }).click();
  await expect(section.getByRole('status')).toContainText(/distilled, step \d/, { timeout: 60_000 });
}

test('a run has with it what it needs: without its student, and in another browser', async ({
  page,
  browser,
  baseURL,
}, info) => {
  test.setTimeout(180_000);
  await openStudio(page);
  await goTo(page, 'student');
  const folder = writeTinyStudent(info.outputPath('tiny-student'));
  await page.getByTestId('student-files').setInputFiles(folder);
  await expect(page.getByRole('radio', { name: /tiny-student/ })).toBeChecked();
  await setUp(page, writeRecipe(info.outputPath('run.json'), { steps: 3 }), { backend: 'wasm', testRows: 2 });
  await startRun(page);
  await expect(page.getByTestId('run-state')).toContainText('done', { timeout: 60_000 });

  // Removed: the dialog names the run; what was made of the student is still usable.
  await goTo(page, 'student');
  await page.getByRole('button', { name: 'Remove tiny-student' }).click();
  await expect(page.getByRole('alertdialog')).toContainText('1 run was trained with it');
  await page.getByRole('button', { name: 'Remove it' }).click();
  await expect(page.getByRole('radio', { name: /tiny-student/ })).toHaveCount(0);
  await ask(page);
  await expect(page.getByText('is no longer here, so it was not asked')).toBeVisible();
  await goTo(page, 'take-away');
  const model = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Take the f32 model' }).click();
  expect((await model).suggestedFilename()).toMatch(/\.zip$/);

  // Dropped again, it is the student that the run was made from.
  await goTo(page, 'student');
  await page.getByTestId('student-files').setInputFiles(folder);
  await expect(page.getByRole('radio', { name: /tiny-student/ })).toBeChecked();
  await goTo(page, 'compare');
  const compare = page.getByRole('main').getByRole('button', { name: 'Compare now' });
  await page.getByRole('main').getByRole('textbox', { name: 'Test rows' }).fill('3');
  await expect(compare).toBeEnabled();
  await compare.click();
  // The run compared two rows; now it is all that the field asks for.
  await expect(page.getByRole('main')).toContainText(/0 of 3\b/, { timeout: 60_000 });

  await goTo(page, 'runs');
  const downloading = page.waitForEvent('download');
  await page.getByRole('button', { name: /as a file$/ }).click();
  const zip = info.outputPath('kept.run.zip');
  await (await downloading).saveAs(zip);

  const elsewhere = await browser.newContext({ ...(baseURL === undefined ? {} : { baseURL }) });
  const other = await elsewhere.newPage();
  await openStudio(other);
  await goTo(other, 'runs');
  await other.getByTestId('run-archive').setInputFiles(zip);
  await expect(other.getByText('From the file kept.run.zip.')).toBeVisible();
  await ask(other);
  await goTo(other, 'take-away');
  const again = other.waitForEvent('download');
  await other.getByRole('button', { name: 'Take the f32 model' }).click();
  expect((await again).suggestedFilename()).toMatch(/\.zip$/);
  await elsewhere.close();
});

test('a newer version in another tab waits until the run is saved, and both say so', async ({
  page,
  context,
}, info) => {
  await openStudio(page);
  await setUp(page, writeRecipe(info.outputPath('run.json'), { steps: 4000, batchSize: 2 }), {
    backend: 'wasm',
    testRows: 1,
  });
  await startRun(page);
  await reaches(page, 2);
  expect((await runOnDisk(page)).checkpoints).toEqual([]);
  const newer = await context.newPage();
  await newer.goto('./licences.txt');
  const found = await newer.evaluate(
    () =>
      new Promise<{ waited: boolean; steps: number[] }>((resolve, reject) => {
        let waited = false;
        const opening = indexedDB.open('stillroom', 99);
        opening.onblocked = () => (waited = true);
        opening.onerror = () => reject(new Error(opening.error?.message));
        opening.onsuccess = () => {
          const all = opening.result.transaction('checkpoints').objectStore('checkpoints').getAll();
          all.onsuccess = () =>
            resolve({ waited, steps: (all.result as { step: number }[]).map(({ step }) => step) });
        };
      }),
  );
  expect(found.steps).toHaveLength(1);
  await expect(page.getByText('A newer version of the studio is open in another tab')).toBeVisible();
  await expect(page.getByText(/was saved and paused at step/)).toBeVisible();
  await expect(page.getByRole('button', { name: 'Reload this tab' })).toBeEnabled();
});
