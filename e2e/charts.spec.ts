import { readFileSync } from 'node:fs';
import type { Page } from '@playwright/test';
import { expect, goTo, openStudio, setUp, test, writeRecipe } from './support.ts';

const points = 10_000;
/** How often ten more steps are told. */
const rounds = 10;

interface Listened {
  /** What the page's timers took, each with the microtasks that it led to. */
  timedMs: number[];
  studio: Worker | null;
}

/** In the page, before its own scripts: keeps the studio's worker, and the time that timers take. */
function listenIn(): void {
  const listened: Listened = { timedMs: [], studio: null };
  Object.assign(window, { listened });
  const Plain = window.Worker;
  const later = window.setTimeout.bind(window);
  window.Worker = class extends Plain {
    constructor(url: string | URL, options?: WorkerOptions) {
      super(url, options);
      if (String(url).includes('studio.worker')) listened.studio = this;
    }
  };
  const timed = (run: () => void, delayMs?: number): number =>
    later(() => {
      const begin = performance.now();
      run();
      void (async () => {
        for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
        listened.timedMs.push(performance.now() - begin);
      })();
    }, delayMs);
  Object.assign(window, { setTimeout: timed });
}

/** Tells the page of ten more steps, as the worker does. @returns What the quickest round cost the page. */
function growthMs(page: Page, runId: string): Promise<number> {
  return page.evaluate(
    async ([run, first, times]) => {
      const { listened } = window as unknown as { listened: Listened };
      const costs: number[] = [];
      for (let round = 0; round < times; round += 1) {
        const arrived = Array.from({ length: 10 }, (_, index) => ({
          step: first + round * 10 + index,
          answerLoss: 0.3,
          rationaleLoss: 0.3,
          loss: 1,
          gradNorm: 1,
          learningRate: 1e-3,
          tokens: 100,
          elapsedMs: (first + round * 10 + index) * 20,
        }));
        listened.timedMs = [];
        const data = { type: 'run', runId: run, event: { type: 'metrics', points: arrived } };
        listened.studio?.onmessage?.(new MessageEvent('message', { data }));
        // Events are gathered for a tenth of a second.
        await new Promise((resolve) => setTimeout(resolve, 200));
        costs.push(Math.max(...listened.timedMs));
      }
      return Math.min(...costs);
    },
    [runId, points + 1, rounds] as const,
  );
}

test('curves of 10,000 points: smoothed, logarithmic, zoomed, saved, and quick to redraw', async ({
  page,
}, info) => {
  await page.addInitScript(listenIn);
  await openStudio(page);
  await setUp(page, writeRecipe(info.outputPath('run.json'), { steps: 2, batchSize: 2 }), { testRows: 2 });
  await page.getByRole('button', { name: 'Train on the sample' }).click();
  await expect(page.getByRole('button', { name: 'Train on the sample' })).toBeEnabled({ timeout: 60_000 });
  // A made curve in place of the real one, with one value that is no number.
  const runId = await page.evaluate(async (count) => {
    const database = await new Promise<IDBDatabase>((resolve) => {
      const opening = indexedDB.open('stillroom');
      opening.onsuccess = () => resolve(opening.result);
    });
    const transaction = database.transaction(['runs', 'metrics'], 'readwrite');
    const [run] = await new Promise<{ id: string; recipe: object }[]>((resolve) => {
      const asking = transaction.objectStore('runs').getAll();
      asking.onsuccess = () => resolve(asking.result as { id: string; recipe: object }[]);
    });
    const curve = Array.from({ length: count }, (_, index) => ({
      step: index + 1,
      learningRate: 1e-3,
      rationaleLoss: 5 / (1 + index / 500) + (index % 5) / 10,
      answerLoss: index === 6000 ? NaN : 8 / (1 + index / 300) + (index % 7) / 10,
      loss: 1,
      gradNorm: 1,
      tokens: 100,
      elapsedMs: (index + 1) * 20,
    }));
    transaction.objectStore('metrics').clear();
    transaction.objectStore('metrics').put({ runId: run!.id, firstStep: 1, points: curve });
    transaction.objectStore('runs').put({ ...run!, step: count, recipe: { ...run!.recipe, steps: count } });
    await new Promise((resolve) => (transaction.oncomplete = resolve));
    database.close();
    return run!.id;
  }, points);
  await goTo(page, 'train');
  await page.reload();
  await expect(page.getByTestId('metrics-last-step')).toHaveText(String(points));

  // The whole of an update of every value: means, React, uPlot's lines. The quickest of 30: the others share the machine.
  const updateMs = await page.evaluate(async () => {
    const times: number[] = [];
    for (let press = 0; press < 30; press += 1) {
      const begin = performance.now();
      const key = press % 2 === 0 ? ']' : '[';
      document.body.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true }));
      // React and uPlot both end their work in microtasks.
      for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
      times.push(performance.now() - begin);
      await new Promise(requestAnimationFrame);
    }
    return Math.min(...times);
  });
  const growMs = await growthMs(page, runId);
  console.log(
    `10,000 points: an update ${updateMs.toFixed(1)} ms; ten more steps, with the whole screen, ${growMs.toFixed(1)} ms`,
  );
  // 4 ms is the aim on an idle machine; these bounds only tell a chart that is made again at each update.
  expect(updateMs).toBeLessThan(30);
  expect(growMs).toBeLessThan(60);

  // Time on x, a logarithmic axis, and a part of it by keyboard.
  await page.getByRole('radio', { name: 'log', exact: true }).check();
  await page.getByRole('radio', { name: 'time', exact: true }).check();
  const chart = page.getByRole('figure', { name: /^Loss/ });
  await chart.focus();
  await page.keyboard.press('End');
  await expect(page.getByText(/^time 3 min 22 s · answer/).last()).toBeAttached();
  await page.keyboard.press('+');
  await expect(page.getByText(/^Shown: time 2 min 32 s to 3 min 22 s/)).toBeAttached();
  await page.keyboard.press('Escape');
  await expect(page.getByRole('button', { name: 'Show all' })).toHaveCount(0);

  // One line alone, and back.
  const rationale = page.getByRole('button', { name: 'rationale', exact: true });
  await page.getByRole('button', { name: 'answer', exact: true }).click({ modifiers: ['Alt'] });
  await expect(rationale).toHaveAttribute('aria-pressed', 'false');
  await rationale.click();
  await expect(rationale).toHaveAttribute('aria-pressed', 'true');

  // All values, the missing number under its own name.
  const download = page.waitForEvent('download');
  await page.getByRole('group', { name: 'Save Loss' }).getByRole('button', { name: 'CSV' }).click();
  const lines = readFileSync(await (await download).path(), 'utf8')
    .trim()
    .split('\r\n');
  expect(lines[0]).toMatch(/^time,answer,answer \(smoothed [\d.]+\),rationale/);
  expect(lines).toHaveLength(points + rounds * 10 + 1);
  expect(lines[6001]).toContain(',NaN,');
});
