/** `headless export --demo`: one file that answers, opened from the disk by a browser without a network. */
import { pathToFileURL } from 'node:url';
import { readFileSync } from 'node:fs';
import { expect, test } from '@playwright/test';
import { headless } from '../tests/support/headless.ts';
import { axeFindings, writeRecipe } from './support.ts';

function run(args: readonly string[], input = ''): string {
  const { code, stdout, stderr } = headless(args, input);
  expect(code, stderr).toBe(0);
  return stdout;
}

test('a demo page answers as the student does, from file://, and asks for nothing', async ({
  page,
}, info) => {
  const out = info.outputPath('run');
  const demo = info.outputPath('demo.html');
  const recipe = writeRecipe(info.outputPath('run.json'), { steps: 40, batchSize: 8, learningRate: 3e-3 });
  run([
    'train',
    '--out',
    out,
    '--recipe',
    recipe,
    '--test-rows',
    '5',
    '--engine',
    'wasm',
    '--precision',
    'f16',
  ]);
  run(['export', '--run', out, '--demo', demo]);
  const again = headless(['export', '--run', out, '--demo', demo]);
  expect(again.code).toBe(2);
  expect(again.stderr).toContain('is there already');

  const requests: string[] = [];
  const faults: string[] = [];
  const address = pathToFileURL(demo).href;
  page.on('request', (request) => requests.push(request.url()));
  page.on('console', (message) => faults.push(message.text()));
  page.on('pageerror', (error) => faults.push(error.message));
  await page.context().setOffline(true);
  await page.goto(address);

  const rows = readFileSync(`${out}/predictions.jsonl`, 'utf8').trim().split('\n').slice(0, 3);
  const questions = rows.map((row) => (JSON.parse(row) as { input: string }).input);
  const asked = (prefix: string): string[] => {
    const { generationMaxTokens } = JSON.parse(readFileSync(`${out}/run.json`, 'utf8')) as Record<
      string,
      number
    >;
    const lines = questions.map((question) => `${question}\n`).join('');
    const args = [
      '--student',
      `${out}/model`,
      '--prefix',
      prefix,
      '--max-tokens',
      String(generationMaxTokens),
    ];
    return run(['generate', ...args, '--engine', 'wasm'], lines)
      .trimEnd()
      .split('\n');
  };
  const answers = asked('predict: ');
  const rationales = asked('explain: ');
  for (const [at, question] of questions.entries()) {
    await page.getByRole('button', { name: question }).click();
    await expect(page.getByLabel('Question')).toHaveValue(question);
    await expect(page.locator('.answer')).toHaveText(answers[at]!);
    await expect(page.locator('.rationale')).toHaveText(rationales[at]!);
  }
  await page.getByLabel('Question').fill(questions[0]!);
  await page.getByRole('button', { name: 'Ask' }).click();
  await expect(page.locator('.answer')).toHaveText(answers[0]!);
  expect(requests).toEqual([address]);
  expect(faults).toEqual([]);
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    expect(await axeFindings(page), colorScheme).toEqual([]);
  }
});
