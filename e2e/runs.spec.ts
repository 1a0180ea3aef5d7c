import { readFileSync, writeFileSync } from 'node:fs';
import { unzipSync, zipSync } from 'fflate';
import { runOnDisk, storedModelSha256 } from './stored-runs.ts';
import { axeFindings, expect, goTo, openStudio, setUp, test, writeRecipe } from './support.ts';

test('runs are named, kept as files, deleted, had back, and brought in again', async ({ page }, info) => {
  await openStudio(page);
  const recipe = { steps: 6, batchSize: 2, evalEvery: 3, maxInputTokens: 48, maxTargetTokens: 16 };
  await setUp(page, writeRecipe(info.outputPath('run.json'), recipe), { backend: 'wasm', testRows: 2 });
  await page.getByRole('button', { name: 'Train on the sample' }).click();
  await expect(page.getByTestId('run-state')).toContainText('done, 6 steps', { timeout: 60_000 });

  // What it made of the watched questions, by keyboard back to before training.
  await expect(page.getByTestId('watched-answer')).toHaveCount(2);
  await expect(page.getByTestId('watched-step')).toHaveText('step 6');
  await page.getByRole('slider', { name: 'Step of the answers' }).press('Home');
  await expect(page.getByTestId('watched-step')).toHaveText('before training');
  await page.getByRole('button', { name: 'Newest' }).click();
  await expect(page.getByTestId('watched-step')).toHaveText('step 6');

  // A name, a note and a pin.
  await goTo(page, 'runs');
  await page.getByRole('button', { name: /^Name and note of/ }).click();
  const form = page.getByRole('form', { name: /^Name and note of/ });
  await expect(form.getByLabel('Name')).toBeFocused();
  await form.getByLabel('Name').fill('');
  await expect(form.getByText('A run needs a name.')).toBeVisible();
  await form.getByLabel('Name').fill('first <try>');
  await form.getByLabel('Note').fill('alpha is the\nnotebook’s');
  await form.getByLabel('Tags, with commas between').fill('paper, first');
  await form.getByRole('button', { name: 'Keep' }).click();
  const run = page.getByRole('article', { name: 'first <try>' });
  await expect(run).toContainText('Tags: paper, first.');
  await expect(run).toContainText('alpha is the');
  await run.getByRole('button', { name: /^Pin/ }).click();
  await expect(run.getByText('pinned')).toBeVisible();
  await expect(run.getByRole('img', { name: /^Loss curves; answer loss from/ })).toBeVisible();

  // As a file.
  const downloading = page.waitForEvent('download');
  await run.getByRole('button', { name: /as a file$/ }).click();
  const download = await downloading;
  expect(download.suggestedFilename()).toBe('first -try.run.zip');
  const zip = info.outputPath('first.run.zip');
  await download.saveAs(zip);
  const before = await runOnDisk(page);
  const weights = await storedModelSha256(page, before);

  // Deleted and had back, then deleted and left.
  await run.getByRole('button', { name: /^Delete/ }).click();
  await expect(run).toHaveCount(0);
  const undo = page.getByRole('button', { name: 'Undo: keep first <try>' });
  await expect(undo).toBeFocused();
  await undo.press('Enter');
  await expect(run).toContainText('alpha is the');
  await run.getByRole('button', { name: /^Delete/ }).click();
  await expect(undo).toBeVisible();
  expect(await axeFindings(page)).toEqual([]);
  await expect(undo).toHaveCount(0, { timeout: 30_000 });
  await expect(page.getByText('Every run is kept here')).toBeVisible();
  expect((await runOnDisk(page)).id).toBe('');
  const folders = await page.evaluate(async () => {
    const root = await navigator.storage.getDirectory();
    const names: string[] = [];
    for await (const name of (await root.getDirectoryHandle('checkpoints')).keys()) names.push(name);
    return names;
  });
  expect(folders).toEqual([]);

  // A broken file is refused by the name of what is broken in it; the whole one comes in.
  const files = unzipSync(readFileSync(zip));
  const model = Object.keys(files).find((path) => path.endsWith('model.safetensors'))!;
  const broken = info.outputPath('broken.zip');
  writeFileSync(broken, zipSync({ ...files, [model]: files[model]!.slice(0, -4) }));
  await page.getByTestId('run-archive').setInputFiles(broken);
  await expect(page.getByRole('alert')).toContainText('broken.zip/model.safetensors');
  await page.getByTestId('run-archive').setInputFiles(zip);
  await expect(run).toContainText('From the file first.run.zip.');
  const after = await runOnDisk(page);
  expect(after.id).not.toBe(before.id);
  expect([after.steps, after.losses]).toEqual([before.steps, before.losses]);
  expect(await storedModelSha256(page, after)).toBe(weights);

  // It is compared and taken away like any other, and trained again from its own recipe.
  await run.getByRole('button', { name: /^Open/ }).click();
  await goTo(page, 'compare');
  await expect(page.getByRole('main')).toContainText('first <try>');
  await goTo(page, 'runs');
  await run.getByRole('button', { name: /^Repeat with changes/ }).click();
  await expect(page.getByLabel('Gradient accumulation')).toBeVisible();
  await expect(page.getByRole('textbox', { name: 'Steps', exact: true })).toHaveValue('6');

  // Two runs ticked: laid over each other, with a table of what differs alone.
  await page.getByRole('textbox', { name: 'Alpha', exact: true }).fill('0.9');
  await page.getByRole('button', { name: 'Train on the sample' }).click();
  await expect(page.getByTestId('run-state')).toContainText('done, 6 steps', { timeout: 60_000 });
  await goTo(page, 'runs');
  const table = page.getByRole('table', { name: 'Runs' });

  // From one run's card to where it differs from the other, by keyboard; the tick is still there on the way back.
  const newest = table.getByRole('checkbox').first();
  await newest.press('Escape');
  await newest.press('Space');
  const compareWith = page.getByRole('article').getByRole('link', { name: 'Compare with first <try>' });
  await expect(compareWith).toBeVisible();
  expect(await axeFindings(page)).toEqual([]);
  await compareWith.press('Enter');
  await expect(page.getByTestId('pair-finding')).toContainText(/^On 2 test rows: .* first <try> /);
  await page.goBack();
  await expect(newest).toBeChecked();

  for (const box of await table.getByRole('checkbox').all()) await box.check();
  await expect(page.getByRole('heading', { name: '2 runs ticked' })).toBeVisible();
  for (const title of ['Answer loss', 'Rationale loss', 'Test accuracy']) {
    await expect(page.getByRole('figure', { name: title })).toBeVisible();
  }
  await expect(page.getByRole('button', { name: 'first <try>', exact: true }).first()).toHaveAttribute(
    'aria-pressed',
    'true',
  );
  // How they ended, and put together by what sets them apart.
  const finals = page.getByRole('region', { name: 'Accuracy of the distilled student' });
  await expect(finals.getByRole('listitem')).toHaveCount(2);
  await expect(finals.getByRole('listitem').first()).toContainText(/\d % of \d/);
  await finals.getByLabel('Grouped by').selectOption('Alpha');
  await expect(finals.getByRole('heading', { level: 4 })).toHaveText([/^Alpha 0\./, /^Alpha 0\./]);
  const apart = page.getByRole('region', { name: 'What differs, and results' });
  await expect(apart.getByRole('row', { name: /^Alpha/ })).toHaveText(/0\.9.*0\.5|0\.5.*0\.9/);
  await expect(apart.locator('tbody').first().getByRole('row')).toHaveCount(1);
  await expect(apart.getByRole('row', { name: /^Last answer loss/ })).toContainText(/\d\.\d{3}/);
  expect(await axeFindings(page)).toEqual([]);

  // Where they differ, row by row: two ticks and a press.
  await page.getByRole('button', { name: 'Compare two' }).click();
  await expect(page.getByTestId('pair-finding')).toContainText(/^On 2 test rows: .* %, .* %\./);
  await page.getByRole('radio', { name: /^all/ }).check({ force: true });
  await expect(page.getByTestId('pair-row')).toHaveCount(2);
  expect(await axeFindings(page)).toEqual([]);
  await page.goBack();

  // Both go at once, and Ctrl+Z has both back.
  await page.getByRole('button', { name: 'Delete 2 runs' }).click();
  await expect(page.getByText('Every run is kept here')).toBeVisible();
  await page.keyboard.press('Control+z');
  await expect(table.getByRole('checkbox')).toHaveCount(2);
});
