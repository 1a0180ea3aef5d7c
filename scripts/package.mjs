/**
 * `npm run package`: the studio and the terminal's program as one package, prebuilt, in build/package/, and its tarball
 * beside it. It needs nothing but Node; `webgpu` is optional, for training on this machine's GPU from a terminal.
 * Option: --studio DIR, a studio that is built already.
 */
import { chmodSync, cpSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { ensureInstalled, root, runNpm, runPackage } from './install.mjs';
import { buildProgram } from './terminal-program.mjs';

/** More than this is no package to fetch in passing. */
const mostBytes = 15_000_000;

/** What runs the program and serves the studio: plain Node. */
const door = [
  'stillroom.mjs',
  'run-program.mjs',
  'studio-place.mjs',
  'headers.mjs',
  'gpu-wish.mjs',
  'has-gpu.mjs',
  'software-gpu.mjs',
];

const { values } = parseArgs({ options: { studio: { type: 'string' } } });
ensureInstalled();
const build = join(root, 'build');
const folder = join(build, 'package');
rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });

const studio = join(folder, 'studio');
if (values.studio !== undefined) cpSync(values.studio, studio, { recursive: true });
else if (
  runPackage('vite/bin/vite.js', ['build', '--logLevel', 'warn', '--outDir', studio, '--emptyOutDir']) !== 0
) {
  console.error('The build failed; the lines above say where.');
  process.exit(1);
}
const terminal = join(folder, 'terminal');
cpSync(dirname(buildProgram()), terminal, { recursive: true });
rmSync(join(terminal, 'built'), { force: true });
for (const file of door) cpSync(join(root, 'scripts', file), join(folder, 'bin', file));
chmodSync(join(folder, 'bin', 'stillroom.mjs'), 0o755);
for (const file of ['LICENSE', 'CHANGELOG.md']) cpSync(join(root, file), join(folder, file));

const own = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const { name, version, description, license, type, engines } = own;
const manifest = {
  name,
  version,
  description,
  license,
  type,
  engines,
  bin: { stillroom: 'bin/stillroom.mjs' },
  files: ['bin', 'studio', 'terminal', 'CHANGELOG.md'],
  // Everything else is bundled; this one is a native module.
  optionalDependencies: { webgpu: own.dependencies.webgpu },
};
writeFileSync(join(folder, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
writeFileSync(
  join(folder, 'README.md'),
  [
    '# Stillroom',
    '',
    `${description}.`,
    '',
    '```',
    'npx stillroom                # opens the studio (--port N, --no-open)',
    'npx stillroom train          # the same job from a terminal: the bundled student, the bundled sample',
    'npx stillroom help           # all commands',
    '```',
    '',
    'The studio is served from this package, to this machine alone, and nothing leaves it unless you name a teacher or a',
    'hub. `studio/licences.txt` and `terminal/licences.txt` have the licences of what is bundled.',
    '',
  ].join('\n'),
);

// Into its own folder: npm tells the file's name among much else.
if (
  runNpm(['pack', '--loglevel', 'error', '--pack-destination', build], {
    cwd: folder,
    stdio: ['ignore', 2, 2],
  }) !== 0
) {
  console.error('npm pack failed; the lines above say why.');
  process.exit(1);
}
const tarball = join(build, `${name}-${version}.tgz`);
const { size } = statSync(tarball);
if (size > mostBytes) {
  console.error(`${tarball} has ${size} bytes, more than ${mostBytes}.`);
  process.exit(1);
}
console.log(`${tarball}: ${(size / 1e6).toFixed(1)} MB. Use it with: npx ${tarball}`);
