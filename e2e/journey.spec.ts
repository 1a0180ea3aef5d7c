import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { unzipSync } from 'fflate';
import { headless } from '../tests/support/headless.ts';
import {
  cosE,
  expect,
  goldenRun,
  goTo,
  haveShared,
  openStudio,
  setUp,
  test,
  writeRecipe,
  writeTinyStudent,
} from './support.ts';

// The whole way on WebGPU (SwiftShader), as a person goes it: files in, curves, a reload, comparison, weights out.
test('from dropped files to exported weights, on WebGPU', { tag: '@long' }, async ({ page }, info) => {
  await openStudio(page);

  // Data: four files at once, each recognised and joined.
  await goTo(page, 'data');
  await page
    .getByTestId('data-files')
    .setInputFiles([cosE.train, cosE.trainRationales, cosE.test, cosE.testRationales]);
  await expect(page.getByTestId('teacher-train')).toContainText(cosE.trainTeacher, { timeout: 60_000 });
  await expect(page.getByTestId('teacher-test')).toContainText(cosE.testTeacher);
  await expect(page.getByRole('main')).toContainText(cosE.trainRows);

  // Student: a folder. A tiny one: SwiftShader computes every word of a vocabulary in software.
  await goTo(page, 'student');
  await page.getByTestId('student-files').setInputFiles(writeTinyStudent(info.outputPath('tiny-student')));
  await expect(page.getByRole('main')).toContainText('tiny-student');

  // Train, by name on WebGPU: more steps than are taken before the page is loaded again.
  // Short rows: the tiny student spells every letter.
  const short = { maxInputTokens: 24, maxTargetTokens: 12 };
  const long = writeRecipe(info.outputPath('long.json'), { ...short, steps: 5000 });
  await setUp(page, long, { backend: 'webgpu', testRows: 6 });
  // Of capitals and stops its vocabulary knows nothing: that is said before it is trained on them.
  await expect(page.getByTestId('foreign-rows')).toContainText('<unk>', { timeout: 120_000 });
  await page.getByRole('button', { name: 'Start training' }).click();
  // Software compiles each kernel for seconds, and another flow may have the other core.
  await expect(page.getByTestId('metrics-last-step')).not.toHaveText('1', { timeout: 240_000 });

  // A reload in the middle: the run is there, with its curve.
  await expect
    .poll(async () => Number(await page.getByTestId('metrics-last-step').textContent()), { timeout: 120_000 })
    .toBeGreaterThanOrEqual(3);
  await page.reload();
  await expect
    .poll(async () => Number(await page.getByTestId('metrics-last-step').textContent()))
    .toBeGreaterThanOrEqual(2);
  await expect(page.getByTestId('run-state')).toContainText(/interrupted|step/);

  // Again, twenty steps, to the end.
  await setUp(page, writeRecipe(info.outputPath('run.json'), short), { backend: 'webgpu', testRows: 6 });
  await page.getByRole('button', { name: 'Start training' }).click();
  await expect(page.getByTestId('run-state')).toContainText('done, 20 steps', { timeout: 240_000 });
  await expect(page.getByTestId('metrics-last-step')).toHaveText('20');
  const value = async (id: string) => Number(await page.getByTestId(`metrics-${id}`).textContent());
  expect(await value('last-answer-loss')).toBeLessThan(await value('first-answer-loss'));
  expect(await value('last-rationale-loss')).toBeLessThan(await value('first-rationale-loss'));
  await expect(page.getByTestId('engine')).toContainText(/webgpu/i);
  await expect(page.getByTestId('engine')).toContainText(/swiftshader/i);

  // Compare.
  await goTo(page, 'compare');
  for (const who of ['base', 'distilled', 'teacher']) {
    await expect(page.getByTestId(`accuracy-${who}`)).toContainText('of 6');
  }
  const predictionsDownload = page.waitForEvent('download');
  await page.getByRole('button', { name: /Save 6 predictions/ }).click();
  const predictions = readFileSync(await (await predictionsDownload).path(), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { input: string; distilled: string });
  expect(predictions).toHaveLength(6);

  // Take away: the zip unpacks to a folder that the terminal loads, and that gives the same answers.
  await goTo(page, 'take-away');
  const modelDownload = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Take the f32 model' }).click();
  const files = unzipSync(new Uint8Array(readFileSync(await (await modelDownload).path())));
  const out = info.outputPath('model');
  mkdirSync(out);
  for (const [path, bytes] of Object.entries(files)) writeFileSync(join(out, path.split('/').at(-1)!), bytes);
  expect(readdirSync(out).sort()).toEqual(
    expect.arrayContaining([
      'README.md',
      'config.json',
      'generation_config.json',
      'model.safetensors',
      'run.json',
    ]),
  );
  const answers = headless(
    [
      'generate',
      '--student',
      out,
      '--prefix',
      'predict: ',
      '--json',
      '--backend',
      'wasm',
      '--max-tokens',
      '6',
      '--max-input-tokens',
      '24',
    ],
    predictions
      .map(
        (row) => `${JSON.stringify(row.input)}
`,
      )
      .join(''),
  );
  expect(answers.code, answers.stderr).toBe(0);
  expect(answers.stdout.split('\n').slice(0, -1)).toEqual(
    predictions.map((row) => JSON.stringify(row.distilled)),
  );

  // And again as a student in the studio: it is listed under its folder's name, and chosen.
  await goTo(page, 'student');
  await page.getByTestId('student-files').setInputFiles(out);
  await expect(page.getByRole('radio', { name: /^model/ })).toBeChecked({ timeout: 60_000 });

  // A run that has ended can be compared again, with the weights that it kept.
  await goTo(page, 'compare');
  await page.getByRole('textbox', { name: 'Test rows' }).fill('4');
  await page.getByRole('button', { name: 'Compare now' }).click();
  await page.getByRole('button', { name: 'Compare on 4 rows' }).click();
  await expect(page.getByTestId('accuracy-distilled')).toContainText('of 4', { timeout: 120_000 });
});

