import type { Page } from '@playwright/test';
import {
  expect,
  goTo,
  openStudio,
  reaches,
  setUp,
  startRun,
  stepOf,
  studioWorker,
  test,
  writeRecipe,
} from './support.ts';
import { rememberGain } from './kernel-gain.ts';
import { changeEvery, changeNewest, runOnDisk, storedModelSha256 } from './stored-runs.ts';

test('a reload in the middle of a run: it goes on, and ends with the bytes of one left alone', async ({
  page,
  context,
}, info) => {
  test.setTimeout(120_000);
  const recipe = writeRecipe(info.outputPath('run.json'), {
    steps: 60,
    batchSize: 2,
    dropout: 0.1,
    shuffle: true,
    saveEvery: 7,
    maxInputTokens: 48,
    maxTargetTokens: 16,
    generationMaxTokens: 2,
  });
  await openStudio(page);
  await setUp(page, recipe, { backend: 'wasm', testRows: 1 });
  await startRun(page);
  await expect(page.getByTestId('run-state')).toContainText('done, 60 steps', { timeout: 60_000 });
  const undisturbed = await runOnDisk(page);

  await startRun(page);
  await expect
    .poll(async () => Number(await page.getByTestId('metrics-last-step').textContent()), { timeout: 60_000 })
    .toBeGreaterThan(20);
  await page.reload();
  const notice = page.getByTestId('interrupted');
  await expect(notice).toContainText(/Its last checkpoint is of step \d+/);
  expect((await runOnDisk(page)).checkpoints.length).toBeGreaterThan(1);
  await changeNewest(page);

  // Another tab sees the same, and while this one trains it only looks on.
  await notice.getByRole('button', { name: /^Resume from step/ }).click();
  await expect(page.getByText(/The checkpoint of step \d+ is damaged/)).toBeVisible({ timeout: 20_000 });
  const other = await context.newPage();
  await other.goto('/#/runs');
  const newest = other.getByRole('table', { name: 'Runs' }).getByRole('row').nth(1);
  await expect(newest).toContainText(/in another tab|\d\.\d/);
  await other.close();

  await expect(page.getByTestId('run-state')).toContainText('done, 60 steps', { timeout: 60_000 });
  const resumed = await runOnDisk(page);
  expect(resumed.id).not.toBe(undisturbed.id);
  expect(resumed.steps).toEqual(Array.from({ length: 60 }, (_, index) => index + 1));
  expect(resumed.losses).toEqual(undisturbed.losses);
  expect(await storedModelSha256(page, resumed)).toEqual(await storedModelSha256(page, undisturbed));
  await goTo(page, 'runs');
});

test('a run whose checkpoints are all damaged asks before it begins again with step 1', async ({
  page,
}, info) => {
  test.setTimeout(120_000);
  const recipe = writeRecipe(info.outputPath('run.json'), {
    steps: 60,
    batchSize: 2,
    saveEvery: 7,
    maxInputTokens: 48,
    maxTargetTokens: 16,
    generationMaxTokens: 2,
  });
  await openStudio(page);
  await setUp(page, recipe, { backend: 'wasm', testRows: 1 });
  await startRun(page);
  await expect
    .poll(async () => Number(await page.getByTestId('metrics-last-step').textContent()), { timeout: 60_000 })
    .toBeGreaterThan(20);
  await page.reload();
  const notice = page.getByTestId('interrupted');
  const resume = notice.getByRole('button', { name: /^Resume from step/ });
  await expect(resume).toBeVisible();
  const before = await runOnDisk(page);
  await changeEvery(page);

  await resume.click();
  const dialog = page.getByRole('alertdialog', { name: 'Start again from step 1?' });
  await expect(dialog).toContainText('Nothing was removed.');
  await page.keyboard.press('Escape');
  await expect(dialog).toBeHidden();
  const kept = await runOnDisk(page);
  expect(kept.steps).toEqual(before.steps);
  expect(kept.checkpoints).toEqual(before.checkpoints);

  await goTo(page, 'runs');
  await page
    .getByRole('button', { name: /^Resume from step/ })
    .first()
    .click();
  await dialog.getByRole('button', { name: 'Start again' }).click();
  await expect(page.getByTestId('run-state')).toContainText('done, 60 steps', { timeout: 60_000 });
  expect((await runOnDisk(page)).steps).toEqual(Array.from({ length: 60 }, (_, index) => index + 1));
});

