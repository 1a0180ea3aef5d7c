/**
 * `npm run bench -- --import`: drops a million rows (500 MB of JSON Lines, made for it) on the built studio in a
 * Chromium, and prints rows a second, the peak of the memory of the browser's processes above what they had before, and
 * the longest task of the page meanwhile. `--rows N`; `--file FILE` drops that one instead (a Parquet file, say).
 * Memory is read from /proc, so that it is told on Linux alone.
 */
import {
  closeSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { ensureChromium } from './chromium.mjs';
import { root, runPackage } from './install.mjs';

const port = 4398;
const megabyte = 1e6;

/** Rows of about 500 bytes, the same for the same count. */
function writeRows(path, rows) {
  const words =
    'the of and a to in is you that it he was for on are as with his they at be this have from'.split(' ');
  let seed = 1;
  const draw = (count) => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return Math.floor((seed / 2 ** 32) * count);
  };
  const text = (count) => Array.from({ length: count }, () => words[draw(words.length)]).join(' ');
  const file = openSync(path, 'w');
  for (let from = 0; from < rows; from += 10_000) {
    const lines = Array.from({ length: Math.min(10_000, rows - from) }, (_, at) =>
      JSON.stringify({
        id: `r${from + at}`,
        input: `Question ${from + at}: ${text(60)}?`,
        label: ['yes', 'no', 'maybe'][draw(3)],
        rationale: `Since ${text(60)}.`,
      }),
    );
    writeSync(file, `${lines.join('\n')}\n`);
  }
  closeSync(file);
}

/** Bytes that a process and its children hold. */
function residentBytes(pid) {
  const parents = new Map();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const parent = Number(/^PPid:\s+(\d+)/m.exec(readFileSync(`/proc/${name}/status`, 'utf8'))[1]);
      parents.set(parent, [...(parents.get(parent) ?? []), Number(name)]);
    } catch {
      // It has ended.
    }
  }
  const own = (one) => {
    try {
      return Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${one}/status`, 'utf8'))?.[1] ?? 0) * 1024;
    } catch {
      return 0;
    }
  };
  const sum = (one) => own(one) + (parents.get(one) ?? []).reduce((all, child) => all + sum(child), 0);
  return sum(pid);
}

export async function benchImport(args) {
  const { values } = parseArgs({
    args: args.filter((one) => one !== '--import'),
    options: { rows: { type: 'string', default: '1000000' }, file: { type: 'string' } },
  });
  const rows = Number(values.rows);
  if (!Number.isInteger(rows) || rows < 1000) {
    console.error('--rows has to be a whole number of at least 1000.');
    return 2;
  }
  const executablePath = await ensureChromium();
  if (runPackage('vite/bin/vite.js', ['build', '--logLevel', 'warn']) !== 0) return 1;
  const folder = mkdtempSync(join(tmpdir(), 'stillroom-import-'));
  const { preview } = await import('vite');
  const { chromium } = await import('@playwright/test');
  const server = await preview({ root, preview: { port }, logLevel: 'warn' });
  const flags = ['--headless=new', '--disable-background-networking'];
  if (process.getuid?.() === 0) flags.push('--no-sandbox');
  const launched = await chromium.launchServer({ executablePath, args: flags });
  const browser = await chromium.connect(launched.wsEndpoint());
  try {
    let path = values.file === undefined ? null : resolve(process.env.INIT_CWD ?? process.cwd(), values.file);
    if (path === null) {
      console.log(`Writing ${rows} rows …`);
      path = join(folder, 'many.train.jsonl');
      writeRows(path, rows);
    }
    const page = await browser.newPage({ serviceWorkers: 'block' });
    await page.goto(`${server.resolvedUrls.local[0]}#/data`);
    await page.getByTestId('data-files').waitFor({ state: 'attached' });
    // What the page does at its opening is not meant, nor the sample that it reads.
    await page.waitForTimeout(3000);
    await page.evaluate(() => {
      globalThis.longest = 0;
      new PerformanceObserver((list) => {
        for (const { duration } of list.getEntries())
          globalThis.longest = Math.max(globalThis.longest, duration);
      }).observe({ type: 'longtask' });
    });
    const hasMemory = process.platform === 'linux';
    const before = hasMemory ? residentBytes(launched.process().pid) : 0;
    let peak = before;
    const watch = setInterval(() => {
      if (hasMemory) peak = Math.max(peak, residentBytes(launched.process().pid));
    }, 200);
    console.log(`Dropping ${basename(path)} (${Math.round(statSync(path).size / megabyte)} MB) …`);
    const start = performance.now();
    await page.getByTestId('data-files').setInputFiles(path);
    const busy = page.getByRole('button', { name: 'Cancel' });
    await busy.waitFor({ timeout: 60_000 });
    await busy.waitFor({ state: 'detached', timeout: 3_600_000 });
    const seconds = (performance.now() - start) / 1000;
    clearInterval(watch);
    const shown = await page
      .getByRole('status')
      .filter({ hasText: 'rows 1 to' })
      .textContent({ timeout: 60_000 });
    const count = Number(/of ([\d,]+)/.exec(shown)[1].replaceAll(',', ''));
    const longestTaskMs = await page.evaluate(() => globalThis.longest);
    console.log(
      `${count} rows in ${seconds.toFixed(1)} s: ${Math.round(count / seconds)} rows a second; ` +
        `${hasMemory ? `${Math.round((peak - before) / megabyte)} MB above ${Math.round(before / megabyte)} MB at the peak` : 'memory is told on Linux alone'}; ` +
        `longest task of the page ${longestTaskMs === 0 ? 'under 50' : Math.round(longestTaskMs)} ms`,
    );
    return 0;
  } finally {
    await browser.close();
    await launched.close();
    await server.close();
    rmSync(folder, { recursive: true, force: true });
  }
}
