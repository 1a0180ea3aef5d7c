/** A run that is taken out of the tab as a project, trained elsewhere, brought back, and resumed. */
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { unzipSync } from 'fflate';
import { parseSafetensors } from '../src/formats/safetensors.ts';
import { joinChunks, safetensorsChunks } from '../src/formats/safetensors-writer.ts';
import { axeFindings, expect, goTo, openStudio, setUp, showNextRun, test, writeRecipe } from './support.ts';

/** What two processes of the project have written by step 3: its own checkpoint, as `run_folder.py` names and lists it. */
function trainElsewhere(project: string): void {
  const read = (path: string): Buffer => readFileSync(join(project, path));
  const { job } = JSON.parse(read('scale.json').toString()) as { job: object };
  const write = (path: string, content: string | Uint8Array): void => {
    mkdirSync(dirname(join(project, 'out', path)), { recursive: true });
    writeFileSync(join(project, 'out', path), content);
  };
  write('job.json', JSON.stringify({ ...job, student: '../student', train: '../train.jsonl' }));
  write('run.json', read('recipe.json'));
  const point = { learningRate: 0.003, rationaleLoss: 5, gradNorm: 1, tokens: 60 };
  const points = [1, 2, 3].map((step) => ({
    ...point,
    step,
    answerLoss: 7 - step,
    loss: 6,
    elapsedMs: step,
  }));
  // The last line was cut off by a kill.
  write('metrics.jsonl', `${points.map((one) => JSON.stringify(one)).join('\n')}\n{"step": 4, "lo`);
  const model = read('student/model.safetensors');
  const zeros = [...parseSafetensors(model, 'model').tensors].flatMap(([name, { shape, data }]) =>
    ['exp_avg', 'exp_avg_sq'].map(
      (key) => [`${key}.${name}`, { shape, data: new Float32Array(data.length) }] as const,
    ),
  );
  const moments = joinChunks(safetensorsChunks(new Map(zeros), { dtype: 'f32', metadata: { format: 'pt' } }));
  const files = [
    { name: 'model.safetensors', bytes: model },
    { name: 'optimizer.safetensors', bytes: moments },
  ];
  for (const { name, bytes } of files) write(`checkpoint-3/${name}`, bytes);
  for (const name of ['config.json', 'tokenizer.json', 'tokenizer_config.json'])
    write(`checkpoint-3/${name}`, read(`student/${name}`));
  const facts = {
    step: 3,
    elapsedMs: 3,
    engine: { engine: 'torch', backend: 'cpu', adapter: '2 x CPU' },
    files: files.map(({ name, bytes }) => ({
      name,
      sizeBytes: bytes.length,
      sha256: [createHash('sha256').update(bytes).digest('hex')],
    })),
  };
  write('checkpoint-3/checkpoint.json', JSON.stringify(facts));
}

test('a project comes back as a run beside the local ones, and goes on here', async ({ page }, info) => {
  await openStudio(page);
  const recipe = { steps: 5, batchSize: 2, maxInputTokens: 48, maxTargetTokens: 16 };
  await setUp(page, writeRecipe(info.outputPath('run.json'), recipe), { backend: 'wasm', testRows: 2 });
  await page.getByRole('button', { name: 'Train on the sample' }).click();
  await expect(page.getByTestId('run-state')).toContainText('done, 5 steps', { timeout: 60_000 });

  await showNextRun(page);
  const downloading = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Copy as project' }).click();
  const zip = readFileSync(await (await downloading).path());
  for (const [path, bytes] of Object.entries(unzipSync(zip))) {
    const file = info.outputPath('project', path.replace(/^[^/]+\//, ''));
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, bytes);
  }
  const project = info.outputPath('project');

  // Nothing was trained in it yet: that is told, and nothing comes in.
  await goTo(page, 'runs');
  await page.getByTestId('run-folder').setInputFiles(project);
  await expect(page.getByRole('alert')).toContainText('There is no run in this folder');
  trainElsewhere(project);
  await page.getByTestId('run-folder').setInputFiles(project);
  const run = page.getByRole('article', { name: /on 2 x CPU$/ });
  await expect(run).toContainText('Trained on 2 × CPU with PyTorch.');
  await expect(run).toContainText('nano on The sample');
  for (const box of await page.getByRole('table', { name: 'Runs' }).getByRole('checkbox').all())
    await box.check();
  await expect(page.getByRole('heading', { name: '2 runs ticked' })).toBeVisible();
  await expect(page.getByRole('figure', { name: 'Answer loss' })).toBeVisible();
  expect(await axeFindings(page)).toEqual([]);
  await page.screenshot({ path: info.outputPath('runs.png'), fullPage: true });

  await page.getByRole('button', { name: 'Clear', exact: true }).click();
  await page.getByRole('checkbox', { name: /^Tick .*on 2 x CPU$/ }).check();
  await run.getByRole('button', { name: 'Resume from step 3' }).click();
  await goTo(page, 'train');
  await expect(page.getByTestId('run-state')).toContainText('done, 5 steps', { timeout: 60_000 });
});
