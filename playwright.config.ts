import { defineConfig } from '@playwright/test';

export const executablePath = process.env.CHROMIUM_PATH;
/** Full Chromium, not the headless shell: only that has WebGPU. */
export const chromiumArgs = [
  '--headless=new',
  '--enable-unsafe-webgpu',
  '--use-webgpu-adapter=swiftshader',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
  ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
];
const port = Number(process.env['STILLROOM_TEST_PORT'] ?? 4317);

const vite = 'node node_modules/vite/bin/vite.js';
const serve = `${vite} preview --port ${port} --strictPort`;

/** Flows that measure times, or stop something while it is at work. */
const timed = /\/(bench|budgets|charts|compare|forecast|large-files|runs-table)\.spec\.ts$/;

/** Builds the studio, but where a run before this one has just built it, and serves it. */
const webServer = {
  cwd: import.meta.dirname,
  command: process.env['STILLROOM_TEST_BUILT'] === '1' ? serve : `${vite} build --logLevel warn && ${serve}`,
  url: `http://localhost:${port}`,
  reuseExistingServer: false,
  timeout: 120_000,
};

// SwiftShader is a GPU in software, so the tests run anywhere; the studio takes it for a GPU only where a test asks for `webgpu` by name.
export default defineConfig({
  testDir: 'e2e',
  timeout: 480_000,
  expect: { timeout: 20_000 },
  // Two, since a flow waits for its one page much of the time.
  workers: 2,
  // scripts/test.mjs runs one after the other: what measures times has the machine for itself.
  projects: [
    { name: 'together', testIgnore: timed, outputDir: 'test-results/together' },
    { name: 'alone', testMatch: timed, workers: 1, outputDir: 'test-results/alone' },
  ],
  forbidOnly: Boolean(process.env.CI),
  use: {
    baseURL: `http://localhost:${port}`,
    // Only the spec of working offline wants the built files kept; the others want the ones of this build.
    serviceWorkers: 'block',
    viewport: { width: 1280, height: 800 },
    screenshot: 'only-on-failure',
    launchOptions: {
      ...(executablePath === undefined ? {} : { executablePath }),
      args: chromiumArgs,
    },
  },
  webServer,
});
