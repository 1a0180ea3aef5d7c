import { readFileSync, writeFileSync } from 'node:fs';
import { test, type Page } from '@playwright/test';
import { startTeacher, type Behaviour, type TeacherServer } from '../tests/support/teacher-server.ts';
import { expect, goTo, looksRight, openStudio, openTeacherWith, setUp, writeRecipe } from './support.ts';

const canary = 'sk-canary-9f8e7d6c5b4a';
const count = 12;
/** The row that a prompt asks about: the last question in it. */
const numberIn = (said: string): number => Number([...said.matchAll(/kettle (\d+)/g)].at(-1)![1]);

let server: TeacherServer;
/** Rows that are answered only when this is called. */
let letGo: () => void;

// Every third answer is wrong, and one row's cannot be read until it is asked more strictly.
async function behave({
  said,
  headers,
}: {
  said: string;
  headers: { authorization?: string | undefined };
}): Promise<Behaviour> {
  if (headers.authorization !== `Bearer ${canary}`) {
    return {
      kind: 'status',
      status: 401,
      body: { error: { message: `wrong key: ${headers.authorization ?? 'none'}` } },
    };
  }
  if (!/kettle/.test(said)) return { kind: 'answer', text: 'yes' };
  const number = numberIn(said);
  if (number >= 8) await gate;
  if (number === 5 && !said.includes('the last one')) return { kind: 'answer', text: 'Who knows?' };
  const wrong = number % 3 === 0;
  return {
    kind: 'answer',
    text: `A kettle ${number} has water in it. So the answer is (${wrong ? 'b' : 'a'}).`,
    usage: { input: 100, output: 20 },
  };
}
let gate: Promise<void>;

test.beforeEach(async () => {
  gate = new Promise((resolve) => (letGo = resolve));
  server = await startTeacher(behave);
});
test.afterEach(() => server.close());

/** Drops rows without reasons, and opens the station. */
async function openDesk(page: Page, file: string): Promise<void> {
  const rows = Array.from({ length: count }, (_, index) => ({
    input: `What is in kettle ${index}?\nAnswer Choices:\n(a) water\n(b) sand`,
    label: 'water',
  }));
  await openTeacherWith(page, file, rows);
  await expect(page.getByText(`${count} of ${count} training rows have no reason`)).toBeVisible();
}

async function nameTeacher(page: Page, key: string): Promise<void> {
  await page.getByRole('textbox', { name: 'Address' }).fill(`${server.url}/v1`);
  await page.getByLabel('Key', { exact: true }).fill(key);
  await page.getByRole('textbox', { name: 'Model' }).fill('m');
}

/** All that this origin keeps, as one text: databases, files, caches, local and session storage, the address, the page. */
function everythingKept(page: Page): Promise<string> {
  return page.evaluate(async () => {
    const kept: string[] = [location.href, document.documentElement.outerHTML];
    kept.push(JSON.stringify(Object.entries(localStorage)), JSON.stringify(Object.entries(sessionStorage)));
    for (const { name } of await indexedDB.databases()) {
      const database = await new Promise<IDBDatabase>((resolve) => {
        const request = indexedDB.open(name!);
        request.onsuccess = () => resolve(request.result);
      });
      for (const store of database.objectStoreNames) {
        const values = await new Promise<unknown[]>((resolve) => {
          const request = database.transaction(store).objectStore(store).getAll();
          request.onsuccess = () => resolve(request.result);
        });
        for (const value of values) {
          kept.push(JSON.stringify(value));
          const { blob } = value as { blob?: Blob };
          if (blob !== undefined) kept.push(await blob.text());
        }
      }
      database.close();
    }
    for (const name of await caches.keys())
      kept.push(JSON.stringify((await (await caches.open(name)).keys()).map(({ url }) => url)));
    const walk = async (folder: FileSystemDirectoryHandle): Promise<void> => {
      for await (const [name, entry] of folder.entries()) {
        kept.push(name);
        if (entry.kind === 'directory') await walk(entry);
        else kept.push(await (await entry.getFile()).text());
      }
    };
    await walk(await navigator.storage.getDirectory());
    return kept.join('\n');
  });
}

