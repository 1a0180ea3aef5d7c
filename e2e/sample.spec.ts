import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import type { Locator, Page } from '@playwright/test';
import { unzipSync } from 'fflate';
import { expect, goTo, openStudio, setUp, test, writeRecipe } from './support.ts';

// What a newcomer does first, on the engine that a machine without a GPU has.
test('the first minute: the sample trains, pauses, goes on, stops and keeps', async ({ page }, info) => {
  await openStudio(page);
  await setUp(page, writeRecipe(info.outputPath('run.json'), { steps: 400, batchSize: 2 }), { testRows: 2 });
  await page.getByRole('button', { name: 'Train on the sample' }).click();
  const step = async () => Number(await page.getByTestId('metrics-last-step').textContent());
  await expect.poll(step, { timeout: 60_000 }).toBeGreaterThan(2);

  await page.getByRole('button', { name: /^Pause/ }).click();
  await expect(page.getByTestId('run-state')).toContainText(/^paus/);
  await expect(page.getByRole('button', { name: /^Resume/ })).toBeVisible();
  const pausedAt = await step();
  await page.waitForFunction(() => new Promise((resolve) => setTimeout(() => resolve(true), 1000)));
  expect(await step()).toBe(pausedAt);

  await page.getByRole('button', { name: /^Resume/ }).click();
  await expect.poll(step, { timeout: 60_000 }).toBeGreaterThan(pausedAt);

  await page.getByRole('button', { name: 'Stop and keep' }).click();
  await expect(page.getByRole('button', { name: 'Train on the sample' })).toBeEnabled({ timeout: 60_000 });
  await goTo(page, 'compare');
  // A stopped run is not compared unasked.
  await page.getByLabel('Test rows').fill('2');
  await page.getByRole('button', { name: 'Compare now' }).click();
  await expect(page.getByTestId('accuracy-distilled')).toContainText('of 2');
  await goTo(page, 'take-away');
  await expect(page.getByRole('button', { name: 'Take the f16 model' })).toBeEnabled();
  // What only a person knows; what is no name is not kept.
  await page.getByText('For the model card').click();
  await page.getByLabel('Licence of the model').fill('Apache 2');
  await expect(page.getByText('is not written as a hub writes it')).toBeVisible();
  await page.getByLabel('Licence of the model').fill('apache-2.0');
  await expect(page.getByText('For the model card')).toContainText('apache-2.0');
  // The student with its server: a folder in a zip, as `headless export --serve` writes it.
  await page.getByLabel('Weights of the server').selectOption('w8');
  const server = await takenZip(page, 'Take the server', /-server\.zip$/);
  expect(Object.keys(server)).toEqual(
    expect.arrayContaining([
      'Dockerfile',
      'requirements.txt',
      'serve/__main__.py',
      'deploy/vertex.py',
      'model/run.json',
      'model/onnx/encoder_model_int8.onnx',
      'model/onnx/decoder_model_merged_int8.onnx',
      'model/model.safetensors',
      'model/tokenizer.json',
      'model/README.md',
      'model/curves.svg',
    ]),
  );
  await page.getByLabel('Weights of the graphs').selectOption('q8');
  await expect(page.getByText('Fast, not exact; an answer may depend on its neighbours')).toBeVisible();
  const onnx = await takenZip(page, 'Take the ONNX model', /-onnx-q8\.zip$/);
  expect(JSON.parse(onnx['config.json']!)).toMatchObject({ 'transformers.js_config': { dtype: 'q8' } });
  expect(onnx['README.md']).toContain('license: apache-2.0');
  expect(onnx['examples.jsonl']!.trimEnd().split('\n')).toHaveLength(2);
  // The page that answers, opened from the disk.
  const download = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Take the page' }).click();
  const file = await download;
  const demo = info.outputPath(file.suggestedFilename());
  await file.saveAs(demo);
  const { prompt, answer } = JSON.parse(onnx['examples.jsonl']!.split('\n')[0]!) as Record<string, string>;
  const question = prompt!.replace('predict: ', '');
  const alone = await page.context().browser()!.newContext({ offline: true });
  const shown = await alone.newPage();
  await shown.goto(pathToFileURL(demo).href);
  await shown.getByRole('button', { name: question }).click();
  await expect(shown.locator('.answer')).toHaveText(answer === '' ? '(nothing)' : answer!);
  await alone.close();
});

