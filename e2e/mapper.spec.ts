import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Locator, Page } from '@playwright/test';
import {
  axeFindings,
  expect,
  goTo,
  openStudio,
  setUp,
  test,
  writeRecipe,
  writeTinyStudent,
  looksRight,
} from './support.ts';

/** Columns whose names say nothing: which is what has to be said. */
function writeReviews(folder: string): string {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, 'reviews.csv');
  const dishes = ['soup', 'bread', 'stew', 'salad', 'cake', 'rice', 'fish', 'beans', 'tart', 'eggs'];
  const lines = dishes.flatMap((dish, index) => [
    `dish ${index} a,"the ${dish} was warm, and good",up,because warm ${dish} is good,kitchen`,
    `dish ${index} b,"the ${dish} was cold, and bad",down,because cold ${dish} is bad,kitchen`,
  ]);
  writeFileSync(file, `ref,body_text,thumb,reason_given,place\n${lines.join('\n')}\n`);
  return file;
}

/** Drops a file and waits until a person is asked. */
async function drop(page: Page, file: string): Promise<Locator> {
  await page.getByTestId('data-files').setInputFiles(file);
  const mapper = page.getByRole('region', { name: 'Columns of reviews.csv' });
  await expect(mapper).toBeVisible();
  return mapper;
}

test('a CSV whose columns have to be mapped is trained on after six clicks', async ({ page }, info) => {
  await openStudio(page);
  await goTo(page, 'student');
  await page.getByTestId('student-files').setInputFiles(writeTinyStudent(info.outputPath('tiny-student')));
  await expect(page.getByRole('main')).toContainText('tiny-student');
  const recipe = { steps: 3, batchSize: 2, maxInputTokens: 24, maxTargetTokens: 12 };
  await setUp(page, writeRecipe(info.outputPath('run.json'), recipe), { backend: 'wasm' });
  await goTo(page, 'data');

  let clicks = 1;
  const mapper = await drop(page, writeReviews(info.outputPath('csv')));
  await expect(page.getByTestId('mapped-row')).toContainText('the soup was warm, and good');
  await expect(mapper.getByRole('list')).toContainText('thumb');
  await mapper.getByLabel('Label', { exact: true }).selectOption('thumb');
  clicks += 1;
  await mapper.getByLabel('Rationale').selectOption('reason_given');
  clicks += 1;
  await expect(page.getByTestId('mapped-row')).toContainText('because warm soup is good');
  await expect(mapper.getByRole('list').getByRole('button')).toHaveText(['ref', 'place']);
  await mapper.getByRole('button', { name: 'Use these columns' }).click();
  clicks += 1;
  await expect(page.getByRole('article').first()).toContainText('the soup was warm, and good');
  await page.getByRole('navigation').getByRole('link', { name: /Train/ }).click();
  clicks += 1;
  await page.getByRole('button', { name: 'Start training' }).click();
  clicks += 1;
  expect(clicks).toBeLessThanOrEqual(6);
  await expect(page.getByTestId('run-state')).toContainText('3 steps', { timeout: 120_000 });
  await expect(page.getByTestId('engine')).toContainText(/wasm/i);

  // The same columns dropped again, in another dataset, ask nothing.
  await goTo(page, 'data');
  await page.getByRole('button', { name: 'Remove these rows' }).click();
  await page.getByRole('button', { name: 'Remove it' }).click();
  // Files given to a list that is on its way out would be lost.
  await expect(page.getByText('Drop your rows and the teacher’s rationales here')).toBeVisible();
  await page.getByTestId('data-files').setInputFiles(writeReviews(info.outputPath('again')));
  await expect(page.getByRole('article').first()).toContainText('the soup was warm, and good');
});