test('rows without reasons, a teacher, a reload in the middle, and the dataset has reasons; the key is nowhere', async ({
  page,
}, info) => {
  const said: string[] = [];
  page.on('console', (message) => said.push(message.text()));
  page.on('pageerror', (error) => said.push(error.message));
  await openDesk(page, info.outputPath('kettles.jsonl'));
  expect(server.asked).toHaveLength(0);

  // A wrong key: the server's words, without it.
  await nameTeacher(page, `${canary}-wrong`);
  await page.getByRole('button', { name: 'Check' }).click();
  await expect(
    page.getByText('The teacher does not take the key (401: wrong key: Bearer [key])'),
  ).toBeVisible();
  await page.getByLabel('Key', { exact: true }).fill(canary);
  await page.getByRole('button', { name: 'Check' }).click();
  await expect(
    page.getByText(
      '✓ answers · streams · keeps no schema · does not stop where it is told · gives one answer at a time',
    ),
  ).toBeVisible();
  await expect(page.getByLabel('Key', { exact: true })).toHaveValue('');

  const probes = server.asked.length;
  await page.getByRole('button', { name: 'Ask 12 rows' }).click();
  await expect(page.getByText('Prompts go to')).toBeVisible();
  await expect(page.getByText('asking, 8 of 12')).toBeVisible();
  // The last four are on their way.
  await expect.poll(() => server.asked.length).toBe(probes + count);

  // What was answered is kept over a reload; what was in flight is asked again, and the key with it.
  await page.reload();
  letGo();
  await expect(page.getByRole('button', { name: 'Continue with 4 rows' })).toBeVisible();
  await page.getByRole('button', { name: 'Continue with 4 rows' }).click();
  await expect(page.getByText('the key went with the page that knew it')).toBeVisible();
  await page.getByLabel('Key', { exact: true }).fill(canary);
  await page.getByRole('button', { name: 'Continue with 4 rows' }).click();
  await expect(page.getByTestId('right-so-far')).toContainText('7 of 11');
  expect(server.asked.length).toBe(probes + count + 4);
  const asked = server.asked.slice(probes).map(({ said: prompt }) => numberIn(prompt));
  expect(asked.slice(count).sort((a, b) => a - b)).toEqual([8, 9, 10, 11]);

  // One could not be read: it is asked more strictly.
  await page.getByRole('button', { name: 'Ask them more strictly' }).click();
  await expect(page.getByTestId('right-so-far')).toContainText('8 of 12');

  // By hand and by keys: the first doubtful one is corrected, the next rejected.
  const answers = page.getByRole('region', { name: 'Answers' });
  await expect(answers.getByRole('article').first()).toContainText('says sand');
  await page.keyboard.press('j');
  await page.keyboard.press('e');
  await page.keyboard.press('Control+a');
  await page.keyboard.type('Kettles hold water.');
  await page.keyboard.press('Control+Enter');
  await expect(answers.getByText('Kettles hold water.')).toBeVisible();
  await expect(answers.getByText(/The teacher said: “A kettle 0 has water/)).toBeVisible();
  await page.keyboard.press('x');
  await expect(answers.getByRole('radio', { name: 'mine 2' })).toBeAttached();

  const download = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Save the reasons' }).click();
  const saved = readFileSync(await (await download).path(), 'utf8');
  expect(saved.trim().split('\n')).toHaveLength(count);
  expect(JSON.parse(saved.split('\n')[0]!)).toEqual({ rationale: 'Kettles hold water.', label: 'water' });

  await page.getByRole('button', { name: 'Use these reasons' }).click();
  await expect(page.getByText('3 of 12 training rows have no reason')).toBeVisible();
  expect(server.asked.length).toBe(probes + count + 4 + 1);
  await goTo(page, 'data');
  await expect(page.getByText('reasons by m').first()).toBeVisible();
  await expect(page.getByText('Kettles hold water.')).toBeVisible();

  const kept = await everythingKept(page);
  expect(kept).toContain('A kettle 4 has water in it.');
  expect(kept + said.join('\n') + saved).not.toContain(canary);
});

test('a teacher that lets no page in is said so, and nothing else is asked', async ({ page }, info) => {
  const shut = await startTeacher(behave, { letsPagesIn: false });
  const elsewhere: string[] = [];
  page.on('request', (request) => elsewhere.push(new URL(request.url()).origin));
  try {
    await openDesk(page, info.outputPath('kettles.jsonl'));
    await nameTeacher(page, '');
    await page.getByRole('textbox', { name: 'Address' }).fill(`${shut.url}/v1`);
    await page.getByRole('button', { name: 'Check' }).click();
    await expect(
      page.getByText(`No answer from ${shut.url}: its server is not running, or does not let pages in.`),
    ).toBeVisible();
    expect(shut.asked).toHaveLength(0);
    // Nobody at all: the browser says the same of it.
    await shut.close();
    await page.getByRole('button', { name: 'Check' }).click();
    await expect(page.getByText('Asking …')).toHaveCount(0);
    await expect(page.getByText(`No answer from ${shut.url}`)).toBeVisible();
    expect(new Set(elsewhere.filter((origin) => origin.startsWith('http')))).toEqual(
      new Set([new URL(page.url()).origin, shut.url]),
    );
  } finally {
    await shut.close();
  }
});

