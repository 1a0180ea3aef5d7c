import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type Page } from '@playwright/test';
import { jsonBytes, tinyFolder } from '../src/student/testing/tiny-student.ts';
import { startHub, type HubServer } from '../tests/support/hub-server.ts';
import { axeFindings, expect, goTo, looksRight, root, setUp, writeRecipe } from './support.ts';

const token = 'hf_canary0123456789';
// Weights of 10 MB: some pieces of what the page writes.
const student = new Map([...tinyFolder({ vocab_size: 160_000 }), ['README.md', new Uint8Array(9)]]);

const parquet = readFileSync(join(root, 'tests/fixtures/tables/rows.plain.parquet'));
const rows = new Map(['train', 'validation'].map((split) => [`plain/${split}/0000.parquet`, parquet]));

let hub: HubServer;
test.beforeEach(async ({ page }) => {
  hub = await startHub(
    {
      'me/tiny': { files: student, license: 'apache-2.0' },
      'me/private': { files: tinyFolder(), token },
      'datasets/me/rows': { files: new Map(), branches: { 'refs/convert/parquet': rows }, license: 'mit' },
      'me/bert': { files: new Map([...student, ['config.json', jsonBytes({ model_type: 'bert' })]]) },
    },
    true,
    token,
  );
  await page.goto('./#student');
});
test.afterEach(() => hub.close());

async function lookUp(page: Page, name: string, secret = ''): Promise<void> {
  const more = page.getByText('A private one, another hub, or no network');
  if (!(await page.getByLabel('Access token').isVisible())) await more.click();
  await page.getByLabel('Address of another hub').fill(hub.url);
  await page.getByLabel('Access token').fill(secret);
  await page.getByLabel('Name on the hub').fill(name);
  await page.getByLabel('Name on the hub').press('Enter');
}

/** Files in the database whose bytes are not there any more, by the store that they are in. */
function unreadableFiles(page: Page): Promise<string[]> {
  return page.evaluate(async () => {
    const asked = <T>(request: IDBRequest<T>): Promise<T> =>
      new Promise((resolve, reject) => {
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => reject(new Error(request.error?.message));
      });
    const database = await asked(indexedDB.open('stillroom'));
    const lost: string[] = [];
    for (const store of database.objectStoreNames)
      for (const row of (await asked(database.transaction(store).objectStore(store).getAll())) as {
        blob?: Blob;
      }[])
        if (row.blob !== undefined) await row.blob.arrayBuffer().catch(() => lost.push(store));
    database.close();
    return lost;
  });
}

const room = (page: Page) => page.getByRole('region', { name: 'A student from the hub' });

