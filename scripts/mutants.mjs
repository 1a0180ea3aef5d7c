/**
 * `npm run mutants`: changes one operator, bound or boolean of the code at a time, at random, and sees whether a unit test
 * notices. Prints a share for each room, and each change that nobody noticed. `npm run mutants -- store jobs --sample 30
 * --minutes 20 --seed 7`. No file is changed: the tests load the mutant in its place. Not for CI: it takes long.
 * (StrykerJS does the same and more, and asks for Node 22; the studio is built from Node 20.)
 */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import ts from 'typescript';
import { ensureInstalled, root } from './install.mjs';
import { mutantsOf, pick } from './mutants-of.mjs';

ensureInstalled();
const options = { sample: 20, minutes: 60, seed: 1 };
const rooms = [];
const args = process.argv.slice(2);
for (let at = 0; at < args.length; at += 1) {
  const name = args[at].replace(/^--/, '');
  if (name === args[at]) rooms.push(name);
  else options[name] = Number(args[(at += 1)]);
}
if (rooms.length === 0)
  rooms.push('store', 'jobs', 'app/state', 'distill', 'data', 'student', 'export', 'worker');

/** A mutant that no test has ended for so long is noticed: it does not end. */
const longestMs = 120_000;
const endAt = Date.now() + options.minutes * 60_000;

function filesOf(room) {
  return readdirSync(join(root, 'src', room), { recursive: true })
    .map((name) => join('src', room, name))
    .filter((file) => /\.tsx?$/.test(file) && !/\.test\.|testing\/|\.d\.ts$/.test(file));
}

/** Whether the unit tests that reach a file pass, with the mutant in its place. */
function passes(file, mutant) {
  const { status, signal, stdout } = spawnSync(
    process.execPath,
    [
      join(root, 'node_modules/vitest/vitest.mjs'),
      'related',
      file,
      '--run',
      '--project',
      'unit',
      '--bail',
      '1',
      '--passWithNoTests',
      '--config',
      'scripts/mutants.config.ts',
      '--reporter',
      'dot',
    ],
    {
      cwd: root,
      encoding: 'utf8',
      timeout: longestMs,
      killSignal: 'SIGKILL',
      env: { ...process.env, STILLROOM_MUTANT: JSON.stringify({ file: join(root, file), ...mutant }) },
    },
  );
  if (signal !== null) return false;
  return status === 0 || /No test files found/.test(stdout);
}

for (const room of rooms) {
  const all = filesOf(room).flatMap((file) => {
    const text = readFileSync(join(root, file), 'utf8');
    return mutantsOf(ts, text, file).map((mutant) => ({ file, ...mutant }));
  });
  let tried = 0;
  let noticed = 0;
  for (const { file, line, from, to, was, now } of pick(all, options.sample, options.seed)) {
    if (Date.now() > endAt) break;
    tried += 1;
    if (passes(file, { from, to, now }))
      console.log(`  not noticed: ${relative('src', file)}:${line}: ${was} -> ${now}`);
    else noticed += 1;
  }
  console.log(`${room}: ${noticed} of ${tried} noticed (${all.length} mutants in all)`);
}
