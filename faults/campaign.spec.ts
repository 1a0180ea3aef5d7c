/**
 * What happens to runs in life, done to real ones: each ends with the bytes of a run that was left alone. Times and steps
 * are noted for docs/reliability.md.
 */
import type { Locator, Page } from '@playwright/test';
import {
  cosE,
  goTo,
  openStudio,
  reaches,
  setUp,
  startRun,
  stepOf,
  studioWorker,
  writeRecipe,
} from '../e2e/support.ts';
import { loseDevice, watchDevices } from '../e2e/lost-gpu.ts';
import { changeNewest, runOnDisk, storedModelSha256, type StoredRun } from '../e2e/stored-runs.ts';
import { hold, note, noteHeld } from './findings.ts';
import { bringTiny, expect, test } from './world.ts';

const short = { batchSize: 2, dropout: 0.1, shuffle: true, generationMaxTokens: 2 };
const lengths = { maxInputTokens: 48, maxTargetTokens: 16 };
const recipes = {
  /** Long enough to be killed many times. */
  long: { ...short, ...lengths, steps: 400, saveEvery: 7 },
  /** A checkpoint after every step: a kill comes in the middle of one as often as not. */
  saving: { ...short, ...lengths, steps: 120, saveEvery: 1 },
  onGpu: { ...short, maxInputTokens: 32, maxTargetTokens: 8, batchSize: 1, steps: 16, saveEvery: 3 },
  /** For the smallest student: so many steps that a device is lost before they are over. */
  losing: { ...short, maxInputTokens: 24, maxTargetTokens: 8, batchSize: 1, steps: 150, saveEvery: 9 },
  evaluating: { ...short, ...lengths, steps: 40, saveEvery: 10, evalEvery: 20, generationMaxTokens: 24 },
};
type RecipeName = keyof typeof recipes;

const random = (least: number, most: number) => least + Math.random() * (most - least);
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

interface Ended {
  sha256: string;
  losses: number[];
  evaluations: StoredRun['evaluations'];
}

async function choose(page: Page, name: RecipeName, backend: 'wasm' | 'webgpu', testRows = 1): Promise<void> {
  const file = writeRecipe(test.info().outputPath(`${name}.json`), recipes[name]);
  await setUp(page, file, { backend, testRows });
}

/** Waits for the end of the shown run: every step has its point once. */
async function ended(page: Page, name: RecipeName): Promise<Ended> {
  const { steps } = recipes[name];
  await expect(page.getByTestId('run-state')).toContainText(`done, ${steps} steps`, { timeout: 600_000 });
  const run = await runOnDisk(page);
  expect(run.steps).toEqual(Array.from({ length: steps }, (_, index) => index + 1));
  const { losses, evaluations } = run;
  return { losses, evaluations, sha256: await storedModelSha256(page, run) };
}

/** Waits for its end; a fault is told of only where the run came out as `expected`. */
async function endsAs(page: Page, name: RecipeName, expected: Ended): Promise<void> {
  expect(await ended(page, name)).toEqual(expected);
  noteHeld();
}

/** Looks on until a step after `seen` is shown; the step that the run went back to on the way. */
async function leastUntilPassed(page: Page, seen: number): Promise<number> {
  let least = seen;
  await expect
    .poll(
      async () => {
        const step = await stepOf(page);
        least = Math.min(least, step);
        return step;
      },
      { timeout: 240_000, intervals: [20] },
    )
    .toBeGreaterThan(seen);
  return least;
}

/** What a run comes to that nothing happens to. */
async function undisturbed(page: Page, name: RecipeName, backend: 'wasm' | 'webgpu', testRows = 1) {
  await choose(page, name, backend, testRows);
  await startRun(page);
  return ended(page, name);
}

/**
 * Presses what an interrupted run offers, and waits until that run is shown: a browser that was killed may not have
 * noted in time which one it was, and shows an older one.
 */
async function press(page: Page, button: Locator): Promise<void> {
  const notice = page.getByTestId('interrupted');
  const name = ((await notice.getAttribute('aria-label')) ?? '').replace(' was interrupted', '');
  await button.click();
  await expect(notice).toHaveCount(0);
  await expect(page.getByRole('heading', { level: 1 })).toContainText(name);
}

/** Presses Resume, and waits for a step: how many are taken again, and how long it took since the fault. */
async function goOn(page: Page, fault: string, seen: number, faultAt: number): Promise<void> {
  const notice = page.getByTestId('interrupted');
  const button = notice.getByRole('button', { name: /^(Resume from step|Start again)/ });
  const label = (await button.textContent({ timeout: 60_000 })) ?? '';
  const from = label.startsWith('Begin') ? 0 : Number(label.replaceAll(/\D/g, ''));
  await press(page, button);
  await reaches(page, from + 1);
  hold({
    fault,
    lostSteps: Math.max(0, seen - from),
    secondsToTraining: (performance.now() - faultAt) / 1000,
  });
}