// Requests leave the origin here, and refused ones are written to the console: so this is no test of support.ts.
test('a student comes by its name, resumed after a break, and only once somebody asks', async ({ page }) => {
  expect(hub.requests).toEqual([]);
  await lookUp(page, 'me/tiny');
  await expect(room(page).getByRole('heading', { name: 'me/tiny' })).toBeVisible();
  await expect(room(page)).toContainText('main is');
  await expect(room(page)).toContainText('apache-2.0');
  await expect(room(page)).toContainText(/10\.\d MB, 4 files/);
  await expect(room(page)).not.toContainText('counting');
  expect(hub.requests.some(({ path }) => path.startsWith('/blob/'))).toBe(false);
  expect(await axeFindings(page)).toEqual([]);

  // A search names T5s alone; a press on one fills the field and asks nobody.
  await page.getByLabel('Name on the hub').fill('me/');
  await page.getByRole('button', { name: 'Search T5s' }).click();
  await expect(room(page).getByText('2 T5s with “me/” in the name')).toBeVisible();
  const asked = hub.requests.length;
  await room(page).getByRole('button', { name: 'me/tiny' }).click();
  await expect(page.getByLabel('Name on the hub')).toHaveValue('me/tiny');
  await page.getByText('Students that are known').click();
  const known = page.getByRole('row', { name: /flan-t5-small/ });
  await expect(known).toContainText(/77 M.*308 MB.*GB.*trains.*Notebook/, { timeout: 30_000 });
  await expect(page.getByRole('row', { name: /mt5-base/ })).toContainText('trains with LoRA');
  expect(await axeFindings(page)).toEqual([]);
  const { width } = page.viewportSize()!;
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    await room(page).screenshot({ path: test.info().outputPath(`known-${colorScheme}-${width}.png`) });
  }
  await page.emulateMedia({ colorScheme: null });
  await known.getByRole('button').click();
  await expect(page.getByLabel('Name on the hub')).toHaveValue('google/flan-t5-small');
  expect(hub.requests).toHaveLength(asked);
  hub.refuse(500, '/api/models');
  await page.getByRole('button', { name: 'Search T5s' }).click();
  await expect(room(page).getByRole('alert')).toContainText('does not answer a search (500)');
  hub.refuse(null);
  await lookUp(page, 'me/tiny');
  await expect(room(page).getByRole('heading', { name: 'me/tiny' })).toBeVisible();
  const shots = process.env['STILLROOM_SHOTS'];
  if (shots !== undefined) await page.screenshot({ path: join(shots, 'found.png'), fullPage: true });

  // Stopped in the middle: what came is kept in pieces, and the download resumes from them.
  hub.holdAfter(5_000_000);
  await page.getByRole('button', { name: /^Fetch 10/ }).click();
  await expect(room(page)).toContainText(/[1-5]\.\d+ MB of 10/);
  await page.getByRole('button', { name: 'Stop' }).click();
  await expect(room(page)).toContainText(/MB are here; it resumes from there/);
  hub.holdAfter(null);

  // Broken off for good.
  hub.breakAfter(1_000_000, 9);
  await page.getByRole('button', { name: /^Fetch 10/ }).click();
  await expect(room(page).getByRole('alert')).toContainText('cannot be reached');
  await expect(room(page).getByText('npm run headless -- download me/tiny')).toHaveCount(2);
  if (shots !== undefined) {
    await page.setViewportSize({ width: 390, height: 800 });
    await page.emulateMedia({ colorScheme: 'dark' });
    await room(page).screenshot({ path: join(shots, 'narrow.png') });
  }
  hub.breakAfter(0, 0);
  hub.requests.length = 0;
  await page.getByRole('button', { name: /^Fetch 10/ }).click();
  await expect(page.getByRole('radio', { name: /^tiny/ })).toBeChecked();
  const ranges = hub.requests.filter(({ path }) => path.startsWith('/blob/')).map(({ range }) => range);
  expect(ranges).toHaveLength(1);
  expect(ranges[0]).toMatch(/^bytes=[1-9]\d{5,}-/);
  const left = await page.evaluate(async () => {
    const names: string[] = [];
    for await (const name of (await navigator.storage.getDirectory()).keys()) names.push(name);
    return names;
  });
  expect(left).not.toContain('hub');

  // The page itself reaches no hub, and the frame goes with its token when the student is there.
  expect(await page.evaluate((url) => fetch(url).then(String, () => 'refused'), hub.url)).toBe('refused');
  expect(page.frames()).toHaveLength(1);

  // Nothing of the hub is needed any more.
  await hub.close();
  await page.reload();
  await expect(page.getByRole('radio', { name: /^tiny/ })).toBeChecked();
  expect(await unreadableFiles(page)).toEqual([]);
});

test('what is private, no T5, of other bytes or out of reach is told in words, and no token stays', async ({
  page,
}) => {
  const told = room(page).getByRole('alert');
  await lookUp(page, 'me/private');
  await expect(told).toContainText('For a private model paste an access token that may read it.');
  await lookUp(page, 'me/bert');
  await expect(told).toContainText('model of type "bert", not a T5');
  await lookUp(page, 'me/tiny@v9');
  await expect(told).toContainText('no revision v9');
  hub.damage(true);
  await lookUp(page, 'me/tiny');
  await page.getByRole('button', { name: /^Fetch 10/ }).click();
  await expect(told).toContainText('came with other bytes than the hub lists. They are not kept.');
  await expect(page.getByRole('radio', { name: /^tiny/ })).toHaveCount(0);
  hub.damage(false);

  await lookUp(page, 'me/private', token);
  await page.getByRole('button', { name: /^Fetch/ }).click();
  await expect(page.getByRole('radio', { name: /^private/ })).toBeChecked();
  expect(hub.requests.at(-1)!.authorization).toBe(`Bearer ${token}`);
  const kept = await page.evaluate(async () => {
    const texts = [location.href];
    for (const storage of [localStorage, sessionStorage])
      for (let n = 0; n < storage.length; n += 1) texts.push(storage.getItem(storage.key(n)!)!);
    for (const { name } of await indexedDB.databases()) {
      const database = await new Promise<IDBDatabase>((resolve, reject) => {
        const opening = indexedDB.open(name!);
        opening.onsuccess = () => resolve(opening.result);
        opening.onerror = () => reject(new Error('not opened'));
      });
      for (const store of database.objectStoreNames) {
        const all = database.transaction(store).objectStore(store).getAll();
        await new Promise((resolve) => (all.onsuccess = resolve));
        texts.push(JSON.stringify(all.result));
      }
      database.close();
    }
    return texts.join('\n');
  });
  expect(kept).toContain('private');
  expect(kept).not.toContain('canary');
});

