/** The page before a real server: llama.cpp's, with the tests' tiny teacher. */
import { test } from '@playwright/test';
import { sampleRows, startRealTeacher, type StartedTeacher } from '../tests/teacher/started-teacher.ts';
import { expect, openTeacherWith } from './support.ts';

const python = process.env['STILLROOM_PYTHON_TEACHER'];
const count = 200;

let server: StartedTeacher | null = null;
test.skip(python === undefined, 'skipped without the Python that has xllamacpp');
test.beforeAll(async () => {
  server = await startRealTeacher(python!, 'teacher');
});
test.afterAll(() => server?.close());

test(
  'chat, completions and Anthropic’s, streamed and not: 200 rows read, 98 % right, side by side',
  { tag: '@long' },
  async ({ page }, info) => {
    const file = info.outputPath('rows.jsonl');
    const rows = sampleRows('test').slice(0, count);
    await openTeacherWith(
      page,
      file,
      rows.map(({ input, label }) => ({ input, label })),
    );
    await page.getByRole('textbox', { name: 'Address' }).fill(server!.url);
    const streams = page.getByRole('checkbox', { name: 'Answers arrive word by word' });
    const right = page.getByTestId('right-so-far');

    const ways = [
      ['OpenAI, chat', true],
      ['OpenAI, completions', false],
      ['Anthropic', true],
      ['OpenAI, chat', false],
      ['OpenAI, completions', true],
      ['Anthropic', false],
    ] as const;
    for (const [api, isStreamed] of ways) {
      await page.getByLabel('It speaks like').selectOption({ label: api });
      await page.getByRole('textbox', { name: 'Model' }).fill(isStreamed ? 'streamed' : 'whole');
      await page.getByText('Limits, prices and how it is asked').click();
      await streams.setChecked(isStreamed);
      if (api === 'OpenAI, chat' && isStreamed) {
        await page.getByRole('button', { name: 'Check' }).click();
        await expect(
          page.getByText(
            /✓ answers · streams · (?:keeps a schema · )?stops where it is told · gives several/,
          ),
        ).toBeVisible();
      }
      await page.getByRole('button', { name: `Ask ${count} rows` }).click();
      await expect(page.getByRole('button', { name: 'Use these reasons' })).toBeVisible({ timeout: 240_000 });
      await expect(right).toContainText(`of ${count}`);
      const [, correct] = /(\d+) of 200/.exec((await right.textContent()) ?? '') ?? [];
      expect(Number(correct), `${api}, ${isStreamed ? 'streamed' : 'whole'}`).toBeGreaterThanOrEqual(
        0.98 * count,
      );
      await expect(page.getByText('could not be read')).toHaveCount(0);
    }
    const others = page.getByRole('table', { name: 'Other teachers of these rows' });
    await expect(others.getByRole('row')).toHaveCount(ways.length);
    await expect(others).toContainText('OpenAI, chat');
    await expect(others).toContainText(`of ${count}`);
  },
);
