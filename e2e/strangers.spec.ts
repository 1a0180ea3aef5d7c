import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { endless, hostileFolders } from '../tests/support/hostile.ts';
import { expect, goTo, openStudio, reaches, setUp, startRun, test, writeRecipe } from './support.ts';

test('what strangers made fails with a clear message, and the run beside it never waits', async ({
  page,
}, info) => {
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

  // The run was not touched: it continues until it is stopped.
  await goTo(page, 'train');
  await page.getByRole('button', { name: 'Stop and keep' }).click();
  await expect(page.getByTestId('run-state')).toContainText(/stopped at step/, { timeout: 120_000 });
});
