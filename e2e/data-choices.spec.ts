import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { zipSync } from 'fflate';
import { axeFindings, expect, goTo, looksRight, openStudio, test } from './support.ts';

const lines = (rows: readonly object[]): string => rows.map((row) => `${JSON.stringify(row)}\n`).join('');

/** Rows, and two teachers: the second is always right. */
function writeTeachers(folder: string): string[] {
  mkdirSync(folder, { recursive: true });
  const rows = Array.from({ length: 30 }, (_, at) => ({
    id: `r${at}`,
    input: `Is ${at} even?`,
    label: at % 2 ? 'no' : 'yes',
  }));
  const said = (name: string, right: boolean) =>
    rows.map(({ id, label }, at) => ({
      id,
      label: right || at < 10 ? label : 'maybe',
      rationale: `${name} looks at ${at}.`,
    }));
  const files: [string, object[]][] = [
    ['rows.jsonl', rows],
    ['anna.jsonl', said('anna', false)],
    ['bruno.jsonl', said('bruno', true)],
  ];
  return files.map(([name, all]) => {
    const file = join(folder, name);
    writeFileSync(file, lines(all));
    return file;
  });
}

test('of several teachers one counts, rows are drawn for test and validation, and run.json brings it all back', async ({
  page,
}, info) => {
  const files = writeTeachers(info.outputPath('teachers'));
  await openStudio(page);
  await goTo(page, 'data');
  await page.getByTestId('data-files').setInputFiles(files);
  const score = page.getByTestId('teacher-train');
  await expect(score).toContainText('10 of 30');
  const which = page.getByLabel('Which answers count');
  await expect(which.locator('option')).toHaveText([
    'those of the first teacher',
    'those of bruno.jsonl',
    'each in turn',
    'the label that most give',
    'only right ones give reasons',
  ]);
  // No card reaches into the next one.
  const tooWide = await page
    .getByRole('region', { name: 'Files' })
    .getByRole('listitem')
    .evaluateAll((cards) => {
      const endOf = (part: Element): number => part.getBoundingClientRect().right;
      return cards.filter((card) =>
        [...card.querySelectorAll('p, select, button')].some((part) => endOf(part) > endOf(card) + 0.5),
      ).length;
    });
  expect(tooWide).toBe(0);
  await which.selectOption('right');
  await expect(score).toContainText('30 of 30');
  await expect(page.getByRole('article', { name: 'Row 12', exact: true })).toContainText(
    'bruno looks at 11.',
  );
  await page.getByRole('checkbox', { name: 'Hold out 10 % for validation' }).focus();
  await page.keyboard.press('Space');
  await expect(page.getByText('Validation 4', { exact: true })).toBeVisible();
  await page.getByLabel('Train on').selectOption('0.5');
  await expect(page.getByText('Train 13', { exact: true })).toBeVisible();
  expect(await axeFindings(page)).toEqual([]);
  await looksRight(page, (look) => info.outputPath(`choices-${look}.png`));

  // Every screen that needs test rows says before the run that there are none, and offers some.
  for (const screen of ['take-away', 'compare', 'train']) {
    await goTo(page, screen);
    await expect(page.getByText('rows has no test rows')).toBeVisible();
  }
  await page.screenshot({ path: info.outputPath('no-test-rows.png') });
  await page.getByRole('button', { name: 'Hold out 10 % for test' }).click();
  await expect(page.getByText('rows has no test rows')).toBeHidden();
  await page.getByText('All settings').click();
  const saved = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Export run.json' }).click();
  const runFile = info.outputPath('run.json');
  await (await saved).saveAs(runFile);
  expect((JSON.parse(readFileSync(runFile, 'utf8')) as { data: object }).data).toEqual({
    teachers: 'right',
    holdOut: { share: 0.1, seed: 0 },
    validation: { share: 0.1, seed: 0 },
    subsample: { share: 0.5, seed: 0 },
  });

  await goTo(page, 'data');
  await page.getByRole('button', { name: 'Remove these rows' }).click();
  await page.getByRole('button', { name: 'Remove it' }).click();
  await expect(page.getByText('Drop your rows and the teacher’s rationales here')).toBeVisible();
  await page.getByTestId('data-files').setInputFiles(files);
  await expect(score).toContainText('10 of 30');
  await goTo(page, 'train');
  await page.getByTestId('recipe-file').setInputFiles(runFile);
  await goTo(page, 'data');
  await expect(page.getByText('Test 4', { exact: true })).toBeVisible();
  await expect(page.getByLabel('Which answers count')).toHaveValue('right');
  await expect(page.getByText('Train 12', { exact: true })).toBeVisible();
});

/** A frame of zstd with its text as it is, up to 255 bytes: RFC 8878. */
function zstdOf(text: string): Uint8Array {
  const content = Buffer.from(text);
  const block = (content.length << 3) | 1;
  return Buffer.concat([
    Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x20, content.length, block & 255, (block >> 8) & 255, block >> 16]),
    content,
  ]);
}

test('one of each container is read by what is in it, whatever it is called', async ({ page }, info) => {
  const folder = info.outputPath('containers');
  mkdirSync(folder, { recursive: true });
  const rows = ['red', 'blue', 'green'].map((label, at) => ({ input: `What is number ${at}?`, label }));
  const table = (separator: string): string =>
    [['input', 'label'], ...rows.map(({ input, label }) => [input, label])]
      .map((cells) => `${cells.join(separator)}\n`)
      .join('');
  const fixtures = 'tests/fixtures/tables';
  const contents: Record<string, string | Uint8Array> = {
    'lines.a': lines(rows),
    'array.b': JSON.stringify(rows, null, 2),
    'commas.c': table(','),
    'semicolons.d': table(';'),
    'tabs.e': table('\t'),
    'utf16.f': Buffer.from(`\ufeff${table(',')}`, 'utf16le'),
    'packed.g': gzipSync(lines(rows)),
    'folder.h': zipSync({ 'in/rows.csv': Buffer.from(table(',')) }),
    'parquet.i': readFileSync(join(fixtures, 'rows.snappy.parquet')),
    'arrow.j': readFileSync(join(fixtures, 'rows.uncompressed.arrow')),
    'zstd.k': zstdOf(lines(rows)),
  };
  await openStudio(page);
  await goTo(page, 'data');
  const paths = Object.entries(contents).map(([name, content]) => {
    writeFileSync(join(folder, name), content);
    return join(folder, name);
  });
  await page.getByTestId('data-files').setInputFiles(paths);
  const cards = page.getByRole('region', { name: 'Files' }).getByRole('listitem');
  for (const name of Object.keys(contents)) {
    const shown = name === 'folder.h' ? 'folder.h/in/rows.csv' : name;
    await expect(cards.filter({ hasText: shown })).toContainText(/· [\d,]+ rows/);
  }
});
