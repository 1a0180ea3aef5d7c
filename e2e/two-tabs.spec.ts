import { runOnDisk } from './stored-runs.ts';
import { axeFindings, expect, goTo, openStudio, setUp, test, writeRecipe } from './support.ts';

test('one tab trains, awake and saved when it is hidden; another mirrors it, and goes on when it is gone', async ({
  page,
  context,
}, info) => {
  test.setTimeout(120_000);
  // The browser's own lock, with its takings and releases counted.
  await page.addInitScript(() => {
    const counted = { held: 0, taken: 0 };
    Object.assign(globalThis, { counted });
    const request = (): Promise<EventTarget> => {
      counted.held += 1;
      counted.taken += 1;
      const sentinel = new EventTarget();
      const release = (): Promise<void> => {
        counted.held -= 1;
        sentinel.dispatchEvent(new Event('release'));
        return Promise.resolve();
      };
      return Promise.resolve(Object.assign(sentinel, { release }));
    };
    Object.defineProperty(navigator, 'wakeLock', { value: { request } });
  });
  const awake = () =>
    page.evaluate(() => (globalThis as unknown as { counted: { held: number; taken: number } }).counted);
  await openStudio(page);
  const recipe = {
    steps: 4000,
    batchSize: 2,
    maxInputTokens: 48,
    maxTargetTokens: 16,
    generationMaxTokens: 2,
  };
  await setUp(page, writeRecipe(info.outputPath('run.json'), recipe), { backend: 'wasm', testRows: 1 });
  expect(await awake()).toEqual({ held: 0, taken: 0 });
  await page.getByRole('button', { name: 'Train on the sample' }).click();
  const stepOf = async (of: typeof page) => Number(await of.getByTestId('metrics-last-step').textContent());
  await expect.poll(() => stepOf(page), { timeout: 60_000 }).toBeGreaterThan(3);
  await expect(page).toHaveTitle(/^\d+ % \S+ · Train · Stillroom$/);
  expect(await awake()).toEqual({ held: 1, taken: 1 });

  // Hidden, then frozen: each is a checkpoint, though the recipe asks for none.
  await page.evaluate(() => {
    Object.defineProperty(document, 'visibilityState', { value: 'hidden', configurable: true });
    document.dispatchEvent(new Event('visibilitychange'));
  });
  await expect.poll(async () => (await runOnDisk(page)).checkpoints.length, { timeout: 30_000 }).toBe(1);
  await expect.poll(async () => (await awake()).held).toBe(0);
  await page.evaluate(() => document.dispatchEvent(new Event('freeze')));
  await expect.poll(async () => (await runOnDisk(page)).checkpoints.length, { timeout: 30_000 }).toBe(2);
  await page.evaluate(() => {
    Reflect.deleteProperty(document, 'visibilityState');
    document.dispatchEvent(new Event('visibilitychange'));
  });
  await expect.poll(awake).toEqual({ held: 1, taken: 2 });

  // The other tab says what it is, follows, and has nothing to steer with.
  const other = await context.newPage();
  await goTo(other, 'train');
  await expect(other.getByTestId('mirror')).toContainText('This tab only looks on');
  expect(await axeFindings(other)).toEqual([]);
  await expect(other.getByTestId('interrupted')).toHaveCount(0);
  await expect(other.getByRole('button', { name: 'Pause' })).toHaveCount(0);
  const seen = await stepOf(other);
  await expect.poll(() => stepOf(other), { timeout: 30_000 }).toBeGreaterThan(seen);
  await goTo(other, 'runs');
  const remove = other.getByRole('button', { name: /^Delete/ });
  await expect(remove).toHaveAccessibleDescription(/is at work in another tab; stop it there first/);
  await expect(other.getByRole('button', { name: /^Resume/ })).toHaveCount(0);

  // Paused, the first lets the screen go dark. Closed, it leaves its run to the other.
  await page.getByRole('button', { name: 'Pause' }).click();
  await expect(page.getByTestId('run-state')).toContainText('paused at step');
  await expect.poll(async () => (await awake()).held).toBe(0);
  await goTo(other, 'train');
  await page.close();
  await expect(other.getByTestId('interrupted')).toContainText('nothing is lost', { timeout: 30_000 });
  await expect(other.getByTestId('mirror')).toHaveCount(0);
  await other.getByRole('button', { name: /^Leave it stopped/ }).click();
  await expect(other.getByTestId('run-state')).toContainText('stopped at step');
});