/** Presses a button and unpacks what it saves: texts by their paths within the folder. */
async function takenZip(page: Page, button: string, name: RegExp): Promise<Record<string, string>> {
  const download = page.waitForEvent('download');
  await page.getByRole('button', { name: button }).click();
  const zip = await download;
  expect(zip.suggestedFilename()).toMatch(name);
  const files = unzipSync(new Uint8Array(readFileSync(await zip.path())));
  const text = new TextDecoder();
  return Object.fromEntries(
    Object.entries(files).map(([path, bytes]) => [path.split('/').slice(1).join('/'), text.decode(bytes)]),
  );
}

test('the page is isolated, under a strict policy, and gives wasm its threads', async ({ page }, info) => {
  const response = await page.goto('/');
  const policy = response!.headers()['content-security-policy'];
  expect(policy).toContain("default-src 'none'");
  expect(policy).not.toContain('unsafe-inline');
  expect(await page.evaluate(() => self.crossOriginIsolated)).toBe(true);
  const cores = await page.evaluate(() => navigator.hardwareConcurrency);
  test.skip(cores < 2, 'This machine has one core.');
  await openStudio(page);
  await setUp(page, writeRecipe(info.outputPath('run.json'), { steps: 1, batchSize: 1 }), { testRows: 1 });
  await page.getByRole('button', { name: 'Train on the sample' }).click();
  await expect(page.getByTestId('engine')).toContainText(`${cores} threads`, { timeout: 60_000 });
});

/** Presses Tab until it is on `target`; wherever it comes on its way must be seen. */
async function tabTo(page: Page, target: Locator): Promise<void> {
  for (let press = 0; press < 120; press += 1) {
    await page.keyboard.press('Tab');
    const hidden = await page.evaluate(() => {
      const focused = document.activeElement;
      if (focused === null || focused === document.body) return null;
      const { left, top, width, height } = focused.getBoundingClientRect();
      const at = document.elementFromPoint(left + width / 2, top + height / 2);
      const isSeen = at !== null && (focused.contains(at) || at.contains(focused));
      return isSeen
        ? null
        : `${focused.outerHTML.slice(0, 120)} under ${at?.outerHTML.slice(0, 120) ?? 'the edge'}`;
    });
    expect(hidden, 'what has the focus is covered').toBeNull();
    if (await target.evaluate((element) => element === document.activeElement)) return;
  }
  throw new Error('Tab did not come to it.');
}

// A window of 1280 by 800 at 200 % is one of 640 by 400.
for (const [zoom, size] of [
  ['100 %', { width: 1280, height: 800 }],
  ['200 %', { width: 640, height: 400 }],
] as const) {
  test(`the same job by keyboard alone, at ${zoom}`, async ({ page }, info) => {
    await openStudio(page);
    await setUp(page, writeRecipe(info.outputPath('run.json'), { steps: 2, batchSize: 2 }), { testRows: 2 });
    await page.reload();
    await page.setViewportSize(size);
    const train = page.getByRole('button', { name: 'Train on the sample' });
    await expect(train).toBeEnabled();
    await tabTo(page, train);
    await page.keyboard.press('Enter');
    await expect(page.getByTestId('metrics-last-step')).toHaveText('2', { timeout: 60_000 });
    await expect(train).toBeEnabled({ timeout: 60_000 });
    await tabTo(page, page.getByRole('link', { name: /Compare/ }).first());
    await page.keyboard.press('Enter');
    await expect(page.getByRole('heading', { level: 1 })).toBeFocused();
    await expect(page.getByTestId('accuracy-base')).toContainText('of 2');
    for (const station of ['data', 'student', 'train', 'compare', 'take-away', 'runs', 'storage']) {
      await goTo(page, station);
      const sideways = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      expect(sideways, `${station} scrolls sideways`).toBeLessThanOrEqual(0);
      await page.screenshot({ path: info.outputPath(`${station}.png`) });
    }
  });
}