for (const [name, kills, what, testRows] of [
  ['long', 12, 'browser killed (SIGKILL) while training', 1],
  ['saving', 8, 'browser killed (SIGKILL) while checkpoints are written', 1],
  ['evaluating', 8, 'browser killed (SIGKILL) in a run that measures accuracy', 400],
] as const) {
  test(`kill: ${what}`, async ({ world }) => {
    let page = await world.open();
    await openStudio(page);
    const expected = await undisturbed(page, name, 'wasm', testRows);
    let done = 0;
    while (done < kills) {
      await choose(page, name, 'wasm', testRows);
      await startRun(page);
      await reaches(page, 1);
      while (done < kills) {
        await pause(random(50, 1500));
        const seen = await stepOf(page);
        if (/done|comparing/.test((await page.getByTestId('run-state').textContent()) ?? '')) break;
        const faultAt = performance.now();
        await world.kill();
        page = await world.open();
        // Where the last step was taken already, only the comparison is left to resume.
        if ((await page.getByRole('button', { name: /^Finish the comparison/ }).count()) > 0) break;
        await goOn(page, what, seen, faultAt);
        done += 1;
      }
      const finish = page.getByTestId('interrupted').getByRole('button', { name: /^Finish/ });
      if ((await finish.count()) > 0) await press(page, finish);
      await endsAs(page, name, expected);
    }
  });
}

test('gpu: device lost while training', async ({ world }) => {
  const page = await world.open();
  await openStudio(page);
  await bringTiny(page);
  await watchDevices(page);
  const expected = await undisturbed(page, 'losing', 'webgpu');
  for (let lost = 0; lost < 10;) {
    await startRun(page);
    for (const at of [Math.round(random(1, 50)), Math.round(random(60, 100))]) {
      await reaches(page, at);
      const seen = await stepOf(page);
      const faultAt = performance.now();
      await loseDevice(page);
      const state = page.getByTestId('run-state');
      await expect(state).toContainText('recovering', { timeout: 60_000 });
      await expect(state).toContainText(/training|comparing|done/, { timeout: 240_000 });
      const from = (await runOnDisk(page)).steps.length;
      hold({
        fault: 'GPU device lost while training (smallest student)',
        lostSteps: Math.max(0, seen - from + 1),
        secondsToTraining: (performance.now() - faultAt) / 1000,
      });
      lost += 1;
    }
    await endsAs(page, 'losing', expected);
  }
});

test('gpu: the process that drives the GPU killed', async ({ world }) => {
  const page = await world.open();
  await openStudio(page);
  const expected = await undisturbed(page, 'onGpu', 'webgpu');
  for (let tries = 0; tries < 2; tries += 1) {
    await startRun(page);
    await reaches(page, 5);
    const seen = await stepOf(page);
    const faultAt = performance.now();
    world.killGpuProcess();
    const state = page.getByTestId('run-state');
    await expect(state).toContainText('recovering', { timeout: 60_000 });
    await expect(state).toContainText(/training|comparing|done/, { timeout: 240_000 });
    const from = (await runOnDisk(page)).steps.length;
    hold({
      fault: 'GPU process killed (SIGKILL) while training',
      lostSteps: Math.max(0, seen - from + 1),
      secondsToTraining: (performance.now() - faultAt) / 1000,
    });
    await endsAs(page, 'onGpu', expected);
  }
});

for (const damage of ['changed', 'cut short', 'deleted'] as const) {
  test(`files: newest checkpoint ${damage}`, async ({ world }) => {
    const page = await world.open();
    await openStudio(page);
    const expected = await undisturbed(page, 'long', 'wasm');
    for (let tries = 0; tries < 3; tries += 1) {
      await choose(page, 'long', 'wasm');
      await startRun(page);
      await reaches(page, Math.round(random(20, 200)));
      await page.reload();
      await expect(page.getByTestId('interrupted')).toBeVisible();
      const seen = (await runOnDisk(page)).steps.length;
      await changeNewest(page, damage);
      const faultAt = performance.now();
      const button = page.getByTestId('interrupted').getByRole('button', { name: /^Resume from step/ });
      await button.click();
      const warning = page.getByText(/Resumes from step/);
      await expect(warning).toBeVisible({ timeout: 60_000 });
      const from = Number(((await warning.textContent()) ?? '').replaceAll(/\D/g, ''));
      await reaches(page, from + 1);
      hold({
        fault: `newest checkpoint ${damage}`,
        lostSteps: seen - from,
        secondsToTraining: (performance.now() - faultAt) / 1000,
      });
      await endsAs(page, 'long', expected);
    }
  });
}