test('the mapper by keyboard alone, in both themes and widths', async ({ page }, info) => {
  await openStudio(page);
  await goTo(page, 'data');
  const mapper = await drop(page, writeReviews(info.outputPath('csv')));
  await looksRight(page, (look) => info.outputPath(`mapper-${look}.png`));

  const input = mapper.getByRole('textbox', { name: 'Input' });
  await input.focus();
  await page.keyboard.press('ControlOrMeta+a');
  await page.keyboard.type('{body_text} at {pla');
  await expect(mapper).toContainText('brace that is not closed');
  await page.keyboard.type('ze}');
  await expect(mapper).toContainText('There is no column “plaze”.');
  // The row stays as the last whole template had it.
  await expect(page.getByTestId('mapped-row')).toContainText('the soup was warm, and good');
  for (let back = 0; back < 'ze}'.length; back += 1) await page.keyboard.press('Backspace');
  await page.keyboard.type('ce}?');
  await expect(page.getByTestId('mapped-row')).toContainText('the soup was warm, and good at kitchen?');
  await page.keyboard.press('Tab');
  await page.keyboard.type('thumb');
  await expect(mapper.getByLabel('Label', { exact: true })).toHaveValue('thumb');
  await mapper.getByRole('button', { name: 'The next row' }).focus();
  await page.keyboard.press('Enter');
  await expect(page.getByTestId('mapped-row')).toContainText('the soup was cold, and bad at kitchen?');
  await mapper.getByRole('button', { name: 'Use these columns' }).focus();
  await page.keyboard.press('Enter');
  await expect(page.getByRole('article').first()).toContainText('at kitchen?');
  await expect(mapper).toBeHidden();

  // Choices that have a column each are found, and written into the input.
  const quiz = info.outputPath('quiz.csv');
  writeFileSync(quiz, 'asked_for,option_a,option_b,right_one\nWhich is warm today?,soup,ice,a\n');
  await page.getByTestId('data-files').setInputFiles(quiz);
  const other = page.getByRole('region', { name: 'Columns of quiz.csv' });
  await expect(other.getByLabel('Choices')).toHaveValue('option_*');
  await other.getByLabel('Label', { exact: true }).selectOption('right_one');
  await expect(other.getByTestId('mapped-row')).toContainText('(a) soup\n(b) ice');
  await expect(other.getByRole('strong')).toHaveText(['Which column is what?', 'Row 1', 'soup']);
  await page.getByRole('button', { name: 'Remove quiz.csv' }).click();
  await expect(other).toBeHidden();

  // And changed again.
  await page.getByRole('button', { name: 'Change columns of reviews.csv' }).click();
  await expect(mapper.getByRole('textbox', { name: 'Input' })).toHaveValue('{body_text} at {place}?');
});

/** Questions with choices, and a teacher's answers to them in another order, under another name for the id. */
function writeShuffled(folder: string): string[] {
  mkdirSync(folder, { recursive: true });
  const words = ['amber', 'basil', 'cedar', 'daisy', 'ember', 'fennel', 'garnet', 'hazel'];
  const rows = Array.from({ length: 40 }, (_, index) => {
    const name = `${words[index % 8]!}${'abcde'[Math.floor(index / 8)]!}`;
    return { name, choices: [`${name} one`, `${name} two`, `${name} three`] };
  });
  const data = rows.map(({ name, choices }, index) => ({
    nr: `r${index}`,
    question: `Which is the first of all ${name}?`,
    choices,
    answer: choices[0],
  }));
  const said = rows.map(({ name, choices }, index) => ({
    ref: `r${index}`,
    rationale: `Of all ${name} that is the first.`,
    label: choices[index % 4 === 0 ? 1 : 0],
  }));
  const turned = [...said.slice(17), ...said.slice(0, 17)];
  const lines = (all: object[]) => all.map((one) => `${JSON.stringify(one)}\n`).join('');
  const files = [join(folder, 'quiz.train.jsonl'), join(folder, 'quiz_said.train.jsonl')];
  writeFileSync(files[0]!, lines(data));
  writeFileSync(files[1]!, lines(turned));
  return files;
}

