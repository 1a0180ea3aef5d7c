/** Where a run may be written: what is there is not replaced unasked. */
import { stat } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { InputError } from '../base/errors.ts';
import { metricsFile } from './curve-files.ts';
import { namesIn, realPath } from './files.ts';
import { jobFileName } from './job-file.ts';
import { lockFileName } from './run-lock.ts';

/** What a run writes on its way and at its end: from an earlier run, it would pass for this one's. */
export const leftovers =
  /^(?:model|adapter|checkpoint-\d+|summary\.json|predictions\.jsonl|evaluations\.jsonl)(?:\.tmp)?$/;
/** What a run writes when it begins. */
const beginnings = new Set([jobFileName, 'run.json', metricsFile].flatMap((name) => [name, `${name}.tmp`]));

/**
 * Refuses a place that a run may not replace, before anything is computed or removed.
 * @param inputs What the run reads, by the option that names it.
 * @throws InputError where it is a file, holds something else than a run, or an input is among what would be replaced.
 */
export async function checkOut(
  path: string,
  inputs: readonly (readonly [option: string, path: string])[],
): Promise<void> {
  if (path === '') {
    throw new InputError('--out names no folder.', 'Name one, or leave --out out.');
  }
  // A lock alone is no run; whether somebody holds it is asked where it is taken.
  const names = (await namesIn(path)).filter((name) => !name.startsWith(lockFileName));
  const out = await realPath(path);
  for (const [option, input] of inputs) {
    const [inside] = relative(out, await realPath(input)).split(sep);
    if (inside === undefined || !(inside === '' || leftovers.test(inside) || beginnings.has(inside)))
      continue;
    throw new InputError(
      inside === ''
        ? `--${option} is the folder that the run would be written to.`
        : `--${option} is in ${inside}, which a new run in --out replaces.`,
      'Choose another --out.',
      { file: path },
    );
  }
  if (names.length === 0 || isRun(names)) return;
  throw new InputError(
    'this folder is not empty and holds no run, so nothing in it is replaced.',
    'Choose another --out, or empty it.',
    { file: path },
  );
}

/** Whether a folder holds a run with something to lose: a step of its curve, weights, or what came of it. */
export async function holdsRun(path: string): Promise<boolean> {
  const curve = await stat(join(path, metricsFile)).catch(() => null);
  if (curve !== null && curve.size > 0) return true;
  return (await namesIn(path)).some((name) => leftovers.test(name) && !name.endsWith('.tmp'));
}

/**
 * Refuses a folder with a run that has something to lose. Whoever calls this holds the folder (run-lock.ts).
 * @throws InputError which says how to resume it, and how to replace it.
 */
export async function refuseEarlierRun(path: string): Promise<void> {
  if (!(await holdsRun(path))) return;
  throw new InputError(
    'this folder holds a run, which a new one would replace.',
    `Resume it: train --resume ${path}. Or choose another --out, or replace it with --force.`,
    { file: path },
  );
}

function isRun(names: readonly string[]): boolean {
  return names.includes(jobFileName) || (names.includes('run.json') && names.includes(metricsFile));
}