test('reload: while training, while test accuracy is measured, while answers are compared', async ({
  world,
}) => {
  const page = await world.open();
  await openStudio(page);
  const expected = await undisturbed(page, 'evaluating', 'wasm', 400);
  for (const [what, state] of [
    ['page reloaded while training', /training/],
    ['page reloaded while test accuracy is measured', /measuring test accuracy/],
    ['page reloaded while answers are compared', /comparing/],
  ] as const) {
    for (let tries = 0; tries < 2; tries += 1) {
      await startRun(page);
      await expect
        .poll(() => page.getByTestId('run-state').textContent(), { timeout: 120_000, intervals: [20] })
        .toMatch(state);
      const seen = await stepOf(page);
      const faultAt = performance.now();
      await page.reload();
      const finish = page.getByTestId('interrupted').getByRole('button', { name: /^Finish/ });
      const resume = page.getByTestId('interrupted').getByRole('button', { name: /^(Resume|Start again)/ });
      await expect(finish.or(resume)).toBeVisible({ timeout: 30_000 });
      if ((await finish.count()) > 0) {
        await press(page, finish);
        hold({ fault: what, lostSteps: 0, secondsToTraining: null });
      } else await goOn(page, what, seen, faultAt);
      await endsAs(page, 'evaluating', expected);
    }
  }
});

test('reload: while files are read', async ({ world }) => {
  const page = await world.open();
  await openStudio(page);
  for (let tries = 0; tries < 3; tries += 1) {
    await goTo(page, 'data');
    await page.getByTestId('data-files').setInputFiles([cosE.train, cosE.trainRationales]);
    await pause(random(50, 1200));
    await page.reload();
    await goTo(page, 'data');
    // What was read is whole or not there; the same files again are all that it takes.
    await page.getByTestId('data-files').setInputFiles([cosE.train, cosE.trainRationales]);
    await expect(page.getByTestId('teacher-train')).toContainText(cosE.trainTeacher, { timeout: 60_000 });
    note({ fault: 'page reloaded while files are read', lostSteps: null, secondsToTraining: null });
  }
});

test('worker: taken away by the browser', async ({ world }) => {
  const page = await world.open();
  await openStudio(page);
  const expected = await undisturbed(page, 'long', 'wasm');
  for (let tries = 0; tries < 3; tries += 1) {
    await startRun(page);
    await reaches(page, Math.round(random(10, 200)));
    const faultAt = performance.now();
    await studioWorker(page).evaluate(() => self.close());
    await pause(150); // What it had said by then is on the screen.
    const seen = await stepOf(page);
    const from = await leastUntilPassed(page, seen);
    hold({
      fault: 'worker taken away while training',
      lostSteps: seen - from,
      secondsToTraining: (performance.now() - faultAt) / 1000,
    });
    await endsAs(page, 'long', expected);
  }
});

test('tabs: another one looks on, and goes on when this one is closed', async ({ world }) => {
  const page = await world.open();
  await openStudio(page);
  const expected = await undisturbed(page, 'long', 'wasm');
  for (let tries = 0; tries < 2; tries += 1) {
    const first = await world.context.newPage();
    await first.goto('/#/train');
    await choose(first, 'long', 'wasm');
    await startRun(first);
    await reaches(first, 20);
    await page.goto('/#/runs');
    await page.reload();
    await expect(page.getByText(/in another tab/).first()).toBeVisible();
    await expect(page.getByRole('button', { name: /^Resume from step/ })).toHaveCount(0);
    const seen = await stepOf(first);
    const faultAt = performance.now();
    await first.close();
    await page.goto('/#/train');
    await goOn(page, 'tab closed while training, resumed in another', seen, faultAt);
    await endsAs(page, 'long', expected);
  }
});

test('cost: checkpoints at the default interval, and a page that never waits', async ({ world }) => {
  const page = await world.open();
  await openStudio(page);
  await setUp(
    page,
    writeRecipe(test.info().outputPath('preset.json'), {
      steps: 401,
      saveEvery: 200,
      batchSize: 16,
      alpha: 0.1,
      maxInputTokens: 128,
      maxTargetTokens: 96,
      dropout: 0.1,
    }),
    { backend: 'wasm', testRows: 1 },
  );
  await page.evaluate(() => {
    const longest: number[] = [];
    Object.assign(globalThis, { longest });
    new PerformanceObserver((list) =>
      longest.push(...list.getEntries().map((entry) => entry.duration)),
    ).observe({
      entryTypes: ['longtask'],
    });
  });
  await startRun(page);
  await expect(page.getByTestId('run-state')).toContainText('done, 401 steps', { timeout: 600_000 });
  const savedMs = await studioWorker(page).evaluate(() =>
    performance.getEntriesByName('checkpoint').map(({ duration }) => duration),
  );
  expect(savedMs.length).toBe(2);
  const { elapsedMs } = await runOnDisk(page);
  const share = savedMs.reduce((sum, ms) => sum + ms, 0) / elapsedMs;
  note({
    what: 'checkpoints of nano, by training time, one every 200 steps (to reach: under 2 %)',
    figure: `${(100 * share).toFixed(2)} %`,
  });
  note({ what: 'one checkpoint of nano', figure: `${Math.round(Math.max(...savedMs))} ms` });
  const longest = await page.evaluate(() => (globalThis as unknown as { longest: number[] }).longest);
  note({ what: 'longest task of the page meanwhile', figure: `${Math.round(Math.max(0, ...longest))} ms` });
  expect(share).toBeLessThan(0.02);
});