test('rationales of other rows keep a run from beginning until a person decides; then rows are mended and held out', async ({
  page,
}, info) => {
  await openStudio(page);
  await goTo(page, 'data');
  await page.getByTestId('data-files').setInputFiles(writeShuffled(info.outputPath('quiz')));
  const alarm = page.getByRole('region', { name: 'Rationales of the Train rows' });
  await expect(alarm).toContainText('seem to belong to other rows');
  await looksRight(page, (look) => info.outputPath(`alarm-${look}.png`));
  await goTo(page, 'train');
  const start = page.getByRole('button', { name: 'Start training' });
  await expect(start).toHaveAttribute('aria-disabled', 'true');
  await goTo(page, 'data');
  // The column with the same values was found; it is named whatever the files call it.
  await expect(alarm).toContainText('Join by nr and ref');
  await alarm.getByRole('button', { name: 'Join by these' }).focus();
  await page.keyboard.press('Enter');
  await expect(alarm).toBeHidden();
  await expect(page.getByTestId('teacher-train')).toContainText('30 of 40');
  const card = page.getByRole('article', { name: 'Row 18', exact: true });
  await expect(card).toContainText('Of all basilc that is the first.');

  // 25 rows a page; words and the teacher's faults find rows.
  await expect(page.getByRole('article')).toHaveCount(25);
  await page.getByRole('searchbox', { name: 'Search rows' }).fill('HAZELE');
  await expect(page.getByRole('article')).toHaveCount(1);
  await page.getByRole('searchbox', { name: 'Search rows' }).fill('');
  await page.getByText('teacher wrong 10').click();
  await expect(page.getByRole('article')).toHaveCount(10);
  await page.getByRole('radiogroup', { name: 'Show' }).getByText('all 40').click();

  // Without test rows some can be held out, and come back.
  const aside = page.getByRole('checkbox', { name: 'Hold out 10 % for test' });
  await aside.focus();
  await page.keyboard.press('Space');
  await expect(page.getByText('Test 4', { exact: true })).toBeVisible();
  await expect(page.getByText('Train 36', { exact: true })).toBeVisible();
  await page.screenshot({ path: info.outputPath('held-out.png'), fullPage: true });
  await aside.focus();
  await page.keyboard.press('Space');
  await expect(page.getByText('Train 40', { exact: true })).toBeVisible();
  await goTo(page, 'train');
  await expect(start).not.toHaveAttribute('aria-disabled', 'true');
});

test('a note leads to its rows, and its switch mends them', async ({ page }, info) => {
  await openStudio(page);
  await goTo(page, 'data');
  const rows = Array.from({ length: 60 }, (_, index) => ({
    question: `Which is right in number ${index}?`,
    choices: ['red', 'blue', 'green'],
    answer: 'red',
    rationale: `Number ${index} is red.`,
    teacherLabel: index === 40 ? 'red or' : index % 2 === 0 ? 'red' : 'blue',
  }));
  const file = info.outputPath('cut.jsonl');
  writeFileSync(file, rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
  await page.getByTestId('data-files').setInputFiles(file);
  const notes = page.getByRole('region', { name: 'Worth a look' });
  await expect(notes).toContainText('1 teacher’s label is a choice with its end cut off');
  await notes.getByRole('button', { name: 'Show row 41' }).click();
  await expect(page.getByRole('article')).toHaveCount(1);
  await expect(page.getByRole('article')).toContainText('teacher says red or');
  await page.getByRole('button', { name: 'Show all rows' }).click();
  await expect(page.getByRole('article')).toHaveCount(25);
  await expect(page.getByTestId('teacher-train')).toContainText('29 of 60');
  const mend = notes.getByRole('checkbox', { name: 'Repair labels that were cut off' });
  await mend.focus();
  await page.keyboard.press('Space');
  await expect(page.getByTestId('teacher-train')).toContainText('30 of 60');
  await expect(notes).toContainText('1 teacher’s labels that were cut off are their choices now');
  await expect(mend).toBeChecked();
  await expect(mend).toBeFocused();
  expect(await axeFindings(page)).toEqual([]);
  await page.screenshot({ path: info.outputPath('notes.png'), fullPage: true });
  await page.keyboard.press('Space');
  await expect(page.getByTestId('teacher-train')).toContainText('29 of 60');
});
