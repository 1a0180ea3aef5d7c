/**
 * More of what happens in life, done to real runs: reads that fail, pauses while points are written, questions and
 * comparisons between two steps, tabs beside each other, students that go and come back. Each run ends with the bytes of
 * one that was left alone.
 */
import { writeFileSync } from 'node:fs';
import type { Page } from '@playwright/test';
import { goTo, openStudio, reaches, setUp, startRun, studioWorker, writeRecipe } from '../e2e/support.ts';
import { loseDevice, watchDevices } from '../e2e/lost-gpu.ts';
import { runOnDisk, storedModelSha256 } from '../e2e/stored-runs.ts';
import { hold, note, noteHeld } from './findings.ts';
import { bringTiny, expect, test } from './world.ts';

const short = { batchSize: 2, dropout: 0.1, shuffle: true, generationMaxTokens: 4 };
const lengths = { maxInputTokens: 24, maxTargetTokens: 8 };
const steps = 400;
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const noSteps = { lostSteps: null, secondsToTraining: null };

async function choose(
  page: Page,
  keys: object,
  backend: 'wasm' | 'webgpu' = 'wasm',
  testRows = 2,
): Promise<void> {
  const file = writeRecipe(test.info().outputPath('run.json'), { ...short, ...lengths, steps, ...keys });
  await setUp(page, file, { backend, testRows });
}

/** The run that is shown, at its end: every step has its point once. */
async function ended(page: Page, count = steps): Promise<{ losses: number[]; sha256: string }> {
  await goTo(page, 'train');
  await expect(page.getByTestId('run-state')).toContainText(`done, ${count.toLocaleString('en-US')} steps`, {
    timeout: 600_000,
  });
  const run = await runOnDisk(page);
  expect(run.steps).toEqual(Array.from({ length: count }, (_, index) => index + 1));
  return { losses: run.losses, sha256: await storedModelSha256(page, run) };
}

async function press(page: Page, name: string | RegExp): Promise<void> {
  await page
    .getByRole('button', { name, exact: typeof name === 'string' })
    .first()
    .click();
}

async function pauseRun(page: Page): Promise<void> {
  await press(page, 'Pause');
  await expect(page.getByTestId('run-state')).toContainText('paused at step', { timeout: 60_000 });
}

async function ask(page: Page, question: string): Promise<void> {
  await goTo(page, 'compare');
  const section = page.getByRole('region', { name: 'Ask it' });
  await section.getByRole('textbox').fill(question);
  await section.getByRole('button', { name: 'Ask', exact: true }).click();
}

test('reads: a checkpoint that cannot be read now is no damage', async ({ world }) => {
  const page = await world.open();
  await openStudio(page);
  await bringTiny(page);
  await choose(page, { saveEvery: 20 });
  await startRun(page);
  const expected = await ended(page);
  for (let tries = 0; tries < 10; tries += 1) {
    await startRun(page);
    await reaches(page, 45 + 10 * tries);
    await page.reload();
    const resume = page.getByTestId('interrupted').getByRole('button', { name: /^Resume from step/ });
    await expect(resume).toBeVisible({ timeout: 60_000 });
    const before = await runOnDisk(page);
    await studioWorker(page).evaluate(() => {
      const files = FileSystemFileHandle.prototype;
      const getFile = Reflect.get(files, 'getFile');
      Object.assign(globalThis, { readAgain: () => (files.getFile = getFile) });
      files.getFile = () =>
        Promise.reject(new DOMException('The file could not be read.', 'NotReadableError'));
    });
    const faultAt = performance.now();
    await resume.click();
    await expect(page.getByRole('alert').first()).toBeVisible({ timeout: 60_000 });
    const after = await runOnDisk(page);
    expect([after.steps, after.checkpoints]).toEqual([before.steps, before.checkpoints]);
    await studioWorker(page).evaluate(() => (globalThis as unknown as { readAgain: () => void }).readAgain());
    await resume.click();
    await reaches(page, before.steps.length + 1);
    hold({
      fault: 'checkpoint that could not be read once',
      lostSteps: before.steps.length - before.checkpoints.at(-1)!.step,
      secondsToTraining: (performance.now() - faultAt) / 1000,
    });
    expect(await ended(page)).toEqual(expected);
    noteHeld();
  }
});

test('pause: sixty of them, while points are written', async ({ world }) => {
  const page = await world.open();
  await openStudio(page);
  await bringTiny(page);
  const many = 15_000;
  await choose(page, { steps: many });
  await startRun(page);
  const expected = await ended(page, many);
  await startRun(page);
  await reaches(page, 1);
  for (let tries = 0; tries < 60; tries += 1) {
    await pause(Math.random() * 150);
    await pauseRun(page);
    await press(page, 'Resume');
    await expect(page.getByTestId('run-state')).not.toContainText('paused', { timeout: 60_000 });
    hold({ fault: 'paused while points are written, and resumed', lostSteps: 0, secondsToTraining: null });
  }
  expect(await ended(page, many)).toEqual(expected);
  noteHeld();
});