test('a run resumes with the kernels that it began with, whatever was measured since', async ({
  page,
}, info) => {
  test.setTimeout(240_000);
  const recipe = writeRecipe(info.outputPath('run.json'), {
    steps: 60,
    batchSize: 2,
    dropout: 0.1,
    saveEvery: 7,
    maxInputTokens: 48,
    maxTargetTokens: 16,
    generationMaxTokens: 2,
  });
  const machine = page.getByRole('dialog', { name: 'This machine' });
  const saysOfKernels = async (words: RegExp): Promise<void> => {
    await page.getByRole('button', { name: /^This machine/ }).click();
    await expect(machine).toContainText(words);
    await page.keyboard.press('Escape');
  };
  await openStudio(page);
  await rememberGain(page, 1.5);
  await setUp(page, recipe, { backend: 'wasm', testRows: 1 });
  await startRun(page);
  await expect(page.getByTestId('run-state')).toContainText('done, 60 steps', { timeout: 60_000 });
  await saysOfKernels(/WebAssembly relaxed SIMD, .* measured as 1\.50 times as fast/);
  const undisturbed = await runOnDisk(page);

  await startRun(page);
  await reaches(page, 20);
  await page.reload();
  await rememberGain(page, 1);
  await page
    .getByTestId('interrupted')
    .getByRole('button', { name: /^Resume from step/ })
    .click();
  await expect(page.getByTestId('run-state')).toContainText('done, 60 steps', { timeout: 60_000 });
  await saysOfKernels(/WebAssembly relaxed SIMD, .* with which the run began/);
  const resumed = await runOnDisk(page);
  expect(resumed.losses).toEqual(undisturbed.losses);
  expect(await storedModelSha256(page, resumed)).toBe(await storedModelSha256(page, undisturbed));

  // A new one takes what is known now.
  await startRun(page);
  await expect(page.getByTestId('run-state')).toContainText('done, 60 steps', { timeout: 60_000 });
  await saysOfKernels(/WebAssembly SIMD, .* Relaxed SIMD is not used: it was measured as 1\.00 times/);
  expect((await runOnDisk(page)).losses).not.toEqual(undisturbed.losses);
});

test('with one tab nothing is said of another: after a reload in a long step, and after its worker was taken away', async ({
  page,
}, info) => {
  test.setTimeout(240_000);
  // Long steps: a reload falls into one, whose worker holds the run for the rest of it.
  const recipe = writeRecipe(info.outputPath('run.json'), {
    steps: 400,
    batchSize: 64,
    accumulation: 2,
    saveEvery: 1,
  });
  const said: string[] = [];
  await page.exposeFunction('another', (words: string) => said.push(words));
  await page.addInitScript(() => {
    const report = (globalThis as unknown as { another: (words: string) => void }).another;
    new MutationObserver(() => {
      const found = /.{0,80}another tab.{0,80}/i.exec(document.documentElement.textContent);
      if (found !== null) report(found[0]);
    }).observe(document, { subtree: true, childList: true, characterData: true });
  });
  await openStudio(page);
  await setUp(page, recipe, { backend: 'wasm', testRows: 1 });
  await startRun(page);
  await reaches(page, 2);
  for (const screen of ['train', 'runs', 'storage']) {
    await goTo(page, screen);
    await page.reload();
    await goTo(page, 'train');
    const resume = page.getByTestId('interrupted').getByRole('button', { name: /^Resume from step/ });
    await expect(resume).toBeVisible({ timeout: 30_000 });
    const before = await stepOf(page);
    await resume.click();
    await reaches(page, before + 1);
  }
  const worker = studioWorker(page);
  const before = await stepOf(page);
  await worker.evaluate(() => self.close());
  await expect.poll(() => page.workers().includes(worker), { timeout: 30_000 }).toBe(false);
  await reaches(page, before + 2);
  await page.getByRole('button', { name: 'Stop and keep' }).click();
  await expect(page.getByTestId('run-state')).toContainText('stopped at step', { timeout: 60_000 });
  expect(said).toEqual([]);
});

/** From now on the worker's files are not read, until what is returned is called: as from a slow disk. */
async function holdReading(page: Page): Promise<() => Promise<void>> {
  const worker = studioWorker(page);
  await worker.evaluate(() => {
    const prototype = Blob.prototype;
    const read = Reflect.get(prototype, 'arrayBuffer');
    const held = new Promise<void>((release) => Object.assign(globalThis, { release }));
    prototype.arrayBuffer = async function (this: Blob) {
      await held;
      return read.call(this);
    };
  });
  return () => worker.evaluate(() => (globalThis as unknown as { release: () => void }).release());
}

test('from the press of Resume on a run is paused and stopped, while its checkpoint is still read', async ({
  page,
}, info) => {
  const recipe = writeRecipe(info.outputPath('run.json'), { steps: 2000, batchSize: 2, saveEvery: 7 });
  await openStudio(page);
  await setUp(page, recipe, { backend: 'wasm', testRows: 1 });
  await startRun(page);
  await reaches(page, 20);
  await page.reload();
  const state = page.getByTestId('run-state');
  const resume = page.getByTestId('interrupted').getByRole('button', { name: /^Resume from step/ });
  await expect(resume).toBeVisible();
  let release = await holdReading(page);
  await resume.click();
  await expect(state).toContainText('opening the checkpoint');
  await page.getByRole('button', { name: 'Pause' }).click();
  await expect(state).toContainText('pausing before the next step');
  await expect(page.getByRole('button', { name: 'Pause' })).toHaveAttribute('aria-disabled', 'true');
  await release();
  await expect(state).toContainText('paused at step');

  await page.reload();
  await expect(resume).toBeVisible({ timeout: 30_000 });
  release = await holdReading(page);
  await resume.click();
  await page.getByRole('button', { name: 'Stop and keep' }).click();
  await expect(state).toContainText('stopping');
  await release();
  await expect(state).toContainText(/stopped at step \d+, weights kept/);
  await expect(page.getByRole('button', { name: 'Train on the sample' })).toBeVisible();
});
