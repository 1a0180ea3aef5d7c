/**
 * One Vitest that stays, for `npm run mutants`: is sent a mutant, runs the unit tests that reach its file until one fails,
 * those that reach it by the fewest imports first, and says whether one did. Given the start of paths, it has
 * only these tests. `mutants.mjs` ends it where a mutant never ends.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createVitest } from 'vitest/node';
import { root } from './install.mjs';

/** How the last run ended. One that failed is `interrupted`: of the file whose run was broken off no failure is kept. */
let reason = 'passed';
const vitest = await createVitest('test', {
  config: join(root, 'scripts/mutants.config.ts'),
  watch: false,
  bail: 1,
  // A busy machine takes its time, and every test that ends is a sign of life.
  reporters: [
    {
      onTestCaseResult: () => process.send('alive'),
      onTestRunEnd: (_modules, _errors, ended) => (reason = ended),
    },
  ],
});
const specifications = await vitest.globTestSpecifications(process.argv.slice(2));

/** How many imports away each file of the project is from a test. */
async function distances({ project, moduleId }) {
  const found = new Map([[moduleId, 0]]);
  for (const [file, distance] of found) {
    const transformed = await project.vite.environments.ssr.transformRequest(file).catch(() => null);
    for (const dep of [...(transformed?.deps ?? []), ...(transformed?.dynamicDeps ?? [])]) {
      const path = dep.startsWith('/@fs/') ? dep.slice(4) : join(project.config.root, dep);
      if (!found.has(path) && !path.includes('node_modules') && existsSync(path))
        found.set(path, distance + 1);
    }
  }
  return found;
}

const reach = await Promise.all(
  specifications.map(async (specification) => ({ specification, files: await distances(specification) })),
);

/** What tests import of a file: of a source of the kernels, what is compiled of them. */
function importedOf(file) {
  const [before, after] = file.split('/assembly/');
  return after === undefined
    ? { reached: file, changed: file }
    : { reached: join(before, 'kernels.ts'), changed: join(before, 'generated/kernels.wasm') };
}

/** The tests that reach a file, in groups: the nearest alone, since most mutants are noticed there. */
function groupsFor(file) {
  const reaching = reach
    .filter(({ files }) => files.has(file))
    .toSorted((a, b) => a.files.get(file) - b.files.get(file))
    .map(({ specification }) => specification);
  return [reaching.slice(0, 2), reaching.slice(2, 8), reaching.slice(8)].filter(({ length }) => length > 0);
}

process.on('message', async (mutant) => {
  const { reached, changed } = importedOf(mutant.file);
  const groups = groupsFor(reached);
  globalThis.mutant = mutant;
  vitest.invalidateFile(changed);
  let noticed = false;
  for (const group of groups) {
    const { unhandledErrors } = await vitest.runTestSpecifications(group);
    noticed = unhandledErrors.length > 0 || reason !== 'passed';
    vitest.state.filesMap.clear();
    if (noticed) break;
  }
  globalThis.mutant = null;
  vitest.invalidateFile(changed);
  process.send({ noticed, tests: groups.flat().length });
});
process.send('ready');