test('asked and compared: between two steps, then resumed', async ({ world }) => {
  const page = await world.open();
  await openStudio(page);
  await bringTiny(page);
  const many = 8000;
  await choose(page, { steps: many }, 'wasm', 12);
  await startRun(page);
  const expected = await ended(page, many);
  await startRun(page);
  await reaches(page, 1);
  for (let tries = 0; tries < 10; tries += 1) {
    await pauseRun(page);
    const question = `where is bird number ${tries}?`;
    await ask(page, question);
    const status = page.getByRole('region', { name: 'Ask it' }).getByRole('status');
    await expect(status).toContainText(question, { timeout: 60_000 });
    const rows = page.getByRole('main').getByRole('textbox', { name: 'Test rows' });
    // One row more each time: fewer than before would be asked about first.
    await rows.fill(String(2 + tries));
    await page.getByRole('main').getByRole('button', { name: 'Compare now' }).click();
    await expect(page.getByRole('main')).toContainText(new RegExp(` of ${2 + tries}\\b`), {
      timeout: 60_000,
    });
    await goTo(page, 'train');
    await press(page, 'Resume');
    hold({ fault: 'asked and compared while paused, then resumed', lostSteps: 0, secondsToTraining: null });
  }
  expect(await ended(page, many)).toEqual(expected);
  noteHeld();
});

test('gpu: lost while it is asked, so that the trained weights cannot be put back', async ({ world }) => {
  const page = await world.open();
  await openStudio(page);
  await bringTiny(page);
  await watchDevices(page);
  const keys = { steps: 60, batchSize: 1, saveEvery: 7 };
  await choose(page, keys, 'webgpu');
  await startRun(page);
  const expected = await ended(page, 60);
  for (let tries = 0; tries < 5; tries += 1) {
    await startRun(page);
    await reaches(page, 9);
    await pauseRun(page);
    const seen = (await runOnDisk(page)).steps.length;
    await ask(page, `where is bird number ${tries}?`);
    await pause(Math.random() * 300);
    const faultAt = performance.now();
    await loseDevice(page);
    await goTo(page, 'train');
    const resume = page.getByRole('button', { name: 'Resume', exact: true });
    const state = page.getByTestId('run-state');
    await expect(
      state
        .filter({ hasText: /recovering|training|done/ })
        .or(resume)
        .first(),
    ).toBeVisible({ timeout: 120_000 });
    if ((await resume.count()) > 0) await resume.click().catch(() => undefined);
    await reaches(page, seen + 1);
    hold({
      fault: 'GPU lost while asked: weights not put back',
      lostSteps: seen % 7,
      secondsToTraining: (performance.now() - faultAt) / 1000,
    });
    expect(await ended(page, 60)).toEqual(expected);
    noteHeld();
  }
});

test('gpu: its process killed three times without a checkpoint between, then WebAssembly', async ({
  world,
}) => {
  const page = await world.open();
  await openStudio(page);
  await bringTiny(page);
  const keys = { steps: 3000, batchSize: 1 };
  await choose(page, keys, 'wasm');
  await startRun(page);
  const expected = await ended(page, 3000);
  await choose(page, keys, 'webgpu');
  await startRun(page);
  const state = page.getByTestId('run-state');
  for (const fault of ['GPU process killed once', 'and again without a checkpoint between'] as const) {
    await reaches(page, 2);
    const seen = (await runOnDisk(page)).steps.length;
    const faultAt = performance.now();
    world.killGpuProcess();
    await expect(state).toContainText('recovering', { timeout: 60_000 });
    await expect(state).toContainText('training', { timeout: 240_000 });
    hold({ fault, lostSteps: seen, secondsToTraining: (performance.now() - faultAt) / 1000 });
  }
  await reaches(page, 2);
  world.killGpuProcess();
  await expect(state).toContainText('failed', { timeout: 240_000 });
  await press(page, /^Start again from step 1 on WebAssembly/);
  expect(await ended(page, 3000)).toEqual(expected);
  noteHeld();
  note({ fault: 'and a third time: resumed on WebAssembly', ...noSteps });
});

test('tabs: two add files to one dataset', async ({ world }) => {
  const first = await world.open();
  await openStudio(first);
  const second = await world.context.newPage();
  const file = (name: string): string => {
    const path = test.info().outputPath(name);
    writeFileSync(path, `${JSON.stringify({ input: `about ${name}`, label: 'heron' })}\n`);
    return path;
  };
  const filesOf = (page: Page): Promise<number> =>
    page.evaluate(async () => {
      const asked = <T>(request: IDBRequest<T>): Promise<T> =>
        new Promise((resolve, reject) => {
          request.onsuccess = () => resolve(request.result);
          request.onerror = () => reject(new Error(request.error?.message));
        });
      const database = await asked(indexedDB.open('stillroom'));
      const all = await asked(database.transaction('datasets').objectStore('datasets').getAll());
      database.close();
      const own = (all as { sample: boolean; files: unknown[] }[]).find(({ sample }) => !sample);
      return own?.files.length ?? 0;
    });
  await goTo(first, 'data');
  await first.getByTestId('data-files').setInputFiles(file('rows-0.jsonl'));
  await expect.poll(() => filesOf(first), { timeout: 60_000 }).toBe(1);
  await second.goto('/#/data');
  await second.reload();
  await expect(second.getByText('rows-0.jsonl').first()).toBeVisible();
  for (let tries = 1; tries <= 10; tries += 1) {
    const [a, b] = [file(`rows-${tries}-a.jsonl`), file(`rows-${tries}-b.jsonl`)];
    await Promise.all([
      first.getByTestId('data-files').setInputFiles(a),
      second.getByTestId('data-files').setInputFiles(b),
    ]);
    await expect.poll(() => filesOf(first), { timeout: 60_000 }).toBe(1 + 2 * tries);
    note({ fault: 'two tabs add a file to one dataset at once', ...noSteps });
  }
});

