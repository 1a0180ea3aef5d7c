/**
 * `npm test`: installs what is missing (a Chromium too), runs every test and ends with a line `N passed, N failed`.
 * `npm test -- unit`, `gpu`, `python` or `e2e` runs one kind. The GPU tests run on SwiftShader where it is found, so that they
 * mean the same everywhere; STILLROOM_TEST_GPU=hardware runs them on this machine's own GPU.
 */
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { ensureChromium } from './chromium.mjs';
import { ensureInstalled, root, runPackage } from './install.mjs';
import { nodeEnvironment } from './node-environment.mjs';
import { keptPython, pythonEnvironments } from './python.mjs';

const kinds = ['unit', 'gpu', 'python', 'e2e'];
const asked = process.argv.slice(2).filter((argument) => kinds.includes(argument));
const rest = process.argv.slice(2).filter((argument) => !kinds.includes(argument));
const chosen = asked.length > 0 ? asked : kinds;

ensureInstalled();
const chromium = chosen.some((kind) => kind === 'gpu' || kind === 'e2e') ? await ensureChromium() : null;
const { softwareGpuEnv } = await import('./software-gpu.mjs');

const results = join(root, 'build', 'test-results');
rmSync(results, { recursive: true, force: true });
mkdirSync(results, { recursive: true });
const total = { passed: 0, failed: 0, skipped: 0 };

function count(kind, code, tally) {
  total.passed += tally.passed;
  total.failed += tally.failed;
  total.skipped += tally.skipped;
  // A runner that fails without a failing test (a file that does not load, a server that does not start) counts as one.
  if (code !== 0 && tally.failed === 0) total.failed += 1;
  console.log(`${kind}: ${tally.passed} passed, ${tally.failed} failed, ${tally.skipped} skipped`);
}

function readReport(file) {
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : null;
}

function runVitest(kind, given) {
  // Runs that are compared with each other have the same kernels, however busy the machine is.
  const env = { ...given, STILLROOM_KERNELS: 'plain' };
  const file = join(results, `${kind}.json`);
  const code = runPackage(
    'vitest/vitest.mjs',
    [
      'run',
      '--project',
      kind,
      '--reporter',
      'default',
      '--reporter',
      'json',
      '--outputFile.json',
      file,
      ...rest,
    ],
    { env },
  );
  const report = readReport(file);
  count(kind, code, {
    passed: report?.numPassedTests ?? 0,
    failed: report?.numFailedTests ?? 0,
    skipped: (report?.numPendingTests ?? 0) + (report?.numTodoTests ?? 0),
  });
}

function runPlaywright() {
  const file = join(results, 'e2e.json');
  // A real teacher answers the page too, where `npm test -- python` has fetched one.
  const teacher = keptPython('STILLROOM_PYTHON_TEACHER');
  if (teacher === null)
    console.log('Skipped: the page before a real teacher: `npm run test:python` makes its Python.');
  const env = {
    ...process.env,
    ...(teacher === null ? {} : { STILLROOM_PYTHON_TEACHER: teacher }),
    CHROMIUM_PATH: chromium,
    PLAYWRIGHT_JSON_OUTPUT_NAME: file,
  };
  const code = runPackage('@playwright/test/cli.js', ['test', '--reporter', 'list,json', ...rest], { env });
  const stats = readReport(file)?.stats;
  count('e2e', code, {
    passed: (stats?.expected ?? 0) + (stats?.flaky ?? 0),
    failed: stats?.unexpected ?? 0,
    skipped: stats?.skipped ?? 0,
  });
}

function runPython() {
  // Gigabytes are fetched where they were asked for, not for a newcomer's first run.
  const large = asked.includes('python') || Boolean(process.env.CI);
  try {
    runVitest('python', { ...process.env, ...pythonEnvironments(large), ...nodeEnvironment(large) });
  } catch (error) {
    console.error(error.message);
    count('python', 1, { passed: 0, failed: 0, skipped: 0 });
  }
}

for (const kind of chosen) {
  console.log(`\n── ${kind} ──`);
  if (kind === 'e2e') runPlaywright();
  else if (kind === 'python') runPython();
  else {
    const software =
      kind === 'gpu' && process.env.STILLROOM_TEST_GPU !== 'hardware' ? softwareGpuEnv() : null;
    runVitest(kind, { ...process.env, ...software });
  }
}

const skipped = total.skipped > 0 ? `, ${total.skipped} skipped` : '';
console.log(`\n${total.passed} passed, ${total.failed} failed${skipped}`);
process.exit(total.failed === 0 ? 0 : 1);
