/** The exported server in Python against the contract. `npm run test:python` names a Python with its packages. */
import { readdirSync, rmSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { headless } from '../support/headless.ts';
import { serverContract, studentFolder, withRunFile } from './contract.ts';
import { startServer } from './started-server.ts';

const python = process.env['STILLROOM_PYTHON_SERVER'];
const folder = join(tmpdir(), `stillroom-server-${process.pid}`);
const out = join(folder, 'out');

describe.skipIf(python === undefined)('the exported folder', () => {
  beforeAll(() => {
    const ended = headless(['export', '--student', studentFolder, '--serve', '--out', out]);
    expect(ended.code, ended.stderr).toBe(0);
    expect(readdirSync(join(out, 'model', 'onnx'))).toHaveLength(2);
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('has a health check that fails where nothing listens', () => {
    const env = { ...process.env, AIP_HTTP_PORT: '1' };
    expect(spawnSync(python!, ['-m', 'serve.health'], { cwd: out, env }).status).toBe(1);
  });

  serverContract('the server in Python', {
    start: (env, { withoutModel = false, runFile } = {}) =>
      startServer(python!, ['-m', 'serve'], {
        PYTHONPATH: out,
        PYTHONDONTWRITEBYTECODE: '1',
        STILLROOM_MODEL: withoutModel
          ? join(out, 'nowhere')
          : runFile === undefined
            ? join(out, 'model')
            : withRunFile(join(out, 'model'), runFile),
        ...env,
      }),
    storedFolder: join(out, 'model'),
  });
});
