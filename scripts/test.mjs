/**
 * `npm test`: installs what is missing (a Chromium too), runs the tests and ends with a line `N passed, N failed`. What takes
 * long (flows with the tag `@long`, and what needs PyTorch) runs where its kind is asked for: `npm test -- unit`, `gpu`,
 * `python` or `e2e`, or all four, which is `npm run test:all`. The GPU tests run on SwiftShader where it is found, so
 * that they mean the same everywhere; STILLROOM_TEST_GPU=hardware runs them on this machine's own GPU.
 */
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { ensureChromium } from './chromium.mjs';
import { ensureInstalled, root, runPackage } from './install.mjs';
import { nodeEnvironment } from './node-environment.mjs';
import { keptPython, pythonEnvironments } from './python.mjs';
import { buildProgram } from './terminal-program.mjs';

const kinds = ['unit', 'gpu', 'python', 'e2e'];
const asked = process.argv.slice(2).filter((argument) => kinds.includes(argument));
const rest = process.argv.slice(2).filter((argument) => !kinds.includes(argument));
const chosen = asked.length > 0 ? asked : kinds;
/** Whether what takes long is wanted too. */
const whole = asked.length > 0;

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

/** Titles of flows that passed in their second try alone. */
function flakyTitles(suites) {
  return suites.flatMap((suite) => [
    ...(suite.specs ?? [])
      .filter(({ tests }) => tests.some(({ status }) => status === 'flaky'))
      .map(({ file, title }) => `${file}: ${title}`),
    ...flakyTitles(suite.suites ?? []),
  ]);
}

/** The flows: those that can be two at a time, then those that measure times, one at a time. */
function runPlaywright() {
  // A real teacher answers the page too, where `npm test -- python` has fetched one.
  const teacher = whole ? keptPython('STILLROOM_PYTHON_TEACHER') : null;
  if (!whole) console.log('Left out: flows that take long. `npm run test:e2e` runs them too.');
  else if (teacher === null)
    console.log('Skipped: the page before a real teacher: `npm run test:python` makes its Python.');
  const tally = { passed: 0, failed: 0, skipped: 0 };
  let code = 0;
  for (const project of ['together', 'alone']) {
    const file = join(results, `e2e-${project}.json`);
    const env = {
      ...process.env,
      ...(teacher === null ? {} : { STILLROOM_PYTHON_TEACHER: teacher }),
      ...(tally.passed + tally.failed > 0 ? { STILLROOM_TEST_BUILT: '1' } : {}),
      CHROMIUM_PATH: chromium,
      PLAYWRIGHT_JSON_OUTPUT_NAME: file,
    };
    // What was asked for may be in one of them only.
    const options = [
      `--project=${project}`,
      // A flow has the browser, its GPU in software and the machine's other work between it and the studio: one that fails
      // is run once more, and is told below where it then passes.
      '--retries=1',
      '--pass-with-no-tests',
      '--reporter=list,json',
      ...(whole ? [] : ['--grep-invert=@long']),
    ];
    const ended = runPackage('@playwright/test/cli.js', ['test', ...options, ...rest], { env });
    // The second runs too where the first failed.
    code ||= ended;
    const report = readReport(file);
    for (const title of flakyTitles(report?.suites ?? []))
      console.log(`Failed once, and passed again: ${title}`);
    const stats = report?.stats;
    tally.passed += (stats?.expected ?? 0) + (stats?.flaky ?? 0);
    tally.failed += stats?.unexpected ?? 0;
    tally.skipped += stats?.skipped ?? 0;
  }
  if (tally.passed + tally.failed + tally.skipped === 0) code ||= 1;
  count('e2e', code, tally);
}

function runPython() {
  try {
    runVitest('python', { ...process.env, ...pythonEnvironments(whole), ...nodeEnvironment(whole) });
  } catch (error) {
    console.error(error.message);
    count('python', 1, { passed: 0, failed: 0, skipped: 0 });
  }
}

// Once for all: two tests that start the terminal's program at the same time would both build it, in one folder.
if (chosen.some((kind) => kind !== 'unit')) buildProgram();

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
