import { bothThemesAreRight, expect, goTo, openStudio, test } from './support.ts';

test('the keys, their list and the palette, by keyboard alone', async ({ page }) => {
  await openStudio(page);
  const heading = page.getByRole('heading', { level: 1 });
  const dialog = page.getByRole('dialog');
  const axe = (what: string) => bothThemesAreRight(page, what);

  // One key after the other leads to a screen; the second alone does nothing.
  await page.keyboard.press('d');
  await expect(heading).toHaveText('Train');
  await page.keyboard.press('g');
  await page.keyboard.press('d');
  await expect(heading).toBeFocused();
  expect(page.url()).toContain('#/data');

  // The list of keys takes the focus and gives it back to where it was.
  const theme = page.getByRole('button', { name: 'This machine' });
  await theme.focus();
  await page.keyboard.press('?');
  await expect(dialog.getByRole('heading', { name: 'Keys' })).toBeVisible();
  await expect(dialog.getByText('Find a screen, an action or a run')).toBeVisible();
  await axe('keys');
  await page.keyboard.press('g');
  await page.keyboard.press('t');
  expect(page.url()).toContain('#/data');
  await page.keyboard.press('Escape');
  await expect(dialog).toHaveCount(0);
  await expect(theme).toBeFocused();

  // The palette: typed, moved through, chosen.
  await page.keyboard.press('Control+k');
  const field = page.getByRole('combobox');
  await expect(field).toBeFocused();
  const marked = async () => {
    const id = await field.getAttribute('aria-activedescendant');
    // After typing it names an entry that is gone, for half a second.
    return id === null ? null : (await page.locator(`[id="${id}"]`).allTextContents())[0];
  };
  await expect.poll(marked).toContain('Data');
  await axe('palette');
  await page.keyboard.press('ArrowUp');
  await expect.poll(marked).toContain('Keys');
  await page.keyboard.press('Home');
  await page.keyboard.press('PageDown');
  await expect.poll(marked).not.toContain('Data');
  await page.keyboard.press('Escape');
  await expect(theme).toBeFocused();
  await page.keyboard.press('Control+k');
  await page.keyboard.type('compo');
  await expect(page.getByRole('option')).toHaveCount(0);
  await page.keyboard.press('Backspace');
  await expect(page.getByRole('option')).toHaveCount(1);
  await page.keyboard.press('Enter');
  await expect(dialog).toHaveCount(0);
  await expect(heading).toHaveText('Compare');
  await expect(heading).toBeFocused();

  // A dialog that a command opens gives the focus back to where it was before the palette.
  await theme.focus();
  await page.keyboard.press('Control+k');
  await page.keyboard.type('all keys');
  await page.keyboard.press('Enter');
  await expect(dialog.getByRole('heading', { name: 'Keys' })).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(theme).toBeFocused();

  // What can be done is done.
  await heading.focus();
  await page.keyboard.press('Control+k');
  await page.keyboard.type('dark theme');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('radio', { name: 'Dark' })).toBeChecked();
  await expect(heading).toBeFocused();

  // By pointer as well, and what the arrows marked rather than the first, also after moving about in the text.
  await page.keyboard.press('Control+k');
  await page.keyboard.type('theme');
  await page.getByRole('option', { name: /Light theme/ }).click();
  await expect(page.getByRole('radio', { name: 'Light' })).toBeChecked();
  await page.keyboard.press('Control+k');
  await page.keyboard.type('theme');
  await expect.poll(marked).toMatch(/theme/i);
  const first = await marked();
  await page.keyboard.press('ArrowDown');
  await expect.poll(marked).not.toBe(first);
  const second = await marked();
  await page.keyboard.press('ArrowLeft');
  await page.keyboard.press('Enter');
  const name = /Light|Dark|system/.exec(second!)![0];
  await expect(page.getByRole('radio', { name: new RegExp(name, 'i') })).toBeChecked();
  await page.getByRole('radio', { name: 'Dark' }).check();
  await heading.focus();

  // Letters and signs can be turned off; the rest stays.
  await page.keyboard.press('?');
  await page.getByRole('checkbox', { name: 'Letters and signs alone are keys' }).focus();
  await page.keyboard.press('Space');
  await page.keyboard.press('Escape');
  await page.keyboard.press('?');
  await page.keyboard.press('Control+k');
  await expect(field).toBeFocused();
  await page.keyboard.press('Escape');
  await goTo(page, 'data');
  await page.getByRole('button', { name: 'Keys' }).click();
  await page.getByRole('checkbox', { name: 'Letters and signs alone are keys' }).check();
  await page.setViewportSize({ width: 390, height: 800 });
  const overflow = await dialog.evaluate((element) => element.scrollWidth - element.clientWidth);
  expect(overflow).toBeLessThanOrEqual(0);
  await axe('keys on a phone');
});

test('More on a phone is a menu: other screens and panels, by keyboard and by touch', async ({ page }) => {
  await page.setViewportSize({ width: 390, height: 844 });
  await openStudio(page);
  const heading = page.getByRole('heading', { level: 1 });
  const more = page.getByRole('button', { name: 'More' });
  const menu = page.getByRole('menu', { name: 'More' });
  await more.press('Enter');
  await expect(menu.getByRole('menuitem').first()).toBeFocused();
  await expect(menu.getByRole('menuitem')).toHaveText([
    'Runs',
    'Experiments',
    'Storage',
    'Benchmark',
    'This machine',
    /^Find/,
    /^All keys|^Keys/,
  ]);
  await bothThemesAreRight(page, 'more');
  await page.keyboard.press('Escape');
  await expect(menu).toHaveCount(0);
  await expect(more).toBeFocused();

  // To a screen by its first letter, and to a panel that gives the focus back.
  await more.press('Enter');
  await page.keyboard.press('s');
  await page.keyboard.press('Enter');
  await expect(heading).toHaveText('Storage');
  await expect(menu).toHaveCount(0);
  await more.press('Enter');
  await page.keyboard.press('End');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('dialog').getByRole('heading', { name: 'Keys' })).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(more).toBeFocused();

  await more.click();
  await menu.getByRole('menuitem', { name: 'Experiments' }).click();
  await expect(heading).toHaveText('Experiments');
  await more.click();
  await page.mouse.click(20, 20);
  await expect(menu).toHaveCount(0);
});
