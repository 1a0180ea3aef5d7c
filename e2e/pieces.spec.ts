import { writeFileSync } from 'node:fs';
import { expect, goTo, openStudio, test } from './support.ts';

test('labels that the student cannot write get pieces', async ({ page }, info) => {
  await openStudio(page);
  await goTo(page, 'data');
  const file = info.outputPath('arrows.jsonl');
  const rows = ['a → b', 'c → d', 'e\nf'].map((label) => JSON.stringify({ input: `map ${label}`, label }));
  writeFileSync(file, rows.join('\n'));
  await page.getByTestId('data-files').setInputFiles(file);
  await expect(page.getByRole('main')).toContainText('3 rows');
  await goTo(page, 'train');
  const note = page.getByTestId('lost-labels');
  await expect(note).toContainText('3 of 3 labels cannot be written back');
  await page.screenshot({ path: info.outputPath('note.png') });
  await page.getByRole('button', { name: 'Add them to the student as pieces' }).click();
  await expect(note).toBeHidden();
  await goTo(page, 'student');
  await expect(page.getByRole('main')).toContainText('Added to the vocabulary as pieces: "→" "\\n".');
  await expect(page.getByRole('radio', { name: /nano-with-pieces/ })).toBeChecked();
});
