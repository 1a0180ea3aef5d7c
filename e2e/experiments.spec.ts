import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from '@playwright/test';
import { variedId, type Result } from '../src/experiment/ledger.ts';
import { parseSpec, plannedRuns } from '../src/experiment/spec.ts';
import { headless } from '../tests/support/headless.ts';
import {
  axeFindings,
  expect,
  goTo,
  looksRight,
  openStudio,
  root,
  setUp,
  test,
  writeRecipe,
} from './support.ts';

const tiny = {
  batchSize: 2,
  shuffle: true,
  dropout: 0.1,
  maxInputTokens: 48,
  maxTargetTokens: 16,
  generationMaxTokens: 2,
};
const counts = (page: Page) => page.getByTestId('queue-counts');

/** Says what is to vary in place of what stands there. */
async function vary(page: Page, alpha: string, seed: string): Promise<void> {
  await page.getByRole('textbox', { name: 'Alpha' }).fill(alpha);
  await page.getByRole('textbox', { name: 'Seed' }).fill(seed);
}

test(
  'a sweep of 3 x 2, reloaded in the middle: all are trained, and what they found is said',
  { tag: '@long' },
  async ({ page, context }, info) => {
    test.setTimeout(300_000);
    await openStudio(page);
    const recipe = writeRecipe(info.outputPath('run.json'), { ...tiny, steps: 40, saveEvery: 5 });
    await setUp(page, recipe, { backend: 'wasm', testRows: 2 });
    await goTo(page, 'experiments');
    await vary(page, '0.1 0.9, 2', '0, 1');
    await expect(page.getByText(/Alpha must be at most 1/)).toBeVisible();
    await vary(page, '0.1 0.5 0.9', '0, 1');
    await expect(page.getByTestId('experiment-forecast')).toContainText(
      /6 runs\. How long they will take is known once a step was measured here\. They take at most .* of this browser’s storage/,
    );
    await page.getByRole('button', { name: 'Measure a step' }).click();
    await expect(page.getByTestId('experiment-forecast')).toContainText(
      /6 runs: about .* by measured steps/,
      {
        timeout: 60_000,
      },
    );
    await looksRight(page, (look) => info.outputPath(`new-${look}.png`));

    await page.getByRole('button', { name: 'Begin 6 runs' }).click();
    await expect(page.getByRole('heading', { level: 1 })).toHaveText(/alpha, seed/);
    await expect(page.getByTestId('experiment-course')).toContainText('At work');
    // The last of the waiting runs moves up by one.
    const last = page.getByRole('button', { name: 'Move up: alpha 0.9 · seed 1' });
    await last.focus();
    await page.keyboard.press('Enter');
    await expect(page.getByRole('list', { name: 'To go' }).getByRole('listitem').nth(-2)).toContainText(
      'alpha 0.9 · seed 1',
    );
    await expect(last).toBeFocused();
    await expect(counts(page)).toContainText(/[12] done/, { timeout: 60_000 });

    // Paused and resumed by keyboard, whatever the current run is at; a comparison is not paused.
    const course = page.getByTestId('experiment-course');
    await expect(async () => {
      await page.getByRole('button', { name: 'Pause the experiment' }).press('Enter');
      await expect(course).toContainText('Paused', { timeout: 2000 });
    }).toPass();
    expect(await axeFindings(page)).toEqual([]);
    await page.getByRole('button', { name: 'Resume the experiment' }).press('Enter');
    await expect(course).toContainText('At work');

    // The tab goes in the middle of a run, which resumes by itself from its checkpoint; another tab watches.
    await page.reload();
    await expect(page.getByTestId('experiment-course')).toContainText('At work', { timeout: 30_000 });
    const other = await context.newPage();
    await other.goto('/#/experiments');
    await expect(other.getByTestId('experiment-course')).toContainText(/another tab|All of its runs/);
    await other.close();
    await expect(counts(page)).toHaveText('6 done, 0 to go', { timeout: 100_000 });
    await expect(page.getByTestId('experiment-course')).toHaveText('All of its runs have ended.');

    // The finding, the table and the curve have the same figures.
    await expect(page.getByTestId('finding')).toHaveText(/^(No|Alpha) .*(difference|right)/);
    const table = page.getByTestId('experiment-table');
    await expect(table.getByRole('row')).toHaveCount(4);
    await expect(table.getByRole('row').nth(1)).toContainText(/^0\.1.*2$/);
    await looksRight(page, (look) => info.outputPath(`done-${look}.png`));

    // What can be taken along.
    const saved = async (name: string): Promise<Buffer> => {
      const downloading = page.waitForEvent('download');
      await page.getByRole('button', { name }).click();
      const path = info.outputPath(name.replaceAll(' ', '-'));
      await (await downloading).saveAs(path);
      return readFileSync(path);
    };
    const spec = (await saved('sweep.json')).toString();
    const planned = plannedRuns(parseSpec(spec, 'sweep.json'), 'sweep.json');
    expect(planned.map(({ varied, student }) => [varied['alpha'], varied['seed'], student])).toEqual(
      [0, 1].flatMap((seed) => [0.1, 0.5, 0.9].map((alpha) => [alpha, seed, null])),
    );
    expect(planned[0]!.recipe).toMatchObject({ steps: 40, saveEvery: 5, batchSize: 2 });
    expect((await saved('Save the chart as SVG')).toString()).toContain('Test accuracy by alpha');
    const png = await saved('Save the chart as PNG');
    expect(png.subarray(1, 4).toString()).toBe('PNG');
    expect([png.readUInt32BE(16), png.readUInt32BE(20)]).toEqual([1520, 880]);
    const csv = (await saved('Save the table as CSV')).toString().trim().split('\r\n');
    expect(csv).toHaveLength(4);

    // By keyboard from a point to its runs, which have the experiment's name as their tag.
    await page.getByTestId('experiment-chart').focus();
    await page.keyboard.press('End');
    await expect(page.getByText(/alpha: weight of the answer loss 0\.9 · /)).toBeVisible();
    await page.keyboard.press('Enter');
    await expect(page.getByRole('heading', { name: '2 runs ticked' })).toBeVisible();
    const search = page.getByRole('searchbox', { name: 'Search the runs' });
    await search.fill('tag:other');
    await expect(page.getByText('0 of 6 runs')).toBeVisible();
    await search.fill('tag:alpha');
    await expect(page.getByText('A press on a name opens the run.')).toBeVisible();
    expect(await axeFindings(page)).toEqual([]);

    // “Which alpha is best?”, from an open studio: one press.
    await page.goto('./');
    await page.getByRole('link', { name: 'Experiments' }).click();
    await expect(page.getByTestId('finding')).toHaveText(/^(No|Alpha) /);
  },
);

