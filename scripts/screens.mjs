/**
 * `npm run screens`: pictures of every screen for docs/screens/, from a real run: opens the built studio, trains the
 * sample by its preset, and takes each screen in light and dark, at 1280 and at 390 pixels.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { ensureChromium } from './chromium.mjs';
import { ensureInstalled, root, runPackage } from './install.mjs';

ensureInstalled();
const executablePath = await ensureChromium();
if (runPackage('vite/bin/vite.js', ['build', '--logLevel', 'warn']) !== 0) process.exit(1);
const { preview } = await import('vite');
const { chromium } = await import('@playwright/test');
const server = await preview({ root, preview: { port: 4399 }, logLevel: 'warn' });
const address = server.resolvedUrls.local[0];
const folder = join(root, 'docs', 'screens');
mkdirSync(folder, { recursive: true });

const args = ['--headless=new', '--disable-background-networking'];
if (process.getuid?.() === 0) args.push('--no-sandbox');
const browser = await chromium.launch({ executablePath, args });
const page = await browser.newPage({ reducedMotion: 'reduce' });

async function picture(name, theme, width) {
  await page.emulateMedia({ colorScheme: theme });
  await page.setViewportSize({ width, height: width === 390 ? 844 : 800 });
  await page.waitForTimeout(400);
  await page.screenshot({ path: join(folder, `${name}-${theme}-${width}.png`) });
}

async function everyWay(name) {
  for (const theme of ['light', 'dark']) for (const width of [1280, 390]) await picture(name, theme, width);
}

await page.goto(address);
const start = page.getByRole('button', { name: 'Train on the sample' });
await start.waitFor();
await page.getByRole('heading', { name: /^Recording/ }).waitFor();
await everyWay('first');
await start.click();
await page.waitForFunction(
  () => Number(document.querySelector('[data-testid="metrics-last-step"]')?.textContent) >= 340,
  null,
  { timeout: 900_000 },
);
await picture('train', 'light', 1280);
await picture('train', 'dark', 1280);
await picture('train', 'light', 390);
await picture('train', 'dark', 390);
await page.setViewportSize({ width: 1280, height: 800 });
await start.waitFor({ timeout: 900_000 });
for (const station of ['data', 'student', 'compare', 'take-away', 'runs', 'experiments', 'storage']) {
  await page.goto(`${address}#/${station}`);
  if (station === 'compare') {
    const answers = page.getByRole('table', { name: 'Answers by test row' });
    await answers.getByRole('row').nth(1).getByRole('button').click();
    await page.evaluate(() => scrollTo(0, 0));
  }
  await everyWay(station);
}
await browser.close();
await server.close();
console.log(`Pictures are in ${folder}.`);
process.exit(0);