test('a disk that fills up in the middle of a download is told, and nothing half is kept', async ({
  page,
  baseURL,
}) => {
  /** Bytes of what has come so far of students, by file. */
  const pieces = () =>
    page.evaluate(async () => {
      const sizes: number[] = [];
      const root = await navigator.storage.getDirectory();
      const folder = await root.getDirectoryHandle('hub', { create: true });
      for await (const handle of folder.values()) {
        // What the page removes meanwhile is gone.
        const file = handle.kind === 'file' ? await handle.getFile().catch(() => null) : null;
        if (file !== null) sizes.push(file.size);
      }
      return sizes;
    });
  await lookUp(page, 'me/tiny');
  hub.holdAfter(5_000_000);
  await page.getByRole('button', { name: /^Fetch 10/ }).click();
  await expect.poll(async () => Math.max(0, ...(await pieces()))).toBeGreaterThanOrEqual(4_000_000);
  const browser = await page.context().newCDPSession(page);
  const { usage } = await page.evaluate(() => navigator.storage.estimate());
  await browser.send('Storage.overrideQuotaForOrigin', { origin: baseURL!, quotaSize: usage! + 200_000 });
  hub.holdAfter(null);
  await expect(room(page).getByRole('alert')).toContainText(/no room for .* more. Nothing of it is kept./);
  expect(await axeFindings(page)).toEqual([]);
  expect((await pieces()).filter((sizeBytes) => sizeBytes >= 1_000_000)).toEqual([]);
  await expect(page.getByRole('radio', { name: /^tiny/ })).toHaveCount(0);
  // Again, from the first byte on.
  hub.requests.length = 0;
  await page.getByRole('button', { name: /^Fetch 10/ }).click();
  const files = () => hub.requests.filter(({ path }) => path.startsWith('/blob/'));
  await expect.poll(() => files().length).toBeGreaterThan(0);
  await expect(room(page).getByRole('alert')).toContainText(/no room for .* more. Nothing of it is kept./);
  expect((await pieces()).filter((sizeBytes) => sizeBytes >= 1_000_000)).toEqual([]);

  await browser.send('Storage.overrideQuotaForOrigin', { origin: baseURL! });
  await page.getByRole('button', { name: /^Fetch 10/ }).click();
  await expect(page.getByRole('radio', { name: /^tiny/ })).toBeChecked();
  expect(await unreadableFiles(page)).toEqual([]);
});

test('rows come by their name, and are read as dropped files are', async ({ page }) => {
  await page.goto('./#data');
  await page.getByText('Rows from the hub, by name').click();
  const place = page.getByRole('region', { name: 'Rows from the hub' });
  await place.getByLabel('Address of another hub').fill(hub.url);
  expect(hub.requests).toEqual([]);
  await place.getByLabel('Name of a dataset on the hub').fill('me/none');
  await place.getByLabel('Name of a dataset on the hub').press('Enter');
  await expect(place.getByRole('alert')).toContainText('no such dataset (401)');
  await place.getByLabel('Name of a dataset on the hub').fill('me/rows:plain');
  await place.getByLabel('Name of a dataset on the hub').press('Enter');
  await expect(place).toContainText('refs/convert/parquet is');
  await expect(place).toContainText('licence mit');
  expect(await axeFindings(page)).toEqual([]);
  for (const [width, colorScheme] of [
    [1280, 'light'],
    [390, 'dark'],
  ] as const) {
    await page.setViewportSize({ width, height: 844 });
    await page.emulateMedia({ colorScheme });
    await place.screenshot({ path: test.info().outputPath(`rows-${colorScheme}-${width}.png`) });
  }
  await place.getByRole('button', { name: /^Fetch 2 files/ }).click();
  await expect(page.getByText('rows-train.parquet')).toBeVisible();
  await expect(page.getByText('rows-validation.parquet')).toBeVisible();
  expect(await unreadableFiles(page)).toEqual([]);
  expect(page.frames()).toHaveLength(1);
});

