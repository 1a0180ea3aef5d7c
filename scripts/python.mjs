/**
 * The Python that `npm run test:python` tests with: an environment for each file of pins, made once and kept in the
 * user's cache folder under a hash of the pins, outside the clone.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { root } from './install.mjs';

const beside = (name) => join(root, 'tests', 'transformers', name);

/**
 * Files of pins, by the variable that tells tests which Python has them. With `base` the packages of another file are
 * there too, from an environment that several share. PyTorch is the large one: 3 GB on Linux, where its one build in
 * the registry has CUDA's libraries (its list has those that are loaded at the start), 0.3 GB elsewhere. What takes
 * minutes, to fetch or to test, is `long`.
 */
const pins = {
  STILLROOM_PYTHON_SERVER: { file: join(root, 'src', 'export', 'server', 'requirements.txt') },
  STILLROOM_PYTHON_TRANSFORMERS_4: {
    file: beside('transformers-4.txt'),
    base: beside('torch.txt'),
    long: true,
  },
  STILLROOM_PYTHON_TRANSFORMERS_5: {
    file: beside('transformers-5.txt'),
    base: beside('torch.txt'),
    long: true,
  },
  STILLROOM_PYTHON_SCALE: {
    file: join(root, 'tests', 'scale', 'requirements.txt'),
    base: beside('torch.txt'),
    long: true,
  },
  STILLROOM_PYTHON_TEACHER: { file: join(root, 'tests', 'teacher', 'requirements.txt'), long: true },
  STILLROOM_PYTHON_ONNX: {
    file: join(root, 'tests', 'onnx', 'requirements.txt'),
    base: beside('torch.txt'),
    long: true,
  },
  STILLROOM_PYTHON_VERTEX: { file: join(root, 'tests', 'vertex', 'requirements.txt') },
};

const windows = process.platform === 'win32';
const probe = `
import sys, venv, ensurepip
assert (3, 11) <= sys.version_info[:2] <= (3, 13)
print(sys.version, sys.platform)
`;

/** A Python that can make environments with the pins, and its version; null where there is none. */
function findPython() {
  for (const command of ['python3.12', 'python3.11', 'python3.13', 'python3', 'python']) {
    const { status, stdout } = spawnSync(command, ['-c', probe], { encoding: 'utf8' });
    if (status === 0) return { command, version: stdout.trim() };
  }
  return null;
}

/** Where this user's programs keep what can be had again. */
export function cacheFolder() {
  if (process.env.XDG_CACHE_HOME) return process.env.XDG_CACHE_HOME;
  if (windows && process.env.LOCALAPPDATA) return process.env.LOCALAPPDATA;
  return process.platform === 'darwin' ? join(homedir(), 'Library', 'Caches') : join(homedir(), '.cache');
}

/**
 * No way to the registry, or no room for what it has: other failures (a pin that does not exist, another hash) are faults
 * of the pins.
 */
const unreachable =
  /NewConnectionError|NameResolutionError|ConnectTimeout|name resolution|ProxyError|ReadTimeout|Read timed out|ConnectionReset|IncompleteRead|No space left/;

const folder = join(cacheFolder(), 'stillroom', 'python');
const pythonOf = (place) => (windows ? join(place, 'Scripts', 'python.exe') : join(place, 'bin', 'python'));

/** Where an environment is kept. Its base is part of what it is. */
function placeOf({ version }, { file, base }) {
  const hash = createHash('sha256').update(readFileSync(file)).update(version);
  if (base !== undefined) hash.update(readFileSync(base));
  return join(folder, hash.digest('hex').slice(0, 16));
}

/** Lets an environment import what another has. */
function standOn(python, base) {
  const purelib = (of) =>
    spawnSync(of, ['-c', 'import sysconfig; print(sysconfig.get_path("purelib"))'], {
      encoding: 'utf8',
    }).stdout.trim();
  writeFileSync(join(purelib(python), 'base.pth'), `${purelib(base)}\n`);
}

/** The Python of an environment, which is made where it is not there; null where the registry cannot be reached. */
function environment(found, pinned) {
  const kept = placeOf(found, pinned);
  const { file, base } = pinned;
  const basePython = base === undefined ? null : environment(found, { file: base });
  if (base !== undefined && basePython === null) return null;
  if (existsSync(pythonOf(kept))) return pythonOf(kept);
  mkdirSync(folder, { recursive: true });
  console.log('Making a Python environment with pinned packages (once) …');
  const place = mkdtempSync(join(folder, 'new-'));
  try {
    const made = spawnSync(found.command, ['-m', 'venv', place], { encoding: 'utf8' });
    if (made.status !== 0) throw new Error(`venv failed:\n${made.stdout}${made.stderr}`);
    const install = ['-m', 'pip', 'install', '--disable-pip-version-check', '--no-input', '--quiet'];
    const exactly = ['--no-deps', '--require-hashes', '--only-binary', ':all:', '-r', file];
    const { status, stdout, stderr } = spawnSync(pythonOf(place), [...install, ...exactly], {
      encoding: 'utf8',
    });
    if (status !== 0 && unreachable.test(stderr)) return null;
    if (status !== 0) throw new Error(`pip failed:\n${stdout}${stderr}`);
    if (basePython !== null) standOn(pythonOf(place), basePython);
    // Whole or not there; another run may have made the same meanwhile.
    if (!existsSync(kept)) renameSync(place, kept);
    return pythonOf(kept);
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
}

/** The Python of a variable, where its environment was made before; null otherwise. */
export function keptPython(variable) {
  const found = findPython();
  const python = found === null ? null : pythonOf(placeOf(found, pins[variable]));
  return python !== null && existsSync(python) ? python : null;
}

/**
 * Variables with the Pythons to test with. Where there is none, a line says why, and its tests are skipped.
 * Throws where pinned packages cannot be installed.
 * @param whole Whether those that take long are wanted too.
 */
export function pythonEnvironments(whole) {
  const found = findPython();
  if (found === null) {
    console.log('Skipped: there is no Python 3.11 to 3.13 with venv (python3-venv on Debian) on the PATH.');
    return {};
  }
  if (!whole)
    console.log('Left out: tests with PyTorch or a real teacher. `npm run test:python` runs them too.');
  return Object.fromEntries(
    Object.entries(pins).flatMap(([variable, pinned]) => {
      if (!whole && pinned.long === true) return [];
      const python = environment(found, pinned);
      if (python !== null) return [[variable, python]];
      console.log(
        'Skipped: pinned Python packages are not kept yet, and there is no way to their registry, or no room for them.',
      );
      return [];
    }),
  );
}