test('without a server: prompts out, answers back; no finding of axe by day, by night, on a phone', async ({
  page,
}, info) => {
  await openDesk(page, info.outputPath('kettles.jsonl'));
  await page.getByText('No server', { exact: true }).click();
  await page.getByRole('textbox', { name: 'Model' }).fill('by hand');
  const download = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Save 12 prompts' }).click();
  const prompts = readFileSync(await (await download).path(), 'utf8')
    .trim()
    .split('\n');
  expect(prompts).toHaveLength(count);
  const file = info.outputPath('answers.jsonl');
  const keys = prompts.map((line) => (JSON.parse(line) as { custom_id: string }).custom_id);
  writeFileSync(
    file,
    keys
      .slice(2)
      .map((id) => JSON.stringify({ custom_id: id, text: 'It is a kettle. So the answer is (a).' }))
      .reverse()
      .join('\n'),
  );
  await page.getByTestId('answers-file').setInputFiles(file);
  await expect(page.getByText('10 answers are new.')).toBeVisible();
  await expect(page.getByTestId('right-so-far')).toContainText('10 of 10');
  await page.getByRole('button', { name: 'Pick 5 right rows' }).click();
  await page.getByRole('region', { name: 'The prompt', exact: true }).locator('ol button').first().click();
  await page
    .getByRole('textbox', { name: 'Question that is shown' })
    .fill(`What is in ${'a kettle or '.repeat(20)}?`);
  await page.getByText('Limits, prices and how it is asked').click();
  await page.getByText('Words and template').click();
  await page.getByText('A server on this machine', { exact: true }).click();
  await looksRight(page, (look) => info.outputPath(`setup-${look}.png`));
  expect(server.asked).toHaveLength(0);
});

test('Ask it: the teacher is asked beside the students, on a word alone, and with its key', async ({
  page,
}, info) => {
  await openStudio(page);
  const short = { steps: 1, batchSize: 1, generationMaxTokens: 4 };
  await setUp(page, writeRecipe(info.outputPath('run.json'), short), { backend: 'wasm', testRows: 1 });
  await page.getByRole('button', { name: 'Train on the sample' }).click();
  await expect(page.getByTestId('run-state')).toContainText('done', { timeout: 60_000 });
  await goTo(page, 'compare');
  const section = page.getByRole('region', { name: 'Ask it' });
  const status = section.getByRole('status').first();
  await section.getByRole('textbox').fill('What is in kettle 1?\nAnswer Choices:\n(a) water\n(b) sand');
  await section.getByRole('button', { name: 'Ask', exact: true }).click();
  await expect(status).toContainText('No teacher is set up for these rows.', { timeout: 60_000 });
  await status.getByRole('link', { name: 'To the teacher' }).click();
  await nameTeacher(page, canary);
  await page.getByRole('button', { name: 'Check' }).click();
  await expect.poll(() => server.asked.length).toBeGreaterThan(1);
  await expect(page.getByRole('button', { name: 'Check' })).toBeEnabled();
  const before = server.asked.length;

  await goTo(page, 'compare');
  const ask = status.getByRole('button', { name: `Ask m at ${new URL(server.url).host}` });
  await expect(ask).toBeVisible();
  expect(server.asked).toHaveLength(before);
  await ask.click();
  await expect(status).toContainText('A kettle 1 has water in it.');
  await expect(status).toContainText('100 tokens in, 20 out');
  expect(server.asked).toHaveLength(before + 1);
  await looksRight(page, (look) => info.outputPath(`live-teacher-${look}.png`));

  // The answer is held; it can be stopped.
  await section.getByRole('textbox').fill('What is in kettle 9?');
  await section.getByRole('button', { name: 'Ask', exact: true }).click();
  await expect(ask).toBeVisible({ timeout: 60_000 });
  await ask.click();
  await status.getByRole('button', { name: 'Stop asking it' }).click();
  await expect(status).toContainText('It was not asked to the end.');

  // The key went with the page.
  await page.reload();
  await section.getByRole('textbox').fill('What is in kettle 2?');
  await section.getByRole('button', { name: 'Ask', exact: true }).click();
  await expect(ask).toBeVisible({ timeout: 60_000 });
  const asked = server.asked.length;
  await ask.click();
  await expect(status).toContainText('This teacher needs its key, which went with the page that knew it.');
  expect(server.asked).toHaveLength(asked);
});