test(
  'a student goes to the hub: listed first, sent on a word, and what goes wrong is told',
  { tag: '@long' },
  async ({ page }, info) => {
    test.setTimeout(180_000);
    // Weights of 10 MB: these the client hashes in WebAssembly.
    await lookUp(page, 'me/tiny');
    await page.getByRole('button', { name: /^Fetch 10/ }).click();
    await expect(page.getByRole('radio', { name: /^tiny/ })).toBeChecked();
    const short = { steps: 1, batchSize: 1, maxInputTokens: 8, maxTargetTokens: 4, generationMaxTokens: 2 };
    await setUp(page, writeRecipe(info.outputPath('run.json'), short), { backend: 'wasm', testRows: 1 });
    await page.getByRole('button', { name: 'Train on the sample' }).click();
    await expect(page.getByTestId('run-state')).toContainText('done', { timeout: 60_000 });
    await goTo(page, 'take-away');
    const place = page.getByRole('region', { name: 'On a hub' });
    const told = place.getByRole('alert');
    const list = place.getByRole('button', { name: 'List what would be sent' });
    const send = place.getByRole('button', { name: /^Send/ });
    await place.getByLabel('Address of another hub').fill(hub.url);
    hub.requests.length = 0;
    const writes = () => hub.requests.filter(({ method }) => method !== 'GET');
    await place.getByLabel('Repository').fill('me/sent');
    await list.click();
    await expect(told).toContainText('without an access token that may write');
    expect(hub.requests).toEqual([]);

    await place.getByLabel('Access token').fill(token);
    await place.getByLabel('Repository').press('Enter');
    await expect(place.getByRole('row', { name: /model\.safetensors 10\.\d MB new/ })).toBeVisible();
    await expect(place.getByRole('row', { name: /README\.md/ })).toContainText('new');
    await expect(place).toContainText('it is to be made');
    await expect(send).toContainText(/Send \d+ files, 10\.\d MB, private/);
    expect(writes()).toEqual([]);
    expect(hub.filesOf('me/sent')).toBeNull();
    await looksRight(page, (look) => info.outputPath(`publish-${look}.png`));

    // Each of what can go wrong, in words; nothing is there afterwards.
    for (const [status, pathEnd, words] of [
      [401, '/repos/create', 'does not know the token that you pasted (401)'],
      [403, '/repos/create', 'may not write to this repository (403)'],
      [409, '/repos/create', 'a repository of this name already'],
    ] as const) {
      hub.refuse(status, pathEnd);
      await send.click();
      await expect(told).toContainText(words);
      hub.refuse(null);
      await list.click();
    }
    await expect(send).toBeVisible();
    hub.breakUploads(true);
    await send.click();
    await expect(told).toContainText('Nothing was published.');
    await expect(told).toContainText('The repository was made, and is empty.');
    hub.breakUploads(false);
    expect([...hub.filesOf('me/sent')!.keys()]).toEqual([]);

    // Stopped while the weights are on their way.
    await list.click();
    hub.holdUploads(true);
    await send.click();
    await expect(place.getByText('sending model.safetensors')).toBeVisible();
    expect(await axeFindings(page)).toEqual([]);
    await place.getByRole('button', { name: 'Stop' }).click();
    hub.holdUploads(false);
    await expect(list).not.toHaveAttribute('aria-disabled');
    expect([...hub.filesOf('me/sent')!.keys()]).toEqual([]);

    await list.click();
    await send.click();
    await expect(place.getByRole('status')).toContainText(`It is there: ${hub.url}/me/sent`);
    const there = hub.filesOf('me/sent')!;
    expect([...there.keys()]).toEqual(expect.arrayContaining(['README.md', 'run.json', 'model.safetensors']));
    expect(Buffer.from(there.get('README.md')!).toString()).toContain('from_pretrained("me/sent")');
    expect(await axeFindings(page)).toEqual([]);
    expect(page.frames()).toHaveLength(1);

    // What is there is not sent again; ONNX comes beside it; what somebody else did meanwhile is not written over.
    await place.getByLabel('ONNX beside them').selectOption('w8, a quarter of the size');
    await list.click();
    await expect(place.getByRole('row', { name: /model\.safetensors/ })).toContainText('there already');
    await expect(place.getByRole('row', { name: /decoder_model_merged_int8\.onnx/ })).toContainText('new');
    hub.commitBeside('me/sent');
    await send.click();
    await expect(told).toContainText('changed by somebody else meanwhile (412)');
    await list.click();
    await send.click();
    await expect(place.getByRole('status')).toContainText('It is there');
    expect([...hub.filesOf('me/sent')!.keys()]).toContain('onnx/encoder_model_int8.onnx');
    await list.click();
    await expect(place).toContainText('There is nothing to send: all of it is there already.');
  },
);
