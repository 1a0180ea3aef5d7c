/** Finds a Chromium for the tests, or gets one: an installed one, Playwright's download, Debian's package. */
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { run, runPackage } from './install.mjs';

const programs = ['google-chrome-stable', 'google-chrome', 'chromium', 'chromium-browser', 'chrome'];
const elsewhere = [
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  `${process.env.PROGRAMFILES ?? 'C:\\Program Files'}\\Google\\Chrome\\Application\\chrome.exe`,
  `${process.env['PROGRAMFILES(X86)'] ?? 'C:\\Program Files (x86)'}\\Google\\Chrome\\Application\\chrome.exe`,
];

async function playwrightChromium() {
  const { chromium } = await import('@playwright/test');
  const path = chromium.executablePath();
  return path && existsSync(path) ? path : null;
}

/** The path of an installed Chrome or Chromium, or null. `CHROMIUM_PATH` overrides the search. */
export async function findChromium() {
  const named = process.env.CHROMIUM_PATH;
  if (named) {
    if (existsSync(named)) return named;
    throw new Error(`CHROMIUM_PATH names ${named}, where there is no file.`);
  }
  const folders = (process.env.PATH ?? '').split(delimiter).filter(Boolean);
  const candidates = [
    ...programs.flatMap((name) => folders.map((folder) => join(folder, name))),
    ...elsewhere,
  ];
  return candidates.find((path) => existsSync(path)) ?? (await playwrightChromium());
}

/** Like `findChromium`, but gets one where there is none. Ends the process with words where nothing worked. */
export async function ensureChromium() {
  const found = await findChromium();
  if (found) return found;
  console.error('No Chrome or Chromium was found. Trying Playwright’s download …');
  if (runPackage('@playwright/test/cli.js', ['install', 'chromium']) === 0) {
    const downloaded = await playwrightChromium();
    if (downloaded) return downloaded;
  }
  if (process.platform === 'linux' && process.getuid?.() === 0 && existsSync('/usr/bin/apt-get')) {
    console.error('Trying Debian’s package …');
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
    run('apt-get', ['update', '-qq'], { env });
    if (run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', 'chromium'], { env }) === 0) {
      const installed = await findChromium();
      if (installed) return installed;
    }
  }
  console.error(
    'The tests need Chrome or Chromium and none could be installed. Install one, or name one with CHROMIUM_PATH, and run npm test again.',
  );
  process.exit(1);
}
