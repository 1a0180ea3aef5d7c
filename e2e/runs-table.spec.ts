import { readFileSync } from 'node:fs';
import type { Page } from '@playwright/test';
import { smallRecipe } from '../src/distill/recipe.ts';
import { axeFindings, expect, looksRight, openStudio, test } from './support.ts';

const alphas = Array.from({ length: 50 }, (_, index) => (index + 1) / 50);
const seeds = Array.from({ length: 10 }, (_, index) => index);
/** Curves of these alone: what is drawn, not what is listed. */
const withCurves = 6;

/** Records as the studio stores them: fifty alphas by ten seeds, better towards small alphas. */
const records = alphas.flatMap((alpha, at) =>
  seeds.map((seed) => {
    const correct = 95 - at + ((seed * 7) % 5);
    const tally = { correct, total: 100 };
    const index = at * seeds.length + seed;
    return {
      id: `run-${index}`,
      name: `made-${String(index).padStart(3, '0')}`,
      sign: index % 48,
      createdAt: Date.UTC(2026, 10, 1) + index * 60_000,
      heartbeatAt: 0,
      revision: 1,
      datasetId: 'sample',
      datasetName: 'The sample',
      studentId: 'nano',
      studentName: 'nano',
      recipe: { ...smallRecipe, alpha, seed },
      testRows: null,
      engineChoice: null,
      backend: null,
      state: { phase: 'done', step: 600, stopped: false },
      engine: null,
      step: 600,
      trainRows: 400,
      evaluations: [
        { step: 300, ...tally },
        { step: 600, ...tally },
      ],
      rowsSha256: null,
      savedStep: null,
      comparison: { base: { correct: 3, total: 100 }, distilled: tally, teacher: null, step: 600 },
    };
  }),
);

test('500 runs open, are searched, sorted, grouped, walked by keyboard and overlaid without a long task', async ({
  page,
}, info) => {
  await openStudio(page);
  await page.evaluate(
    async ([made, curves]) => {
      const database = await new Promise<IDBDatabase>((resolve) => {
        const opening = indexedDB.open('stillroom');
        opening.onsuccess = () => resolve(opening.result);
      });
      const transaction = database.transaction(['runs', 'metrics'], 'readwrite');
      for (const record of made) transaction.objectStore('runs').put(record);
      for (const { id } of made.slice(0, curves)) {
        const points = Array.from({ length: 600 }, (_, index) => ({
          step: index + 1,
          learningRate: 1e-3,
          loss: 1,
          gradNorm: 1,
          tokens: 100,
          elapsedMs: index * 20,
          answerLoss: 8 / (1 + index / 90),
          rationaleLoss: 5 / (1 + index / 150),
        }));
        transaction.objectStore('metrics').put({ runId: id, firstStep: 1, points });
      }
      await new Promise((resolve) => (transaction.oncomplete = resolve));
      database.close();
    },
    [records, withCurves] as const,
  );
  await page.reload();
  await expect(page.getByRole('navigation').first()).toBeVisible();
  await page.evaluate(() => {
    const seen = window as unknown as { tasks: number[] };
    seen.tasks = [];
    new PerformanceObserver((list) => {
      for (const { duration } of list.getEntries()) seen.tasks.push(duration);
    }).observe({ type: 'longtask' });
  });
  const table = page.getByRole('table', { name: 'Runs' });
  const openedMs = await page.evaluate(async () => {
    const begin = performance.now();
    location.hash = '#/runs';
    while (document.querySelector('[role=table] [data-row="5"]') === null)
      await new Promise((resolve) => requestAnimationFrame(resolve));
    return performance.now() - begin;
  });
  // Groups over seeds at once; only the rows in sight are in the page.
  await expect(table).toHaveAttribute('aria-rowcount', String(1 + records.length + alphas.length));
  expect(await table.getByRole('row').count()).toBeLessThan(80);

  // The best alpha, at the top, with its mean over ten seeds: one press.
  await table.getByRole('columnheader', { name: 'accuracy' }).getByRole('button').click();
  await expect(table.getByRole('row').nth(1)).toContainText(/alpha 0\.02.*97\.0.*10 runs/);
  const toOpen = await longest(page);
  expect(await axeFindings(page)).toEqual([]);
  await longest(page);

  const search = page.getByRole('searchbox', { name: 'Search the runs' });
  await page.keyboard.press('/');
  await expect(search).toBeFocused();
  await search.fill('alpha:0.1 >91');
  await expect(page.getByRole('status').filter({ hasText: 'of 500 runs' })).toBeVisible();
  for (const row of await table.getByRole('rowheader', { name: /^Open made/ }).all())
    await expect(row).toContainText(/made-04\d/);
  await search.fill('');

  // By keyboard: six runs ticked, each with its own sign, beside a list that does not move.
  await page.getByRole('checkbox', { name: 'Group over seeds' }).uncheck({ force: true });
  await table.getByRole('columnheader', { name: 'name' }).getByRole('button').click();
  const first = table.getByRole('checkbox', { name: 'Tick made-000' });
  const before = await first.boundingBox();
  await first.focus();
  await page.keyboard.press('Space');
  for (let index = 1; index < withCurves; index += 1) await page.keyboard.press('Shift+ArrowDown');
  await expect(page.getByRole('heading', { name: '6 runs ticked' })).toBeVisible();
  expect(await first.boundingBox()).toEqual(before);
  await expect(table.getByRole('checkbox', { name: 'Tick made-005' })).toBeFocused();
  const looks = await table
    .locator('[aria-selected=true] path')
    .evaluateAll((paths) =>
      paths.map((path) => `${path.getAttribute('stroke')} ${path.getAttribute('stroke-dasharray')}`),
    );
  expect(new Set(looks).size).toBe(withCurves);
  const toTick = await longest(page);
  await looksRight(page, (look) => info.outputPath(`runs-${look}.png`));

  // A saved overlay names each run beside a piece of its line: six colours and dashes that are told apart, in both themes.
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    const saved = async (kind: string): Promise<string> => {
      const downloading = page.waitForEvent('download');
      await page.getByRole('group', { name: 'Save Answer loss' }).getByRole('button', { name: kind }).click();
      const path = info.outputPath(`overlay-${colorScheme}.${kind.toLowerCase()}`);
      await (await downloading).saveAs(path);
      return path;
    };
    const svg = readFileSync(await saved('SVG'), 'utf8');
    expect(svg).toContain('6 runs on The sample · ');
    const pieces = [
      ...svg.matchAll(/<path d="M[\d.]+ [\d.]+H[\d.]+" stroke="(#\w+)"([^>]*)\/><text[^>]*>(made-\d+)</g),
    ];
    expect(pieces.map(([, , , name]) => name)).toEqual(records.slice(0, withCurves).map(({ name }) => name));
    expect(new Set(pieces.map(([, colour]) => colour)).size, colorScheme).toBe(withCurves);
    const dashes = pieces.map(([, , look]) => /dasharray="[^"]*"/.exec(look!)?.[0] ?? 'none');
    expect(new Set(dashes).size, colorScheme).toBe(withCurves);
    expect(
      readFileSync(await saved('PNG'))
        .subarray(1, 4)
        .toString(),
    ).toBe('PNG');
  }

  await longest(page);

  // A tag for all of them, then one column more.
  await page.getByRole('button', { name: 'Tag', exact: true }).click();
  await page.getByRole('form', { name: 'Tag the ticked runs' }).getByLabel('Tag').fill('paper');
  await page.keyboard.press('Enter');
  await search.fill('tag:paper');
  await expect(page.getByRole('status').filter({ hasText: '6 of 500 runs' })).toBeVisible();
  await page.getByRole('button', { name: 'Columns' }).click();
  await page.getByRole('dialog').getByText('tags', { exact: true }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Close' }).click();
  await expect(table.getByRole('row').nth(1)).toContainText('paper');
  await table.getByRole('checkbox').first().focus();
  await page.keyboard.press('Escape');
  await expect(page.getByRole('heading', { name: '6 runs ticked' })).toHaveCount(0);

  // What axe itself takes of the page is no task of ours.
  console.log(
    `500 runs: open ${openedMs.toFixed(0)} ms; longest task to open and sort ${toOpen} ms, to search and tick ${toTick} ms, to tag ${await longest(page)} ms`,
  );
});

