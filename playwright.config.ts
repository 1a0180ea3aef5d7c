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

/** Builds the studio and serves it. */
const webServer = {
  cwd: import.meta.dirname,
  command: `node node_modules/vite/bin/vite.js build --logLevel warn && node node_modules/vite/bin/vite.js preview --port ${port} --strictPort`,
  url: `http://localhost:${port}`,
  reuseExistingServer: false,
  timeout: 120_000,
};

// SwiftShader is a GPU in software, so the tests run anywhere; the studio takes it for a GPU only where a test asks for `webgpu` by name.
export default defineConfig({
  testDir: 'e2e',
  outputDir: 'test-results',
  timeout: 480_000,
  expect: { timeout: 20_000 },
  workers: 1,
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
