/** What every flow needs: an opened studio whose traffic is watched, and the files that are dropped on it. */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import AxeBuilder from '@axe-core/playwright';
import { expect, test as base, type Page, type Worker } from '@playwright/test';
import { tinyFolder } from '../src/student/testing/tiny-student.ts';

export const root = join(import.meta.dirname, '..');
const shared = join(root, '../shared');
export const haveShared = existsSync(join(shared, 'golden'));
if (!haveShared)
  console.log('Without ../shared: flows run on the project’s own small files of the same layout.');

/** CoS-E and the teacher's rationales: the real files where they are, else the project's own of the same layout. */
export const cosE = haveShared
  ? {
      train: join(shared, 'data/cos_e/cos_e_v1.11_train.jsonl'),
      trainRationales: join(shared, 'data/cos_e/PaLM_CoT_train.json'),
      test: join(shared, 'data/cos_e/cos_e_v1.11_validation.jsonl'),
      testRationales: join(shared, 'data/cos_e/PaLM_CoT_test.json'),
      trainRows: '9,741',
      trainTeacher: '74.26 %',
      testTeacher: '77.23 %',
    }
  : {
      train: join(root, 'tests/fixtures/cos-e/mini_train.jsonl'),
      trainRationales: join(root, 'tests/fixtures/cos-e/mini_CoT_train.json'),
      test: join(root, 'tests/fixtures/cos-e/mini_test.jsonl'),
      testRationales: join(root, 'tests/fixtures/cos-e/mini_CoT_test.json'),
      trainRows: '12',
      trainTeacher: '75.00 %',
      testTeacher: '66.67 %',
    };

export const goldenRun = join(shared, 'golden/cos-e-run');

/** Writes a tiny random T5 as a Hugging Face folder and names it. */
export function writeTinyStudent(folder: string): string {
  mkdirSync(folder, { recursive: true });
  for (const [name, bytes] of tinyFolder()) writeFileSync(join(folder, name), bytes);
  return folder;
}

/** A `run.json` on disk; what is left out keeps a flow short. */
export function writeRecipe(file: string, keys: object): string {
  const short = {
    steps: 20,
    batchSize: 4,
    learningRate: 0.003,
    dropout: 0,
    shuffle: false,
    generationMaxTokens: 6,
    evalEvery: 0,
    saveEvery: 0,
  };
  writeFileSync(file, JSON.stringify({ ...short, ...keys }));
  return file;
}

/** A page whose every request must stay on the studio's origin, and whose console must stay free of errors. */
export const test = base.extend<{ faults: string[] }>({
  faults: [
    async ({ page, baseURL }, use) => {
      const faults: string[] = [];
      page.on('request', (request) => {
        const url = request.url();
        if (!url.startsWith(baseURL!) && !url.startsWith('blob:') && !url.startsWith('data:')) {
          faults.push(`left the origin: ${url}`);
        }
      });
      page.on('console', (message) => {
        if (message.type() === 'error') faults.push(`console: ${message.text()}`);
      });
      page.on('pageerror', (error) => faults.push(`page: ${error.message}`));
      await use(faults);
      expect(faults).toEqual([]);
    },
    { auto: true },
  ],
});

/** Opens the studio and waits until its sample is there. */
export async function openStudio(page: Page): Promise<void> {
  await page.goto('./');
  await expect(page.getByRole('button', { name: 'Train on the sample' })).toBeEnabled();
}

