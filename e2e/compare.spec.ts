import type { Page } from '@playwright/test';
import { axeFindings, expect, goTo, openStudio, setUp, test, writeRecipe } from './support.ts';

/** Replaces the answers of the newest run by made ones: a real run of so many rows would take hours. */
async function plantAnswers(page: Page, count: number): Promise<string> {
  return page.evaluate(async (rows) => {
    const database = await new Promise<IDBDatabase>((resolve, reject) => {
      const opening = indexedDB.open('stillroom');
      opening.onsuccess = () => resolve(opening.result);
      opening.onerror = () => reject(new Error(String(opening.error)));
    });
    const transaction = database.transaction(['runs', 'predictions'], 'readwrite');
    const runs = await new Promise<{ id: string; comparison: unknown }[]>((resolve) => {
      const asking = transaction.objectStore('runs').getAll();
      asking.onsuccess = () => resolve(asking.result as { id: string; comparison: unknown }[]);
    });
    const run = runs[0]!;
    // Of four rows: one fixed, one right with both, one wrong with both, and one broken where `row` ends in 7.
    const answers = Array.from({ length: rows }, (_, row) => ({
      row,
      input: `question ${row} about ${row % 3 === 0 ? 'palms' : 'ploughs'}`,
      label: row % 2 === 0 ? 'beach' : 'farm',
      teacher: row % 2 === 0 ? 'beach' : 'farm',
      base: row % 4 === 1 || row % 10 === 7 ? (row % 2 === 0 ? 'beach' : 'farm') : 'the',
      distilled: row % 4 !== 3 ? (row % 2 === 0 ? 'beach' : 'farm') : 'moon',
      rationale: 'beach has palms, so beach.',
      teacherRationale: 'beach has surfboards, so beach.',
    }));
    const store = transaction.objectStore('predictions');
    store.clear();
    for (let start = 0; start < rows; start += 500)
      store.put({ runId: run.id, chunk: start / 500, predictions: answers.slice(start, start + 500) });
    const tally = { correct: 0, total: rows };
    transaction
      .objectStore('runs')
      .put({ ...run, comparison: { base: tally, distilled: tally, teacher: tally, step: 2 } });
    await new Promise((resolve) => (transaction.oncomplete = resolve));
    database.close();
    return run.id;
  }, count);
}

