/**
 * `npm run mutants`: changes one operator, bound or boolean of the code at a time, at random, and sees whether a unit test
 * notices. Prints a share for each room, and each change that nobody noticed. `npm run mutants -- store jobs --sample 30
 * --minutes 20 --seed 7`. `--own` runs the tests of the mutant's own room alone: sooner, and what it prints is the least that
 * the unit tests notice. No file is changed: the tests load the mutant in its place. Not for CI: it takes long.
 * (StrykerJS does the same and more, and asks for Node 22; the studio is built from Node 20.)
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import ts from 'typescript';
import { ensureInstalled, root } from './install.mjs';
import { mutantsOf, pick } from './mutants-of.mjs';

ensureInstalled();
const options = { sample: 20, minutes: 60, seed: 1, own: false };
const rooms = [];
const args = process.argv.slice(2);
for (let at = 0; at < args.length; at += 1) {
  const name = args[at].replace(/^--/, '');
  if (name === args[at]) rooms.push(name);
  else if (name === 'own') options.own = true;
  else options[name] = Number(args[(at += 1)]);
}
if (rooms.length === 0)
  rooms.push('store', 'jobs', 'app/state', 'distill', 'data', 'student', 'export', 'worker');

/**
 * What unit tests do not reach, with its reason: no mutant is drawn of it.
 *
 * TensorFlow.js's engine: the library takes seconds to load and to begin, and half of its kernels run on a GPU alone.
 * Its GPU tests hold all of it against PyTorch's numbers, on each of its backends.
 */
const heldByGpuTests =
  /^src\/engine\/tfjs\/(kernels\/.+|attention|dropout-site|generate|layers|t5-forward|task-pass|tfjs-engine)\.ts$/;

/** A mutant with which no test ends for so long is noticed: it does not end. */
const longestMs = 120_000;
const endAt = Date.now() + options.minutes * 60_000;

function filesOf(room) {
  return readdirSync(join(root, 'src', room), { recursive: true })
    .map((name) => join('src', room, name))
    .filter((file) => /\.tsx?$/.test(file) && !/\.test\.|testing\/|\.d\.ts$/.test(file));
}

/** The Vitest at work; none before the first mutant, and after one that did not end. */
let runner = null;

async function ready(room) {
  if (runner !== null) return runner;
  // A group of its own: a test that never ends is a child of it, and does not hear that it should.
  runner = fork(join(root, 'scripts/mutants-runner.mjs'), options.own ? [`src/${room}/`] : [], {
    cwd: root,
    detached: true,
    stdio: 'ignore',
  });
  await once(runner, 'message');
  return runner;
}

function end() {
  if (runner !== null) process.kill(-runner.pid, 'SIGKILL');
  runner = null;
}
process.on('exit', end);
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(1));

/** Whether a unit test that reaches a file fails, with the mutant in its place, and how many reach it. */
async function tried(room, file, mutant) {
  const child = await ready(room);
  child.send({ file: join(root, file), ...mutant });
  try {
    for (;;) {
      const [said] = await once(child, 'message', { signal: AbortSignal.timeout(longestMs) });
      if (said !== 'alive') return said;
    }
  } catch {
    end();
    return { noticed: true };
  }
}

for (const room of rooms) {
  const files = filesOf(room).map((file) => ({ file, text: readFileSync(join(root, file), 'utf8') }));
  const [drawn, left] = [
    files.filter(({ file }) => !heldByGpuTests.test(file)),
    files.filter(({ file }) => heldByGpuTests.test(file)),
  ];
  const all = drawn.flatMap(({ file, text }) =>
    mutantsOf(ts, text, file).map((mutant) => ({ file, ...mutant })),
  );
  let count = 0;
  let noticed = 0;
  for (const { file, line, from, to, was, now } of pick(all, options.sample, options.seed)) {
    if (Date.now() > endAt) break;
    count += 1;
    const said = await tried(room, file, { from, to, now });
    if (said.noticed) noticed += 1;
    else
      console.log(
        `  not noticed: ${relative('src', file)}:${line}: ${was} -> ${now}` +
          (said.tests === 0 ? ' (no unit test reaches it)' : ''),
      );
  }
  if (left.length > 0) {
    const lines = left.reduce((sum, { text }) => sum + text.split('\n').length - 1, 0);
    console.log(`  ${left.length} files of ${lines} lines are held by GPU tests alone: none drawn of them`);
  }
  // The next room has its own tests.
  if (options.own) end();
  console.log(`${room}: ${noticed} of ${count} noticed (seed ${options.seed}, ${all.length} mutants in all)`);
}
end();