test.describe('the golden run', () => {
  test.skip(!haveShared, 'Without ../shared/golden there are no reference metrics of the whole run.');

  test('the page’s metrics agree with PyTorch’s', { tag: '@long' }, async ({ page }, info) => {
    await openStudio(page);
    await goTo(page, 'data');
    await page
      .getByTestId('data-files')
      .setInputFiles([cosE.train, cosE.trainRationales, cosE.test, cosE.testRationales]);
    await expect(page.getByTestId('teacher-test')).toContainText(cosE.testTeacher, { timeout: 60_000 });
    await goTo(page, 'student');
    await page.getByTestId('student-files').setInputFiles(join(goldenRun, 'student'));
    await expect(page.getByRole('main')).toContainText('1,034,480', { timeout: 60_000 });
    const recipe = {
      ...(JSON.parse(readFileSync(join(goldenRun, 'run.json'), 'utf8')) as object),
      evalEvery: 0,
      saveEvery: 0,
    };
    const recipeFile = info.outputPath('run.json');
    writeFileSync(recipeFile, JSON.stringify(recipe));
    await setUp(page, recipeFile, { backend: 'wasm', testRows: 16 });
    await page.getByRole('button', { name: 'Start training' }).click();
    await expect(page.getByTestId('metrics-last-step')).toHaveText('20', { timeout: 120_000 });
    await goTo(page, 'compare');
    await expect(page.getByTestId('accuracy-distilled')).toContainText('of 16', { timeout: 120_000 });

    await goTo(page, 'take-away');
    const download = page.waitForEvent('download');
    await page.getByRole('button', { name: 'Save metrics' }).click();
    const [header, ...rows] = readFileSync(await (await download).path(), 'utf8')
      .trim()
      .split('\r\n');
    const columns = header!.split(',');
    const expected = readFileSync(join(goldenRun, 'metrics.jsonl'), 'utf8').trim().split('\n');
    expect(rows).toHaveLength(expected.length);
    rows.forEach((row, index) => {
      const cells = row.split(',');
      const reference = JSON.parse(expected[index]!) as Record<string, number>;
      // Tolerances as the goldens' README has them.
      for (const key of ['answerLoss', 'rationaleLoss', 'loss']) {
        expect(Math.abs(Number(cells[columns.indexOf(key)]) - reference[key]!)).toBeLessThan(5e-5);
      }
      const gradNorm = Number(cells[columns.indexOf('gradNorm')]);
      expect(Math.abs(gradNorm / reference['gradNorm']! - 1)).toBeLessThan(5e-5);
    });
  });
});