test('a run that fails is told in the queue, which goes on; it is tried again, and left out', async ({
  page,
}, info) => {
  test.setTimeout(180_000);
  await openStudio(page);
  const recipe = writeRecipe(info.outputPath('run.json'), { ...tiny, steps: 40, learningRate: 10 });
  await setUp(page, recipe, { backend: 'wasm', testRows: 2 });
  await goTo(page, 'experiments');
  await page.getByLabel('Vary something else too').selectOption({ label: 'Weight decay' });
  await page.getByRole('textbox', { name: 'Weight decay' }).fill('10, 0');
  await vary(page, '0.5', '0');
  await page.getByRole('button', { name: 'Begin 2 runs' }).click();
  // A hundred times the weights at each step is soon more than numbers hold; the next run is trained all the same.
  await expect(counts(page)).toHaveText('1 done, 0 to go, 1 failed', { timeout: 100_000 });
  const course = page.getByTestId('experiment-course');
  await expect(course).toHaveText('All of its runs have ended.');
  const failed = page
    .getByRole('list', { name: 'Ended' })
    .getByRole('listitem')
    .filter({ hasText: 'It failed' });
  await expect(failed).toContainText(/weight decay 10/);
  await expect(failed).toContainText(/It failed: .*not a finite number/);
  await expect(page.getByTestId('experiment-table').getByRole('row')).toHaveCount(2);
  await looksRight(page, (look) => info.outputPath(`failed-${look}.png`));

  // Tried again, by keyboard: it begins at once, fails at the same place, and the experiment ends.
  await failed.getByRole('button', { name: /^Try again/ }).press('Enter');
  await expect(counts(page)).toHaveText('1 done, 1 to go');
  await expect(counts(page)).toHaveText('1 done, 0 to go, 1 failed', { timeout: 100_000 });
  await expect(course).toHaveText('All of its runs have ended.');
  await failed.getByRole('button', { name: /^Leave out/ }).press('Enter');
  await expect(counts(page)).toHaveText('1 done, 0 to go');

  // Under Storage it has its size, and is removed on a word; its runs stay.
  await goTo(page, 'storage');
  const stored = page.getByRole('region', { name: 'Experiments' });
  await expect(stored.getByRole('listitem')).toContainText(/weight decay.*KB/);
  await stored.getByRole('button', { name: /^Remove/ }).click();
  await expect(page.getByRole('alertdialog')).toContainText(
    'Its queue and its results are removed; its runs stay.',
  );
  expect(await axeFindings(page)).toEqual([]);
  await page.getByRole('button', { name: 'Remove it' }).click();
  await expect(stored).toHaveCount(0);
  await expect(page.getByRole('region', { name: 'Runs' }).getByRole('listitem').first()).toBeVisible();
  await goTo(page, 'experiments');
  await expect(page.getByRole('button', { name: /^Begin/ })).toBeVisible();
});

