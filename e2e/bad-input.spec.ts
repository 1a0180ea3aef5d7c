import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseSafetensors } from '../src/formats/safetensors.ts';
import { writeSafetensors } from '../src/formats/safetensors-writer.ts';
import type { Page } from '@playwright/test';
import { expect, goTo, openStudio, setUp, test, writeRecipe, writeTinyStudent } from './support.ts';

test('bad data files fail with a clear message, and the page goes on', async ({ page }, info) => {
  await openStudio(page);
  await goTo(page, 'data');
  const drop = async (name: string, text: string) => {
    const file = info.outputPath(name);
    writeFileSync(file, text);
    await page.getByTestId('data-files').setInputFiles(file);
  };
  const alert = page.getByRole('alert');
  await drop('empty.jsonl', '');
  await expect(alert).toContainText('empty.jsonl');
  await drop('page.json', '<!doctype html><p>Not found</p>');
  await expect(alert).toContainText('page.json');
  // Rows of unknown columns are no fault: a person is asked.
  await drop('columns.jsonl', '{"topic":"a","points":"b"}\n');
  await expect(page.getByRole('region', { name: 'Columns of columns.jsonl' })).toBeVisible();
  await page.getByRole('button', { name: 'Remove columns.jsonl' }).click();
  await expect(page.getByText('Drop your rows')).toBeVisible();

  // A malformed line is left out with its line; the others stay. Markup in a file is text.
  await drop(
    'mine.jsonl',
    '{"input":"<img src=x onerror=alert(1)> first","label":"b"}\n{"input":"second"\n{"input":"third","label":"c"}\n',
  );
  await expect(page.getByText('<img src=x onerror=alert(1)> first').first()).toBeVisible();
  await expect(page.getByRole('main')).toContainText(/1 row/);

  // Rationales of another length are named with both counts, and the rows stay.
  await drop('mine_CoT.json', '{"rationale":"because","label":"b"}\n');
  await expect(page.getByRole('main')).toContainText(/mine_CoT\.json.*1 row.*mine\.jsonl.*3 rows/s);
  await expect(page.getByText('<img src=x onerror=alert(1)> first').first()).toBeVisible();
});

test('bad students fail with a clear message, and the one that was there stays', async ({ page }, info) => {
  await openStudio(page);
  await goTo(page, 'student');
  const drop = async (name: string, spoil: (folder: string) => void) => {
    const folder = writeTinyStudent(info.outputPath(name));
    spoil(folder);
    await page.getByTestId('student-files').setInputFiles(folder);
  };
  const alert = page.getByRole('alert');
  await drop('no-t5', (folder) => writeFileSync(join(folder, 'config.json'), '{"model_type":"bert"}'));
  await expect(alert).toContainText(/config\.json.*bert/s);
  await drop('cut', (folder) => {
    const file = join(folder, 'model.safetensors');
    writeFileSync(file, readFileSync(file).subarray(0, 20));
  });
  await expect(alert).toContainText('model.safetensors');
  await drop('not-a-number', (folder) => {
    const file = join(folder, 'model.safetensors');
    const { tensors } = parseSafetensors(new Uint8Array(readFileSync(file)), file);
    const shared = tensors.get('shared.weight')!.data as Float32Array;
    shared[3] = Number.NaN;
    writeFileSync(
      file,
      writeSafetensors(tensors as Parameters<typeof writeSafetensors>[0], { dtype: 'f32' }),
    );
  });
  await expect(alert).toContainText(/shared\.weight.*NaN/s);
  const students = page.getByRole('main').getByRole('radio');
  await expect(students).toHaveCount(1);
  await expect(students).toBeChecked();
});

/** Runs `code` in the studio's worker, after it listens and before it is asked for anything. */
async function spoilWorker(page: Page, code: string): Promise<void> {
  // The policy lets a worker start from a file of the studio's alone, so the file itself is changed on its way.
  await page.route(/\/studio\.worker[^/]*\.js$/, async (route) => {
    const response = await route.fetch();
    await route.fulfill({ response, body: `${await response.text()}\n${code}` });
  });
}

test('a full disk is told in words, and what was stored stays', async ({ page }, info) => {
  // Chromium's quota cannot be made small from outside (Storage.overrideQuotaForOrigin does not reach IndexedDB here),
  // so the browser's own error is thrown where it would be.
  await spoilWorker(
    page,
    `const put = IDBObjectStore.prototype.put;
     IDBObjectStore.prototype.put = function (value, ...rest) {
       if (this.name === 'dataFiles' && value.blob.size > 1_000_000) {
         throw new DOMException('The quota has been exceeded.', 'QuotaExceededError');
       }
       return put.call(this, value, ...rest);
     };`,
  );
  await openStudio(page);
  await goTo(page, 'data');
  const file = info.outputPath('large-train.jsonl');
  writeFileSync(file, `${JSON.stringify({ input: 'word '.repeat(2000), label: 'b' })}\n`.repeat(150));
  await page.getByTestId('data-files').setInputFiles(file);
  await expect(page.getByRole('alert')).toContainText(/no room left/, { timeout: 60_000 });
  // The worker as it is: one that is still being spoilt when the flow ends is a failure.
  await page.unrouteAll({ behavior: 'wait' });
  await page.reload();
  await expect(page.getByRole('main')).toContainText('The sample');
});

test('without WebGPU the studio says so calmly and trains', async ({ page }, info) => {
  await page.addInitScript(() => Object.defineProperty(Navigator.prototype, 'gpu', { value: undefined }));
  await openStudio(page);
  await expect(page.getByRole('main')).toContainText(/No GPU was found/);
  await setUp(page, writeRecipe(info.outputPath('run.json'), { steps: 1, batchSize: 1 }), { testRows: 1 });
  await page.getByRole('button', { name: 'Train on the sample' }).click();
  await expect(page.getByTestId('metrics-last-step')).toHaveText('1', { timeout: 60_000 });
});
