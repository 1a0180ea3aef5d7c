import { readFileSync } from 'node:fs';
import { strFromU8, unzipSync } from 'fflate';
import {
  axeFindings,
  expect,
  goTo,
  looksRight,
  openStudio,
  setUp,
  showNextRun,
  test,
  writeRecipe,
} from './support.ts';

test('a run is repeated with another alpha in three clicks, and told as command, Python and link', async ({
  page,
  context,
}, info) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  const copied = () => page.evaluate(() => navigator.clipboard.readText());
  await openStudio(page);
  const recipe = { steps: 2, batchSize: 2, maxInputTokens: 48, maxTargetTokens: 16, seed: 7 };
  await setUp(page, writeRecipe(info.outputPath('run.json'), recipe), { backend: 'wasm', testRows: 2 });
  await page.getByRole('button', { name: 'Train on the sample' }).click();
  await expect(page.getByTestId('run-state')).toContainText('done, 2 steps', { timeout: 60_000 });

  // What was typed since gives way to the run's recipe, and can be had back.
  await page.getByLabel('Value of the seed, in the sentence').fill('99');
  const shown = page.getByRole('radiogroup', { name: 'What is shown' });
  await expect(shown.getByRole('radio', { name: 'The next run' })).toBeChecked();
  await expect(page.getByTestId('metrics-last-step')).toHaveCount(0);
  await shown.getByRole('radio').first().check();
  await page.getByRole('button', { name: 'Repeat with changes' }).click();
  await expect(page.getByText('The form has the recipe of')).toBeVisible();
  const seed = page.getByRole('textbox', { name: 'Seed', exact: true });
  await expect(seed).toHaveValue('7');
  await page.getByRole('button', { name: 'Bring back what was here' }).click();
  await expect(seed).toHaveValue('99');

  await shown.getByRole('radio').first().check();
  // One: repeat. Two: the field, whose text is typed over. Three: start.
  await page.getByRole('button', { name: 'Repeat with changes' }).click();
  await page.getByLabel('Value of alpha, in the sentence').click();
  await page.keyboard.press('ControlOrMeta+a');
  await page.keyboard.type('0.8');
  const apart = page.getByRole('list', { name: /^Not as the/ });
  await expect(apart).toContainText('Alpha 0.8');
  await looksRight(page, (look) => info.outputPath(`recipe-${look}.png`));
  await page.getByRole('button', { name: 'Train on the sample' }).click();
  await expect(page.getByTestId('run-state')).toContainText('done, 2 steps', { timeout: 60_000 });
  await expect(page.getByRole('main')).toContainText('alpha 0.8');

  await expect(page.getByTestId('metrics-last-step')).toHaveText('2');
  await showNextRun(page);
  // One field back, the others stay; the focus goes to what is nearest.
  await apart.getByRole('button', { name: /^Reset Alpha to/ }).focus();
  await page.keyboard.press('Enter');
  await expect(apart).not.toContainText('Alpha');
  await expect(apart.getByRole('button').first()).toBeFocused();
  await expect(seed).toHaveValue('7');

  await page.getByRole('button', { name: 'Copy as command' }).click();
  await expect.poll(copied).toContain('npm run headless -- train --recipe recipe.json');
  expect(await copied()).toContain('--engine wasm');
  await page.getByRole('button', { name: 'Copy as Python' }).click();
  await expect.poll(copied).toContain('SEED = 7\n');
  const project = async (): Promise<Record<string, string>> => {
    const downloading = page.waitForEvent('download');
    await page.getByRole('button', { name: 'Copy as project' }).click();
    const download = await downloading;
    expect(download.suggestedFilename()).toMatch(/-project\.zip$/);
    const zip = info.outputPath('project.zip');
    await download.saveAs(zip);
    const files = Object.entries(unzipSync(readFileSync(zip)));
    // One folder of its own, as archives of the studio have.
    return Object.fromEntries(files.map(([path, bytes]) => [path.replace(/^[^/]+\//, ''), strFromU8(bytes)]));
  };
  const toCome = await project();
  expect(toCome['train.py']).toContain('def main():');
  expect(JSON.parse(toCome['recipe.json']!)).toMatchObject({ steps: 2, seed: 7 });
  expect(toCome['test.jsonl']!.trimEnd().split('\n')).toHaveLength(2);
  const facts = JSON.parse(toCome['scale.json']!) as { run: { trainRows: number; name: string } };
  expect(toCome['train.jsonl']!.trimEnd().split('\n')).toHaveLength(facts.run.trainRows);
  expect(toCome['student/model.safetensors']!.length).toBeGreaterThan(1e6);
  // The run that was done, under its own name.
  await goTo(page, 'take-away');
  const { run } = JSON.parse((await project())['scale.json']!) as { run: { name: string } };
  await expect(page.getByRole('heading', { level: 1 })).toHaveText(`Take away: ${run.name}`);
  await goTo(page, 'train');
  await page.getByRole('button', { name: 'Copy link to recipe' }).click();
  await expect.poll(copied).toContain('#/train?');
  const link = await copied();
  // What everybody can have is named; rows of one's own never are.
  expect(link).toContain('student=nano&data=sample&recipe=1');

  // The link on another day: the form is filled and says so; a reload keeps what is changed from there.
  await seed.fill('12');
  await page.goto(link);
  await expect(page.getByText('The form has the recipe and the seed of the link')).toBeVisible();
  await expect(seed).toHaveValue('7');
  expect(page.url()).toMatch(/#\/train$/);

  // A link that was cut off changes nothing and says what is wrong.
  await page.goto(link.slice(0, -12));
  await expect(page.getByText('It was cut off')).toBeVisible();
  await expect(seed).toHaveValue('7');
  await page.goto(link.replace(/#.*/, '#/train?alpha=3&foo=1&recipe=1'));
  await expect(page.getByText('“foo” is no setting.')).toBeVisible();
  await expect(page.getByText('Alpha must be at most 1.')).toBeVisible();
  await expect(seed).toHaveValue('7');

  // A student of the hub that is not here: its name waits in the field, and nobody is asked before a press.
  const commit = '0fc9ddf78a1e988dac52e2dac162b0ede4fd74ab';
  const elsewhere: string[] = [];
  page.on('request', (request) => {
    if (new URL(request.url()).host !== new URL(page.url()).host) elsewhere.push(request.url());
  });
  await page.goto(
    link.replace('student=nano', `student=${encodeURIComponent(`hub:google/flan-t5-small@${commit}`)}`),
  );
  await expect(page.getByText('not here yet. Nothing is fetched until you say so')).toBeVisible();
  await page.getByRole('button', { name: 'To Student, to look it up' }).click();
  await expect(page.getByLabel('Name on the hub')).toHaveValue(`google/flan-t5-small@${commit}`);
  expect(elsewhere).toEqual([]);
});

test(
  'a recipe that does not suit student and rows is told where they are chosen, and rates are tried',
  { tag: '@long' },
  async ({ page }, info) => {
    await openStudio(page);
    const short = { batchSize: 16, maxInputTokens: 16, maxTargetTokens: 16, learningRate: 1e-5 };
    await setUp(page, writeRecipe(info.outputPath('run.json'), short), { backend: 'wasm' });

    // Rates tried on the run to come: stopped on the way, then to the end, by keyboard.
    const rates = page.getByRole('region', { name: 'Learning rates, tried' });
    const rate = page.getByRole('textbox', { name: 'Learning rate', exact: true });
    await rates.getByRole('button', { name: 'Try learning rates' }).press('Enter');
    await rates.getByRole('button', { name: 'Stop trying' }).press('Enter');
    const trying = rates.getByRole('button', { name: 'Try learning rates' });
    await expect(trying).toBeFocused();
    await expect(rates.getByRole('alert')).toHaveCount(0);
    await trying.press('Enter');
    const words = rates.getByTestId('suggested-rate');
    await expect(words).toHaveText(/A rate to begin with: 0\.0\d+\.|A rate to begin with: [1235]e-\d\./, {
      timeout: 60_000,
    });
    await expect(rates.getByRole('table', { name: 'Loss by learning rate' })).toContainText('1.0e-6');
    await expect(rate).toHaveValue('1e-5');
    expect(await axeFindings(page)).toEqual([]);
    await rates.getByRole('button', { name: /^Take/ }).press('Enter');
    const suggested = /with: (.*)\.$/.exec((await words.textContent())!)![1]!;
    await expect(rate).toHaveValue(suggested);
    await rate.fill('1e-5');

    // The student: its usual rate, with the reason. The rows: what is cut. Both at the price in time that is known here.
    for (const station of ['student', 'data']) {
      await goTo(page, station);
      const fit = page.getByTestId('recipe-fit');
      await expect(fit).toContainText(
        /A student of 0\.6 M parameters is usually begun at about 2e-3; this is 1e-5/,
      );
      await expect(fit).toContainText(/Inputs have up to \d+ tokens, and are cut after 16\./);
      await expect(fit.getByRole('button', { name: /^Small preset at 2e-3, 600 steps/ })).toBeVisible();
    }
    await looksRight(page, (look) => info.outputPath(`fit-${look}.png`));
    await page
      .getByTestId('recipe-fit')
      .getByRole('button', { name: /^Small preset/ })
      .press('Enter');
    await expect(page.getByTestId('recipe-fit')).toHaveCount(0);
    await goTo(page, 'train');
    await expect(page.getByRole('textbox', { name: 'Learning rate', exact: true })).toHaveValue('2e-3');
  },
);
