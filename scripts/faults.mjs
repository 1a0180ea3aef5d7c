/**
 * `npm run faults`: does to real runs in a real browser what happens to them in life (kills, lost GPUs, damaged files,
 * reloads), and writes docs/reliability.md. `npm run faults -- -g kill` does a part. It takes about half an hour.
 */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { ensureChromium } from './chromium.mjs';
import { ensureInstalled, root, runPackage } from './install.mjs';

ensureInstalled();
const chromium = await ensureChromium();
const args = process.argv.slice(2);
// A part adds to what was found before.
if (args.length === 0) rmSync(join(root, 'build', 'faults'), { recursive: true, force: true });
process.exit(
  runPackage(
    '@playwright/test/cli.js',
    ['test', '--config', 'faults/playwright.config.ts', '--reporter', 'list', ...args],
    { env: { ...process.env, CHROMIUM_PATH: chromium } },
  ),
);
