/** `npm run faults`: the whole campaign, which takes long and writes docs/reliability.md. */
import { defineConfig } from '@playwright/test';
import base from '../playwright.config.ts';

export default defineConfig(base, {
  testDir: '.',
  outputDir: '../build/faults/output',
  timeout: 1_800_000,
  globalTeardown: './report.ts',
});
