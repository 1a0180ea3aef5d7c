/** A teacher in this tab: the tests' teacher through transformers.js, from a folder, under the studio's own policy. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test, type Page } from '@playwright/test';
import { startHub } from '../tests/support/hub-server.ts';
import { llamaFolder } from '../tests/support/llama-onnx.ts';
import { axeFindings, expect, goTo } from './support.ts';

const rows = 6;
const files = llamaFolder(new Uint8Array(readFileSync('tests/fixtures/teacher/teacher.gguf')));

function writeFolder(folder: string): string {
  for (const [path, bytes] of files) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), bytes);
  }
  return folder;
}

/** Opens the station with bare rows of the sample, and a teacher in this tab. */
async function openStation(page: Page, file: string): Promise<void> {
  const sample = readFileSync('public/sample/test.jsonl', 'utf8').split('\n').slice(0, rows);
  const bare = sample.map((line) => {
    const { input, label } = JSON.parse(line) as { input: string; label: string };
    return `${JSON.stringify({ input, label })}\n`;
  });
  writeFileSync(file, bare.join(''));
  await page.goto('./');
  await expect(page.getByRole('button', { name: 'Train on the sample' })).toBeEnabled();
  await goTo(page, 'data');
  await page.locator('input[type=file]').first().setInputFiles(file);
  await expect(page.getByText(`${rows} rows`).first()).toBeVisible();
  await goTo(page, 'teacher');
  await page.getByText('In this tab', { exact: true }).click();
}

test('a model from a folder labels rows in this tab: nothing is fetched before, nothing from elsewhere', async ({
  page,
  baseURL,
}, info) => {
  const folder = writeFolder(info.outputPath('tiny-teacher'));
  const asked: string[] = [];
  page.on('request', (request) => asked.push(request.url()));
  const said: string[] = [];
  page.on('console', (message) => message.type() === 'error' && said.push(message.text()));

  await openStation(page, info.outputPath('rows.jsonl'));
  await expect(page.getByText('So from 1.5 B up as a labeller')).toBeVisible();
  expect(asked.filter((url) => /ort-wasm|model\.worker/.test(url))).toEqual([]);

  await page.getByTestId('model-folder').setInputFiles(folder);
  await expect(page.getByText('✓ tiny-teacher is open')).toBeVisible({ timeout: 60_000 });
  await expect(page.getByText('A model of this size labels badly.')).toBeVisible();
  await page.getByRole('button', { name: `Ask ${rows} rows` }).click();
  await expect(page.getByTestId('right-so-far')).toContainText(`${rows} of ${rows}`, { timeout: 60_000 });
  await expect(page.getByRole('region', { name: 'Answers' })).toContainText(/has \w+, \w+ has/);
  expect(await axeFindings(page)).toEqual([]);
  await page.getByText('Fetch one from a hub').click();
  await page.emulateMedia({ colorScheme: 'dark', reducedMotion: 'reduce' });
  await page.setViewportSize({ width: 390, height: 800 });
  expect(await axeFindings(page)).toEqual([]);
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  expect(overflow, 'it scrolls sideways on a phone').toBeLessThanOrEqual(0);
  if (process.env['STILLROOM_PICTURES'])
    await page.screenshot({
      path: `${process.env['STILLROOM_PICTURES']}/in-tab-dark-390.png`,
      fullPage: true,
    });
  for (const url of asked) expect(new URL(url).origin, url).toBe(new URL(baseURL!).origin);
  expect(asked.some((url) => url.includes('ort-wasm'))).toBe(true);
  expect(said).toEqual([]);

  // Answers stay; the model has to be chosen again.
  await page.reload();
  await expect(page.getByTestId('right-so-far')).toContainText(`${rows} of ${rows}`);
});

test('on a GPU it runs through WebGPU, and says the same', { tag: '@long' }, async ({ page }, info) => {
  // SwiftShader says of itself that it is no real one, and would be left alone.
  await page.addInitScript(() => {
    Object.defineProperty(GPUAdapterInfo.prototype, 'isFallbackAdapter', { get: () => false });
  });
  await openStation(page, info.outputPath('rows.jsonl'));
  await page.getByTestId('model-folder').setInputFiles(writeFolder(info.outputPath('tiny-teacher')));
  await expect(page.getByText(/✓ tiny-teacher is open.* on the GPU/)).toBeVisible({ timeout: 60_000 });
  await page.getByRole('button', { name: 'Try 5 rows' }).click();
  await expect(page.getByTestId('right-so-far')).toContainText('5 of 5', { timeout: 240_000 });
});

test('a model of a hub is fetched once, kept in this browser, opened without a network, and removed', async ({
  page,
}, info) => {
  const hub = await startHub({ 'me/tiny-teacher': { files, license: 'apache-2.0' } }, true);
  try {
    await openStation(page, info.outputPath('rows.jsonl'));
    await page.getByText('Fetch one from a hub').click();
    await page.getByRole('textbox', { name: 'Name on the hub' }).fill('me/tiny-teacher');
    await page.getByRole('textbox', { name: 'Address of another hub' }).fill(hub.url);
    expect(hub.requests).toEqual([]);
    await page.getByRole('button', { name: 'Look it up' }).click();
    await expect(page.getByText('Licence: apache-2.0')).toBeVisible();
    await page.getByRole('button', { name: /^Fetch 1\.\d+ MB/ }).click();
    await expect(page.getByText('✓ tiny-teacher is open')).toBeVisible({ timeout: 60_000 });
  } finally {
    await hub.close();
  }

  await page.reload();
  const kept = page.getByRole('list', { name: 'Models in this browser' });
  await expect(kept).toContainText('me/tiny-teacher, fp32');
  await kept.getByRole('button', { name: 'Open' }).click();
  await expect(page.getByText('✓ tiny-teacher is open')).toBeVisible({ timeout: 60_000 });
  await page.getByRole('button', { name: 'Try 5 rows' }).click();
  await expect(page.getByTestId('right-so-far')).toContainText('5 of 5', { timeout: 60_000 });

  // Storage lists it with its size, and lets it be removed too.
  await goTo(page, 'storage');
  const stored = page.getByRole('region', { name: 'Language models that answer in this tab' });
  await expect(stored).toContainText(/me\/tiny-teacher \(fp32\)\s*1\.\d+ MB/);
  await stored.getByRole('button', { name: 'Remove me/tiny-teacher (fp32)' }).click();
  await expect(page.getByRole('alertdialog')).toContainText('it is fetched once more from its hub');
  await page.keyboard.press('Escape');
  await goTo(page, 'teacher');
  await kept.getByRole('button', { name: 'Remove' }).click();
  await expect(kept).toHaveCount(0);
  const left = await page.evaluate(async () => {
    const names: string[] = [];
    const root = await navigator.storage.getDirectory();
    for await (const name of (await root.getDirectoryHandle('hub-models')).keys()) names.push(name);
    return names;
  });
  expect(left).toEqual(['index.json']);

  // One that lost its files to the browser.
  await page.evaluate(async () => {
    const root = await navigator.storage.getDirectory();
    const index = await (await root.getDirectoryHandle('hub-models')).getFileHandle('index.json');
    const writable = await index.createWritable();
    await writable.write(JSON.stringify([{ name: 'me/gone', precision: 'q8', files: [] }]));
    await writable.close();
  });
  await goTo(page, 'storage');
  await stored.getByRole('button', { name: 'Remove me/gone (q8)' }).click();
  await page.getByRole('button', { name: 'Remove it' }).click();
  await expect(stored).toHaveCount(0);
});