test(
  'two sets of runs and a metric of one’s own come to the same in the page and in a terminal',
  { tag: '@long' },
  async ({ page }, info) => {
    test.setTimeout(240_000);
    // Rows of one's own; tested on what they were trained on, so that there is something to tell apart.
    const rows = readFileSync(join(root, 'public/sample/train.jsonl'), 'utf8').split('\n').slice(0, 24);
    const files = ['train.jsonl', 'test.jsonl'].map((name) => info.outputPath(name));
    for (const file of files) writeFileSync(file, `${rows.join('\n')}\n`);
    await openStudio(page);
    await goTo(page, 'data');
    await page.getByTestId('data-files').setInputFiles(files);
    await expect(page.getByRole('heading', { level: 1 })).toHaveText(/train\.jsonl$/);
    const recipe = { steps: 40, batchSize: 8, warmupSteps: 5, generationMaxTokens: 8, shuffle: true };
    await setUp(page, writeRecipe(info.outputPath('run.json'), { ...recipe, dropout: 0.1 }), {
      backend: 'wasm',
    });
    await goTo(page, 'experiments');
    await vary(page, '0.1, 0.9', '0');

    // The second set, by keyboard: it begins with what is most often compared with, over the same seeds.
    await page.getByRole('button', { name: 'Add a set of runs' }).press('Enter');
    const second = page.getByRole('group', { name: 'Set 2' });
    await expect(second.getByRole('textbox', { name: 'Seed' })).toHaveValue('0');
    await second.getByLabel('Vary something else too').selectOption({ label: 'Alpha' });
    await second.getByRole('textbox', { name: 'Alpha' }).fill('3');
    await expect(second.getByText(/Alpha must be at most 1/)).toBeVisible();
    await second.getByRole('textbox', { name: 'Alpha' }).fill('0.9');
    await page.getByLabel('Answers are judged').selectOption('normalised');
    await looksRight(page, (look) => info.outputPath(`sets-${look}.png`));
    await page.getByRole('button', { name: 'Begin 3 runs' }).press('Enter');
    await expect(counts(page)).toHaveText('3 done, 0 to go', { timeout: 150_000 });
    await expect(page.getByText(/right where an answer is the same text but for case/)).toBeVisible();
    expect(await axeFindings(page)).toEqual([]);

    const downloading = page.waitForEvent('download');
    await page.getByRole('button', { name: 'sweep.json' }).click();
    const spec = info.outputPath('sweep.json');
    await (await downloading).saveAs(spec);
    const out = info.outputPath('out');
    const { code, stderr } = headless(['sweep', '--spec', spec, '--out', out, '--jobs', '1']);
    expect(code, stderr).toBe(0);
    const lines = readFileSync(join(out, 'results.jsonl'), 'utf8').trim().split('\n');
    const terminal = new Map(
      lines.map((line) => {
        const { varied, accuracy } = JSON.parse(line) as Result;
        return [variedId(varied), accuracy] as const;
      }),
    );
    const stored = await page.evaluate(async () => {
      const asked = <T>(request: IDBRequest<T>): Promise<T> =>
        new Promise((resolve) => (request.onsuccess = () => resolve(request.result)));
      const database = await asked(indexedDB.open('stillroom'));
      const all = asked(database.transaction('experiments').objectStore('experiments').getAll());
      const [experiment] = (await all) as { runs: { varied: Result['varied']; standing: object }[] }[];
      return experiment!.runs as { varied: Result['varied']; standing: { accuracy: Result['accuracy'] } }[];
    });
    expect(stored).toHaveLength(3);
    for (const { varied, standing } of stored) {
      const there = terminal.get(variedId(varied))!;
      expect(standing.accuracy, JSON.stringify(varied)).toEqual({
        base: there.base,
        distilled: there.distilled,
        teacher: there.teacher,
      });
      console.log(
        `${JSON.stringify(varied)}: ${there.distilled.correct} of ${there.distilled.total} in both`,
      );
    }
    // Not all the same: else equal numbers would say nothing.
    expect(new Set(stored.map(({ standing }) => standing.accuracy.distilled.correct)).size).toBeGreaterThan(
      1,
    );
  },
);