/** Opens the studio, drops these rows as a file of JSON Lines, and goes to the teacher once they are read. */
export async function openTeacherWith(page: Page, file: string, rows: readonly object[]): Promise<void> {
  writeFileSync(file, rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
  await openStudio(page);
  await goTo(page, 'data');
  await page.locator('input[type=file]').first().setInputFiles(file);
  await expect(page.getByText(`${rows.length.toLocaleString('en')} rows`).first()).toBeVisible();
  await goTo(page, 'teacher');
}

export async function goTo(page: Page, station: string): Promise<void> {
  await page.goto(`./#/${station}`);
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
}

/** Starts a run on the sample, and waits until it is the one that is shown: the last one stands there until then. */
export async function startRun(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Train on the sample' }).click();
  const state = page.getByTestId('run-state');
  await expect(state).toBeVisible();
  await expect(state).not.toContainText(/done|failed|stopped/, { timeout: 60_000 });
}

/** The studio's worker; threads of the engine are workers too. */
export function studioWorker(page: Page): Worker {
  const found = page.workers().find((worker) => worker.url().includes('studio.worker'));
  if (found === undefined) throw new Error('The studio has no worker now.');
  return found;
}

/** The last step on the screen; 0 before there is one. */
export async function stepOf(page: Page): Promise<number> {
  const shown = page.getByTestId('metrics-last-step');
  return (await shown.count()) === 0 ? 0 : Number(await shown.textContent());
}

export async function reaches(page: Page, step: number): Promise<void> {
  await expect.poll(() => stepOf(page), { timeout: 240_000, intervals: [50] }).toBeGreaterThanOrEqual(step);
}

/** Train is about the run to come, where it shows one that has ended. */
export async function showNextRun(page: Page): Promise<void> {
  const next = page.getByRole('radio', { name: 'The next run' });
  if (await next.isVisible()) await next.check();
}

/** Opens all settings and takes a recipe file and a backend. */
export async function setUp(
  page: Page,
  recipeFile: string,
  { backend, testRows }: { backend?: 'webgpu' | 'wasm' | 'cpu'; testRows?: number } = {},
): Promise<void> {
  await goTo(page, 'train');
  await showNextRun(page);
  const settings = page.getByText('All settings');
  // Unfolded already where an earlier run was set up on the same page.
  if (!(await page.getByLabel('Backend').isVisible())) await settings.click();
  await page.getByTestId('recipe-file').setInputFiles(recipeFile);
  if (backend !== undefined) await page.getByLabel('Backend').selectOption(backend);
  if (testRows !== undefined) await page.getByRole('textbox', { name: 'Test rows' }).fill(String(testRows));
}

/** What axe finds on the page as it stands; with `rules`, by these alone. */
export async function axeFindings(page: Page, rules?: readonly string[]): Promise<string[]> {
  const axe = new AxeBuilder({ page });
  const { violations } = await (rules === undefined ? axe : axe.withRules([...rules])).analyze();
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(' ')}`);
}

/** The page in both themes, wide and on a phone. */
export const looks = (['light', 'dark'] as const).flatMap((colorScheme) =>
  [1280, 390].map((width) => ({ colorScheme, width })),
);
type Look = (typeof looks)[number];

export async function takeLook(page: Page, { colorScheme, width }: Look): Promise<void> {
  await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
  await page.setViewportSize({ width, height: 844 });
}

/** Takes a theme. Nothing is found by axe in it; themes differ in colours alone. */
async function themeIsRight(page: Page, colorScheme: Look['colorScheme'], what: string): Promise<void> {
  await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
  const rules = colorScheme === 'light' ? undefined : ['color-contrast'];
  expect(await axeFindings(page, rules), `${what}, ${colorScheme}`).toEqual([]);
}

export async function bothThemesAreRight(page: Page, what: string): Promise<void> {
  for (const colorScheme of ['light', 'dark'] as const) await themeIsRight(page, colorScheme, what);
}

/** Nothing is found by axe in the theme, and nothing scrolls sideways at the width. */
export async function lookIsRight(page: Page, look: Look, what: string): Promise<void> {
  const { colorScheme, width } = look;
  await page.setViewportSize({ width, height: 844 });
  await themeIsRight(page, colorScheme, `${what}, ${width}`);
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  expect(overflow, `${what} scrolls sideways at ${width}`).toBeLessThanOrEqual(0);
}

/**
 * Looks at the page as it is in both themes, wide and on a phone.
 * @param picture Where a picture of each look goes where STILLROOM_PICTURES is set: they are for people.
 */
export async function looksRight(page: Page, picture: (look: string) => string): Promise<void> {
  for (const look of looks) {
    await lookIsRight(page, look, 'it');
    if (process.env['STILLROOM_PICTURES'] !== undefined)
      await page.screenshot({ path: picture(`${look.colorScheme}-${look.width}`), fullPage: true });
  }
  await page.setViewportSize({ width: 1280, height: 800 });
}

export { expect };
