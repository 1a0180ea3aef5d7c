import { readFileSync } from 'node:fs';
import AxeBuilder from '@axe-core/playwright';
import { expect, goTo, looksRight, openStudio, setUp, startRun, test, writeRecipe } from './support.ts';

test('Ask it: base and distilled answer during training, and after it from the stored weights', async ({
  page,
}, info) => {
  await openStudio(page);
  await setUp(page, writeRecipe(info.outputPath('run.json'), { steps: 4000, batchSize: 2, evalEvery: 50 }), {
    testRows: 1,
  });
  await page.getByRole('button', { name: 'Train on the sample' }).click();
  await expect
    .poll(async () => Number(await page.getByTestId('metrics-last-step').textContent()), { timeout: 60_000 })
    .toBeGreaterThan(1);
  await page.getByRole('link', { name: 'Ask it a question' }).click();
  const section = page.getByRole('region', { name: 'Ask it' });
  const field = section.getByRole('textbox');
  await field.fill('Where would you find palms?');
  await field.press('Enter');
  const status = section.getByRole('status');
  await expect(status).toContainText(/distilled, step \d/, { timeout: 60_000 });
  await expect(status).toContainText(/answer .* m?s, rationale/);
  await expect(page.getByRole('button', { name: 'Stop and keep' })).toBeVisible();

  // Pinned, it is asked by the run at work too.
  await section.getByRole('button', { name: 'Pin to Watch it learn' }).click();
  await expect(section.getByRole('button', { name: 'Unpin from Watch it learn' })).toBeVisible();
  await goTo(page, 'train');
  await expect(page.getByTestId('own-answer')).toBeVisible({ timeout: 60_000 });
  await expect(page.getByRole('region', { name: 'Watch it learn' })).toContainText('1 of your own');

  await page.getByRole('button', { name: 'Stop and keep' }).click();
  await goTo(page, 'train');
  await expect(page.getByRole('button', { name: 'Train on the sample' })).toBeEnabled({ timeout: 60_000 });
  await page.reload();
  await goTo(page, 'compare');
  await field.fill('Where would you find ploughs?');
  await section.getByRole('button', { name: 'Ask' }).click();
  await expect(status).toContainText('Where would you find ploughs?', { timeout: 60_000 });
  await page.setViewportSize({ width: 390, height: 800 });
  const { violations } = await new AxeBuilder({ page }).include('section').analyze();
  expect(violations.map(({ id }) => id)).toEqual([]);
  expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0);
  await page.screenshot({ path: info.outputPath('ask-390.png') });
});

test('a playground: test rows, another run, beams, and a file of questions with its answers saved', async ({
  page,
}, info) => {
  test.setTimeout(180_000);
  const recipe = writeRecipe(info.outputPath('run.json'), { steps: 3 });
  await openStudio(page);
  await setUp(page, recipe, { backend: 'wasm', testRows: 3 });
  await startRun(page);
  await expect(page.getByTestId('run-state')).toContainText('done', { timeout: 60_000 });
  const other = await page.getByRole('heading', { level: 2 }).first().textContent();
  expect(other).not.toBeNull();
  const standard = writeRecipe(info.outputPath('standard.json'), { steps: 3, method: 'standard' });
  await setUp(page, standard, { backend: 'wasm', testRows: 3 });
  await startRun(page);
  await expect(page.getByTestId('run-state')).toContainText('done', { timeout: 60_000 });
  await goTo(page, 'compare');
  const section = page.getByRole('region', { name: 'Ask it' });
  const status = section.getByRole('status').first();
  await section.getByLabel('Beside it').selectOption({ index: 1 });
  await section.getByLabel('Search').selectOption('2 beams');
  await section.getByLabel('Length').selectOption('up to 8 tokens');
  // A row asks at once: everybody beside each other, the true answer once.
  await section.getByRole('group', { name: 'Try a test row' }).getByRole('listitem').first().click();
  await expect(status).toContainText('true answer', { timeout: 60_000 });
  await expect(status).toContainText('untrained');
  await expect(status).toContainText('trained without reasons and gives none');
  await expect(status).toContainText('from the stored answers');
  // The other run was taught to explain.
  await expect(status).toContainText(/another run.*, step 3.*rationale \d/, { timeout: 60_000 });
  await looksRight(page, (look) => info.outputPath(`playground-${look}.png`));

  const rows = Array.from({ length: 40 }, (_, at) =>
    JSON.stringify({ id: `q${at}`, question: `Where is ${at}?` }),
  );
  const file = {
    name: 'questions.jsonl',
    mimeType: 'application/jsonl',
    buffer: Buffer.from(rows.join('\n')),
  };
  await section.getByTestId('question-file').setInputFiles(file);
  const save = section.getByRole('button', { name: 'Save 40 answers' });
  await expect(save).toBeVisible({ timeout: 60_000 });
  const download = page.waitForEvent('download');
  await save.click();
  const lines = readFileSync(await (await download).path(), 'utf8')
    .trim()
    .split('\n');
  expect(lines).toHaveLength(40);
  expect(JSON.parse(lines[39]!)).toMatchObject({ row: 40, id: 'q39', question: 'Where is 39?' });
  expect(typeof (JSON.parse(lines[39]!) as { answer: unknown }).answer).toBe('string');
  await section
    .getByTestId('question-file')
    .setInputFiles({ ...file, buffer: Buffer.from('{"question":""}\n') });
  await expect(section.getByRole('alert')).toContainText('its input is blank', { timeout: 60_000 });
  await expect(save).toBeVisible();
});
