import AxeBuilder from '@axe-core/playwright';
import { expect, goTo, openStudio, test } from './support.ts';

test('nano is made smaller, with what it costs, and is there to go back to', async ({ page }) => {
  test.setTimeout(180_000);
  await openStudio(page);
  await goTo(page, 'student');
  const make = page.getByRole('button', { name: 'Make the smaller student' });
  await expect(make).toHaveAttribute('aria-disabled', 'true');
  await expect(page.getByText(/Nothing would change/)).toBeVisible();

  // Freezing costs less memory; freezing everything is refused.
  const memory = page.getByTestId('memory-total');
  // The recipe's limit, until the rows were measured.
  await expect(page.getByRole('main')).not.toContainText('up to 128 input', { timeout: 60_000 });
  const before = await memory.textContent();
  const freeze = page.getByRole('group', { name: 'Freeze while training' });
  await freeze.getByRole('checkbox', { name: 'encoder' }).check();
  await expect(memory).not.toHaveText(before!);
  await freeze.getByRole('checkbox', { name: 'embeddings' }).check();
  await freeze.getByRole('checkbox', { name: 'decoder' }).check();
  await expect(freeze).toContainText('nothing would be trained');
  for (const part of ['embeddings', 'decoder', 'encoder']) {
    await freeze.getByRole('checkbox', { name: part }).uncheck();
  }
  await expect(memory).toHaveText(before!);

  await page.getByRole('textbox', { name: 'Decoder layers' }).fill('0');
  await expect(page.getByText('Keep at least one layer')).toBeVisible();
  await page.getByRole('textbox', { name: 'Decoder layers' }).fill('1');
  await page.getByRole('checkbox', { name: 'Fewer pieces' }).check();
  await page.getByRole('combobox', { name: 'Precision' }).selectOption('bf16');
  await make.focus();
  await page.keyboard.press('Enter');

  await expect(page.getByRole('heading', { level: 1 })).toContainText('nano-reduced', { timeout: 60_000 });
  const table = page.getByRole('table', { name: 'Before and after the reduction' });
  const cells = async (name: RegExp) => {
    const row = table.getByRole('row').filter({ has: page.getByRole('rowheader', { name }) });
    return row.getByRole('cell').allTextContents();
  };
  const numbers = async (name: RegExp) =>
    (await cells(name)).map((text) => Number.parseFloat(text.replaceAll(',', '')));
  const falls = async (name: RegExp) => {
    const [first, second] = await numbers(name);
    expect(second, String(name)).toBeLessThan(first!);
  };
  await falls(/^parameters/);
  await falls(/^vocabulary/);
  expect((await cells(/^download, as stored/))[1]).toContain('(bf16)');
  await expect(table.getByRole('rowheader', { name: 'answer loss' })).toBeVisible({ timeout: 120_000 });
  for (const value of await numbers(/^answer loss/)) expect(value).toBeGreaterThan(0);
  for (const value of await numbers(/^rationale loss/)) expect(value).toBeGreaterThan(0);
  await falls(/^work of a step/);
  for (const value of await numbers(/^time of a step, estimated/)) expect(value).toBeGreaterThan(0);
  await expect(page.getByRole('region', { name: 'Before and after' })).toContainText('200 rows');

  // Stopped by a person, a measurement ends without a word: what was measured before stays.
  const measured = await cells(/^answer loss/);
  const again = page.getByRole('button', { name: 'Measure again' });
  await again.click();
  await page.getByRole('button', { name: 'Stop' }).click();
  await expect(page.getByRole('button', { name: 'Stop' })).toHaveCount(0, { timeout: 60_000 });
  await expect(page.getByRole('alert')).toHaveCount(0);
  await expect(again).not.toHaveAttribute('aria-disabled', 'true');
  expect(await cells(/^answer loss/)).toEqual(measured);

  for (const width of [1280, 390]) {
    await page.setViewportSize({ width, height: 844 });
    expect((await new AxeBuilder({ page }).analyze()).violations).toEqual([]);
    expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(
      0,
    );
  }

  // It is kept over a reload, and the whole student is a click away.
  await page.reload();
  await expect(table).toBeVisible();
  await page.getByRole('button', { name: 'Back to nano' }).click();
  await expect(page.getByRole('heading', { level: 1 })).not.toContainText('reduced');
  await expect(page.getByRole('radio', { name: /nano-reduced/ })).toBeVisible();
});
