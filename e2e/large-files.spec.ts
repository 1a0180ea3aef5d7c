import { openSync, writeSync, closeSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, goTo, openStudio, setUp, test, writeRecipe, writeTinyStudent } from './support.ts';

const rows = 60_000;

/** Just large enough to be read as it streams. */
function writeRows(folder: string): string {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, 'many.train.jsonl');
  const file = openSync(path, 'w');
  const filling = 'of the kind that is here only to be read '.repeat(6);
  for (let from = 0; from < rows; from += 1000) {
    const lines = Array.from({ length: 1000 }, (_, at) =>
      JSON.stringify({
        input: `Question ${from + at} ${filling}`,
        label: at % 2 === 0 ? 'yes' : 'no',
        rationale: 'It is so.',
      }),
    );
    writeSync(file, `${lines.join('\n')}\n`);
  }
  closeSync(file);
  return path;
}

test('a large file is cancelled without a trace, read while other screens answer, and trained on', async ({
  page,
}, info) => {
  await openStudio(page);
  await goTo(page, 'student');
  await page.getByTestId('student-files').setInputFiles(writeTinyStudent(info.outputPath('tiny-student')));
  await expect(page.getByRole('main')).toContainText('tiny-student');
  const recipe = { steps: 2, batchSize: 2, maxInputTokens: 24, maxTargetTokens: 12, shuffle: true };
  await setUp(page, writeRecipe(info.outputPath('run.json'), recipe), { backend: 'wasm' });
  await goTo(page, 'data');
  const path = writeRows(info.outputPath('large'));
  const main = page.getByRole('main');

  await page.getByTestId('data-files').setInputFiles(path);
  await expect(main).toContainText(/reading many\.train\.jsonl: [1-9][\d,]* rows, [\d.]+ MB of [\d.]+ MB/);
  await page.getByRole('button', { name: 'Cancel' }).click();
  await expect(page.getByRole('button', { name: 'Cancel' })).toBeHidden();
  await expect(main).toContainText('rows 1 to 25 of 400');

  await page.getByTestId('data-files').setInputFiles(path);
  await expect(main).toContainText(/reading many\.train\.jsonl: [1-9]/);
  await goTo(page, 'student');
  await expect(main).toContainText('tiny-student');
  await goTo(page, 'data');
  await expect(main).toContainText('rows 1 to 25 of 60,000', { timeout: 60_000 });
  await page.getByLabel('Go to row').fill('60000');
  await expect(page.getByRole('article').last()).toContainText('Question 59999');

  await goTo(page, 'train');
  await page.getByRole('button', { name: 'Start training' }).click();
  await expect(page.getByTestId('run-state')).toContainText('2 steps', { timeout: 120_000 });
});
