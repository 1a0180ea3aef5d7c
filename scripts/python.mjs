/**
 * The Python that `npm run test:python` tests with: an environment for each file of pins, made once and kept in the
 * user's cache folder under a hash of the pins, outside the clone.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { root } from './install.mjs';

/** Files of pins, by the variable that tells tests which Python has them. */
const pins = { STILLROOM_PYTHON_SERVER: join(root, 'src', 'export', 'server', 'requirements.txt') };

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

function cacheFolder() {
  if (process.env.XDG_CACHE_HOME) return process.env.XDG_CACHE_HOME;
  if (windows && process.env.LOCALAPPDATA) return process.env.LOCALAPPDATA;
  return process.platform === 'darwin' ? join(homedir(), 'Library', 'Caches') : join(homedir(), '.cache');
}

/** No way to the registry: other failures (a pin that does not exist, another hash) are faults of the pins. */
const unreachable = /NewConnectionError|NameResolutionError|ConnectTimeout|name resolution|ProxyError/;

/** The Python of an environment, which is made where it is not there; null where the registry cannot be reached. */
function environment({ command, version }, file) {
  const text = readFileSync(file);
  const key = createHash('sha256').update(text).update(version).digest('hex').slice(0, 16);
  const folder = join(cacheFolder(), 'stillroom', 'python');
  const kept = join(folder, key);
  const python = (place) => (windows ? join(place, 'Scripts', 'python.exe') : join(place, 'bin', 'python'));
  if (existsSync(python(kept))) return python(kept);
  mkdirSync(folder, { recursive: true });
  console.log('Making a Python environment with pinned packages (once) …');
  const beside = mkdtempSync(join(folder, 'new-'));
  try {
    const made = spawnSync(command, ['-m', 'venv', beside], { encoding: 'utf8' });
    if (made.status !== 0) throw new Error(`venv failed:\n${made.stdout}${made.stderr}`);
    const install = ['-m', 'pip', 'install', '--disable-pip-version-check', '--no-input', '--quiet'];
    const pinned = ['--require-hashes', '--only-binary', ':all:', '-r', file];
    const { status, stdout, stderr } = spawnSync(python(beside), [...install, ...pinned], {
      encoding: 'utf8',
    });
    if (status !== 0 && unreachable.test(stderr)) return null;
    if (status !== 0) throw new Error(`pip failed:\n${stdout}${stderr}`);
    // Whole or not there; another run may have made the same meanwhile.
    if (!existsSync(kept)) renameSync(beside, kept);
    return python(kept);
  } finally {
    rmSync(beside, { recursive: true, force: true });
  }
}

/**
 * Variables with the Pythons to test with. Where there is none, a line says why, and its tests are skipped.
 * Throws where pinned packages cannot be installed.
 */
export function pythonEnvironments() {
  const found = findPython();
  if (found === null) {
    console.log('Skipped: there is no Python 3.11 to 3.13 with venv (python3-venv on Debian) on the PATH.');
    return {};
  }
  return Object.fromEntries(
    Object.entries(pins).flatMap(([variable, file]) => {
      const python = environment(found, file);
      if (python !== null) return [[variable, python]];
      console.log('Skipped: pinned Python packages are not kept yet, and their registry cannot be reached.');
      return [];
    }),
  );
}
