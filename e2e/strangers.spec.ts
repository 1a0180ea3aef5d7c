import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { endless, hostileArchives, hostileFolders } from '../tests/support/hostile.ts';
import { expect, goTo, openStudio, reaches, setUp, startRun, test, writeRecipe } from './support.ts';

test('what strangers made is refused in words, and the run beside it never waits', async ({ page }, info) => {
  await openStudio(page);
  const recipe = writeRecipe(info.outputPath('run.json'), {
    steps: 100_000,
    batchSize: 1,
    maxInputTokens: 24,
  });
  await setUp(page, recipe, { backend: 'wasm', testRows: 1 });
  await startRun(page);
  await reaches(page, 2);

  const bar = page.getByRole('progressbar', { name: /: steps taken$/ });
  const stepsTaken = () =>
    bar.evaluate((element) => (element as HTMLProgressElement).value, null, { timeout: 20_000 });
  await goTo(page, 'student');
  const folders = hostileFolders();
  const taken = ['1e9 layers', '2^52', '100,000 tensors', 'is NaN', '4,000,000,000'].map((words) =>
    folders.find(({ name }) => name.includes(words))!,
  );
  const alert = page.getByRole('main').getByRole('alert');
  for (const [at, { content }] of [...endless.slice(0, 2), ...taken].entries()) {
    const folder = info.outputPath(`stranger-${at}`);
    for (const [name, bytes] of content) {
      mkdirSync(dirname(join(folder, name)), { recursive: true });
      writeFileSync(join(folder, name), bytes);
    }
    const before = await stepsTaken();
    await page.getByTestId('student-files').setInputFiles(folder);
    await expect(alert).toContainText(`stranger-${at}`, { timeout: 30_000 });
    if (at < 2) await expect(alert).toContainText('does not come to an end');
    await expect.poll(stepsTaken, { timeout: 30_000 }).toBeGreaterThan(before);
  }

  await goTo(page, 'runs');
  const archives = (await hostileArchives()).filter(({ name }) =>
    /evaluations$|1\.9 GB|no record/.test(name),
  );
  expect(archives.length).toBeGreaterThan(2);
  for (const [at, { content }] of archives.entries()) {
    const file = info.outputPath(`stranger-${at}.run.zip`);
    writeFileSync(file, content);
    await page.getByTestId('run-archive').setInputFiles(file);
    await expect(alert).toContainText(`stranger-${at}.run.zip`, { timeout: 30_000 });
  }
  // The run was not touched: it is the only one, and has every step of its curve once.
  await expect(page.getByRole('table', { name: 'Runs' }).getByRole('checkbox')).toHaveCount(1);
  await page.getByRole('button', { name: 'Stop and keep' }).click();
  await expect(page.getByTestId('run-state')).toContainText(/stopped at step/, { timeout: 120_000 });
});

test('Pause and Stop are pressed while a run is prepared, and a run that ends elsewhere says so', async ({
  page,
}, info) => {
  await openStudio(page);
  const recipe = writeRecipe(info.outputPath('run.json'), { steps: 400, batchSize: 1, maxInputTokens: 24 });
  await setUp(page, recipe, { backend: 'wasm', testRows: 1 });
  await startRun(page);
  await page.getByRole('button', { name: 'Pause' }).click();
  const state = page.getByTestId('run-state');
  await expect(state).toContainText(/pausing|paused/);
  await expect(state).toContainText('paused at step', { timeout: 60_000 });
  await page.getByRole('button', { name: 'Resume' }).click();
  await goTo(page, 'data');
  const ended = page.getByTestId('run-ended');
  await expect(ended).toContainText('done, 400 steps', { timeout: 240_000 });
  await page.screenshot({ path: info.outputPath('run-ended.png') });
  await ended.getByRole('button', { name: 'Show it' }).click();
  await expect(state).toContainText('done, 400 steps');
  await expect(ended).toHaveCount(0);

  await startRun(page);
  await page.getByRole('button', { name: 'Stop and keep' }).click();
  await expect(state).toContainText(/stopp/);
  await expect(page.getByRole('button', { name: 'Train on the sample' })).toBeEnabled({ timeout: 60_000 });
});
