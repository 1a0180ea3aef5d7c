/** The terminal's program, run as a person runs it. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

export const projectRoot = join(import.meta.dirname, '../..');

export interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** Runs `npm run headless -- …args`, less npm. Paths are relative to the project's root. */
export function headless(args: readonly string[], input = ''): Ended {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['scripts/headless.mjs', ...args], {
    cwd: projectRoot,
    input,
    encoding: 'utf8',
    env: { ...process.env, INIT_CWD: projectRoot },
    maxBuffer: 64 * 1024 * 1024,
  });
  return { code: status, stdout, stderr };
}
