import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { chromium, test as base, type Page } from '@playwright/test';
import { chromiumArgs, executablePath } from '../playwright.config.ts';
import { openOpenServer, openPlainHost, type PlainHost } from './plain-host.ts';
import { bothThemesAreRight, expect, root, setUp, studioWorker, writeRecipe } from './support.ts';

const test = base.extend<{ host: PlainHost }>({
  host: async ({ browserName: _ }, provide) => {
    const host = await openPlainHost(join(root, 'dist'));
    await provide(host);
    await host.close();
  },
  // What the flows open is this host's.
  baseURL: async ({ host }, provide) => provide(host.address),
});
test.use({ serviceWorkers: 'allow' });

/** Opens the studio, and waits until the service worker has loaded it again with the headers. */
async function openIsolated(page: Page, host: PlainHost): Promise<void> {
  await page.goto(host.address);
  // Whatever is evaluated in the page counts as a person's doing, after which it is not loaded again by itself.
  await page.waitForEvent('load', { timeout: 60_000 });
  expect(await page.evaluate(() => self.crossOriginIsolated)).toBe(true);
  await expect(page.getByRole('button', { name: 'Train on the sample' })).toBeEnabled();
}

test('a plain static host, under a subpath: threads, offline on the second visit, nothing leaves it', async ({
  page,
  context,
  host,
}, info) => {
  const errors: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error') errors.push(message.text());
  });
  await openIsolated(page, host);
  const cores = await page.evaluate(() => navigator.hardwareConcurrency);
  await setUp(page, writeRecipe(info.outputPath('run.json'), { steps: 2, batchSize: 2 }), {
    backend: 'wasm',
    testRows: 2,
  });
  await page.getByRole('button', { name: 'Train on the sample' }).click();
  await expect(page.getByTestId('engine')).toContainText(cores > 1 ? `${cores} threads` : 'one thread', {
    timeout: 60_000,
  });
  await expect(page.getByTestId('metrics-last-step')).toHaveText('2', { timeout: 60_000 });
  expect(host.asked.filter((path) => !path.startsWith('/some/path/'))).toEqual([]);
  expect(errors).toEqual([]);

  // The policy holds in the page and in its worker, which a <meta> element does not bind.
  // A server of another origin that lets anybody in: only the policy can refuse this.
  const elsewhere = await openOpenServer();
  const tryFetch = (url: string) =>
    fetch(url).then(
      () => 'went through',
      () => 'refused',
    );
  expect(await page.evaluate(tryFetch, elsewhere.address)).toBe('refused');
  expect(await studioWorker(page).evaluate(tryFetch, elsewhere.address)).toBe('refused');
  expect(elsewhere.asked()).toBe(0);
  await elsewhere.close();

  await context.setOffline(true);
  await page.reload();
  await expect(page.getByRole('button', { name: 'Train on the sample' })).toBeEnabled();
  expect(await page.evaluate(() => self.crossOriginIsolated)).toBe(true);
});

test('by plain http from another machine it says where it works, and throws nothing', async ({ host }) => {
  const name = 'another-machine.test';
  const browser = await chromium.launch({
    ...(executablePath === undefined ? {} : { executablePath }),
    args: [...chromiumArgs, `--host-resolver-rules=MAP ${name} 127.0.0.1`],
  });
  try {
    const page = await (await browser.newContext()).newPage();
    const errors: string[] = [];
    page.on('pageerror', ({ message }) => errors.push(message));
    const address = new URL(host.address);
    address.hostname = name;
    await page.goto(address.href);
    await expect(page.getByText('The studio cannot work at this address.')).toBeVisible();
    await expect(page.getByText(`http://localhost:${address.port}/`)).toBeVisible();
    await bothThemesAreRight(page, 'by plain http');
    expect(errors).toEqual([]);
  } finally {
    await browser.close();
  }
});

test('the service worker leaves other pages alone, and goes where the server is not ours', async ({
  page,
  host,
}, info) => {
  await openIsolated(page, host);
  const other = await page.goto(`${host.address}notes/today`);
  expect(other?.status()).toBe(404);

  // Another project on the same address: the first visit still shows the studio, and removes it.
  const project = info.outputPath('project');
  mkdirSync(project, { recursive: true });
  writeFileSync(join(project, 'index.html'), '<!doctype html><title>Another project</title>');
  host.serve(project);
  await page.goto(host.address);
  await expect(page).toHaveTitle('Another project', { timeout: 30_000 });
  expect(await page.evaluate(async () => (await navigator.serviceWorker.getRegistrations()).length)).toBe(0);
  expect(
    await page.evaluate(async () => (await caches.keys()).filter((name) => name.startsWith('stillroom-'))),
  ).toEqual([]);
});