test('Compare holds 100,000 rows: filters, keys, differing words, labels, and the address of one example', async ({
  page,
}, info) => {
  await openStudio(page);
  await setUp(page, writeRecipe(info.outputPath('run.json'), { steps: 2, batchSize: 2 }), { testRows: 2 });
  await page.getByRole('button', { name: 'Train on the sample' }).click();
  await expect(page.getByRole('button', { name: 'Train on the sample' })).toBeEnabled({ timeout: 60_000 });
  await goTo(page, 'compare');
  await expect(page.getByTestId('paired-test')).toContainText('McNemar');
  const run = await plantAnswers(page, 100_000);

  // The address of one example, in a page that was just opened: it is open, in sight, and the only one.
  await page.goto(`/#/compare/${run}/70003`);
  await page.reload();
  const row = page.getByRole('row').filter({ hasText: 'question 70003 ' });
  await expect(row.getByRole('button', { name: /question 70003 / })).toHaveAttribute(
    'aria-expanded',
    'true',
    {
      timeout: 30_000,
    },
  );
  await expect(row).toBeInViewport();
  expect(await page.getByRole('row').count()).toBeLessThan(80);

  // The words that only one of the two has.
  await expect(row.locator('mark')).toHaveText(['surfboards', 'palms']);
  await expect(row).toContainText('1 word only the teacher has, 1 word only the student has');
  expect(await axeFindings(page)).toEqual([]);

  // j, k, Enter; the address follows what is opened.
  await page.keyboard.press('j');
  await page.keyboard.press('j');
  await page.keyboard.press('k');
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(new RegExp(`#/compare/${run}/70004$`));
  await expect(page.getByRole('button', { name: /question 70004 / })).toHaveAttribute(
    'aria-expanded',
    'true',
  );
  // What keys lead to is whole in view, under heads that stay.
  const opened = page.getByRole('row').filter({ hasText: 'question 70004 ' });
  const heads = page.getByRole('columnheader', { name: 'question' });
  const isClear = async (): Promise<boolean> => {
    const [row, head] = [
      await page.locator('[role=row]:focus-within').boundingBox(),
      await heads.boundingBox(),
    ];
    return (
      row !== null &&
      head !== null &&
      row.y >= head.y + head.height - 1 &&
      row.y + row.height <= page.viewportSize()!.height
    );
  };
  await expect(opened).toBeInViewport({ ratio: 1 });
  for (const key of [
    'j',
    'j',
    'j',
    'j',
    'j',
    'j',
    'j',
    'j',
    'j',
    'j',
    'j',
    'j',
    'k',
    'k',
    'k',
    'k',
    'k',
    'k',
  ]) {
    await page.keyboard.press(key);
    await expect.poll(isClear).toBe(true);
  }

  // Filters with their counts; a row opened among filtered ones leaves the filter as it is.
  const broken = page.getByRole('radio', { name: /^broken by distillation 5,000$/ });
  await broken.check();
  await expect(page.getByText('5,000 of 100,000 rows')).toBeVisible();
  await page.evaluate(() => scrollTo(0, 0));
  await page.getByRole('button', { name: /^question 7 / }).click();
  await expect(broken).toBeChecked();
  await page.getByText(/^By answer: 2 different/).click();
  await page.getByRole('button', { name: 'beach', exact: true }).click();
  await expect(page.getByText(/^0 of 100,000 rows/)).toBeVisible();
  await page.getByRole('button', { name: 'beach', exact: true }).click();
  await page.getByRole('radio', { name: /^all/ }).check();

  // One letter more or one row down is answered well within a blink, on a slow machine too.
  await page.getByRole('searchbox').fill('question 99998 ');
  await expect(page.getByText(/^1 of 100,000 rows/)).toBeVisible();
  const searchMs = await page.evaluate(async () => {
    const field = document.querySelector<HTMLInputElement>('input[type="search"]')!;
    const begin = performance.now();
    Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value')!.set!.call(field, 'palms 9999');
    field.dispatchEvent(new Event('input', { bubbles: true }));
    while (
      !/^19 of 100,000/.test(
        document.querySelector('section[aria-label="Answers"] [role="status"]')!.textContent,
      )
    )
      await new Promise(requestAnimationFrame);
    return performance.now() - begin;
  });
  await page.getByRole('searchbox').fill('');
  await expect(page.getByText(/^100,000 rows/)).toBeVisible();
  const moveMs = await page.evaluate(async () => {
    const times: number[] = [];
    for (let press = 0; press < 20; press += 1) {
      const begin = performance.now();
      document.body.dispatchEvent(
        new KeyboardEvent('keydown', { key: 'j', bubbles: true, cancelable: true }),
      );
      await new Promise(requestAnimationFrame);
      times.push(performance.now() - begin);
    }
    return times.sort((a, b) => a - b)[10]!;
  });
  console.log(`100,000 rows: a search ${searchMs.toFixed(0)} ms, a row down ${moveMs.toFixed(0)} ms`);
  expect(searchMs).toBeLessThan(1500);
  expect(moveMs).toBeLessThan(250);

  // A comparison on fewer rows asks before it takes the place of this one.
  await page.getByRole('textbox', { name: 'Test rows' }).fill('1');
  const again = page.getByRole('button', { name: 'Compare now' });
  await again.click();
  const dialog = page.getByRole('alertdialog', { name: 'Replace a comparison on 100,000 rows?' });
  await expect(dialog).toContainText('on 1 row,');
  expect(await axeFindings(page)).toEqual([]);
  await dialog.getByRole('button', { name: 'Cancel' }).click();
  await expect(dialog).toHaveCount(0);
  await expect(page.getByText(/^100,000 rows/)).toBeVisible();
  await again.click();
  await dialog.getByRole('button', { name: 'Compare on 1 row' }).click();
  await expect(page.getByText(/^1 row/)).toBeVisible({ timeout: 60_000 });
});