test('elsewhere: a run as a file in a fresh browser, every screen used; its student removed and dropped again', async ({
  world,
  browser,
  baseURL,
}) => {
  const page = await world.open();
  await openStudio(page);
  await bringTiny(page);
  await choose(page, { steps: 20, evalEvery: 10 });
  await startRun(page);
  await ended(page, 20);
  const modelOf = async (of: Page): Promise<string> => {
    await goTo(of, 'take-away');
    const coming = of.waitForEvent('download');
    await of.getByRole('button', { name: 'Take the f32 model' }).click();
    return (await coming).suggestedFilename();
  };
  const status = (of: Page) => of.getByRole('region', { name: 'Ask it' }).getByRole('status');
  for (let tries = 0; tries < 5; tries += 1) {
    await goTo(page, 'student');
    await page.getByRole('button', { name: 'Remove tiny-student' }).click();
    await page.getByRole('button', { name: 'Remove it' }).click();
    await expect(page.getByRole('radio', { name: /tiny-student/ })).toHaveCount(0);
    await ask(page, `gone ${tries}?`);
    await expect(status(page)).toContainText(`gone ${tries}?`, { timeout: 60_000 });
    await bringTiny(page);
    await ask(page, `back ${tries}?`);
    await expect(status(page)).toContainText(`back ${tries}?`, { timeout: 60_000 });
    note({ fault: 'student removed and dropped again', ...noSteps });
  }
  await goTo(page, 'runs');
  const downloading = page.waitForEvent('download');
  await page.getByRole('button', { name: /as a file$/ }).click();
  const zip = test.info().outputPath('kept.run.zip');
  await (await downloading).saveAs(zip);
  for (let tries = 0; tries < 5; tries += 1) {
    const context = await browser.newContext({ baseURL: baseURL! });
    const other = await context.newPage();
    const faults: string[] = [];
    other.on('pageerror', (error) => faults.push(error.message));
    await openStudio(other);
    await goTo(other, 'runs');
    await other.getByTestId('run-archive').setInputFiles(zip);
    const run = other.getByRole('article').filter({ hasText: 'From the file kept.run.zip.' });
    await run.getByRole('button', { name: /^Open/ }).click();
    await expect(other.getByTestId('run-state')).toContainText('done, 20 steps');
    await ask(other, 'elsewhere?');
    await expect(status(other)).toContainText('elsewhere?', { timeout: 60_000 });
    for (const station of ['data', 'student', 'train', 'compare', 'teacher', 'storage', 'bench']) {
      await goTo(other, station);
      await expect(other.getByText('could not be drawn')).toHaveCount(0);
    }
    expect(await modelOf(other)).toMatch(/\.zip$/);
    expect(faults).toEqual([]);
    await context.close();
    note({ fault: 'run as a file in a fresh browser, every screen used', ...noSteps });
  }
});

test('upgrade: a newer version opens the database under a run', async ({ browser, baseURL }) => {
  for (let tries = 0; tries < 5; tries += 1) {
    const context = await browser.newContext({ baseURL: baseURL! });
    const page = await context.newPage();
    await openStudio(page);
    await choose(page, { steps: 5000 });
    await startRun(page);
    await reaches(page, 3);
    const newer = await context.newPage();
    await newer.goto('./licences.txt');
    const steps = await newer.evaluate(
      () =>
        new Promise<{ saved: number[]; taken: number }>((resolve, reject) => {
          const opening = indexedDB.open('stillroom', 99);
          opening.onerror = () => reject(new Error(opening.error?.message));
          opening.onsuccess = () => {
            const read = opening.result.transaction(['checkpoints', 'metrics']);
            const checkpoints = read.objectStore('checkpoints').getAll();
            const metrics = read.objectStore('metrics').getAll();
            read.oncomplete = () =>
              resolve({
                saved: (checkpoints.result as { step: number }[]).map(({ step }) => step),
                taken: (metrics.result as { points: unknown[] }[]).reduce(
                  (sum, { points }) => sum + points.length,
                  0,
                ),
              });
          };
        }),
    );
    expect(steps.saved).toEqual([steps.taken]);
    await expect(page.getByText(/was saved and paused at step/)).toBeVisible();
    note({
      fault: 'database upgraded by a newer version under a run',
      lostSteps: 0,
      secondsToTraining: null,
    });
    await context.close();
  }
});
