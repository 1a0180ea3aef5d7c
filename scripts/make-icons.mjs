/** Draws the PNG icons of public/icons/ from public/favicon.svg: `node scripts/make-icons.mjs`. */
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { chromium } from '@playwright/test';
import { ensureChromium } from './chromium.mjs';
import { root } from './install.mjs';

const mark = readFileSync(join(root, 'public', 'favicon.svg'), 'utf8');
const ground = /<rect [^>]*fill="(#[0-9a-f]{6})"/.exec(mark)[1];
const folder = join(root, 'public', 'icons');
mkdirSync(folder, { recursive: true });

/** Name, side, and how much of the side the mark takes: a maskable icon may be cut to a circle, to 80 % of its side. */
const icons = [
  { name: '180', side: 180, share: 1, filled: true },
  { name: '192', side: 192, share: 1, filled: false },
  { name: '512', side: 512, share: 1, filled: false },
  { name: 'maskable-512', side: 512, share: 0.8, filled: true },
];

const browser = await chromium.launch({
  executablePath: await ensureChromium(),
  args: process.getuid?.() === 0 ? ['--no-sandbox'] : [],
});
const page = await browser.newPage();
for (const { name, side, share, filled } of icons) {
  const size = Math.round(side * share);
  await page.setViewportSize({ width: side, height: side });
  await page.setContent(
    `<body style="margin:0;display:grid;place-items:center;height:${side}px;background:${filled ? ground : 'transparent'}">` +
      mark.replace('<svg ', `<svg width="${size}" height="${size}" `),
  );
  await page.screenshot({ path: join(folder, `${name}.png`), omitBackground: true });
}
await browser.close();
console.log(`Icons are in ${folder}.`);
process.exit(0);
