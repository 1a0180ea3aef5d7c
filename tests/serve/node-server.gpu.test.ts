/** The server of `headless serve` against the contract, as its own process. */
import { join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { headless, projectRoot } from '../support/headless.ts';
import { serverContract, studentFolder, withRunFile } from './contract.ts';
import { startServer } from './started-server.ts';

// The launcher builds the program where it is older than its sources.
beforeAll(() => expect(headless(['help']).code).toBe(0));

serverContract('headless serve', {
  start: (env, { withoutModel = false, runFile } = {}) =>
    startServer(
      process.execPath,
      [
        join(projectRoot, 'build/headless/main.js'),
        'serve',
        ...(withoutModel
          ? []
          : ['--student', runFile === undefined ? studentFolder : withRunFile(studentFolder, runFile)]),
      ],
      env,
    ),
  storedFolder: studentFolder,
});

it('needs one place to read a student from', () => {
  const none = headless(['serve']);
  expect(none.code).toBe(2);
  expect(none.stderr).toContain('--student DIR');
  const two = headless(['serve', '--student', 'a', '--run', 'b']);
  expect(two.code).toBe(2);
  expect(two.stderr).toContain('Name one of them');
});