/** The longest task since it was last asked, in milliseconds; 0 where none took 50. */
function longest(page: Page): Promise<number> {
  return page.evaluate(() =>
    Math.round(Math.max(0, ...(window as unknown as { tasks: number[] }).tasks.splice(0))),
  );
}

test('what has become of a run at work is read whole in its row, wide and on a phone', async ({
  page,
  context,
}) => {
  await openStudio(page);
  const steps = 100_000;
  const training = { phase: 'training', step: 12_345, steps };
  const made = ['unsure', 'elsewhere', 'interrupted'].map((id, at) => ({
    ...records[at]!,
    id,
    state: training,
    recipe: { ...smallRecipe, steps },
    step: 12_345,
    rowsSha256: '0',
    comparison: null,
  }));
  await page.evaluate(async (runs) => {
    const opening = indexedDB.open('stillroom');
    const database = await new Promise<IDBDatabase>((resolve) => {
      opening.onsuccess = () => resolve(opening.result);
    });
    const transaction = database.transaction('runs', 'readwrite');
    for (const run of runs) transaction.objectStore('runs').put(run);
    await new Promise((resolve) => (transaction.oncomplete = resolve));
    database.close();
  }, made);
  // A page that says nothing of itself holds one, and another tab of the studio the other.
  for (const [address, id] of [
    ['/manifest.webmanifest', 'unsure'],
    ['/#/bench', 'elsewhere'],
  ] as const) {
    const other = await context.newPage();
    await other.goto(address);
    await other.evaluate((id) => {
      void navigator.locks.request(`stillroom-run-${id}`, () => new Promise(() => undefined));
    }, id);
  }
  await page.goto('./#/runs');
  await page.reload();
  const cells = page.getByRole('table', { name: 'Runs' }).getByRole('cell');
  for (const width of [1280, 390]) {
    await page.setViewportSize({ width, height: 844 });
    for (const words of ['; is it still at work?', ', in another tab', 'interrupted at step 12,345']) {
      const cell = cells.filter({ hasText: words });
      const isWhole = () =>
        cell.evaluate((of) => of.scrollWidth <= of.clientWidth && of.scrollHeight <= of.clientHeight);
      await expect.poll(isWhole, { message: `${words} at ${width}` }).toBe(true);
    }
  }
});
