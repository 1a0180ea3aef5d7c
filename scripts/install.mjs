/**
 * Makes sure that what the launchers need is installed: the right Node, and node_modules as package-lock.json has it.
 * Uses nothing but Node itself, since it runs before anything is installed.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, lstatSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The project's root folder. */
export const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** Runs a program with its output shown; returns its exit code (1 where it could not be started or was killed). */
export function run(program, args, options = {}) {
  const result = spawnSync(program, args, { cwd: root, stdio: 'inherit', ...options });
  if (result.error) console.error(`Could not start ${program}: ${result.error.message}`);
  return result.status ?? 1;
}

/** Runs npm itself, the one that started us where there is one. */
export function runNpm(args, options = {}) {
  const npmCli = process.env.npm_execpath;
  if (npmCli && /npm-cli\.c?js$/.test(npmCli)) return run(process.execPath, [npmCli, ...args], options);
  return run(process.platform === 'win32' ? 'npm.cmd' : 'npm', args, {
    shell: process.platform === 'win32',
    ...options,
  });
}

/** Runs the JavaScript program of an installed package in this Node. */
export function runPackage(entry, args, options = {}) {
  return run(process.execPath, [join(root, 'node_modules', entry), ...args], options);
}

/** Installs what is missing or older than the lock file. Ends the process with words where that fails. */
export function ensureInstalled() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major < 20 || (major === 20 && minor < 19)) {
    console.error(
      `Stillroom needs Node 20.19 or newer; this is ${process.versions.node}. Install it from nodejs.org.`,
    );
    process.exit(1);
  }
  const lock = join(root, 'package-lock.json');
  const installed = join(root, 'node_modules', '.package-lock.json');
  if (existsSync(installed) && statSync(installed).mtimeMs >= statSync(lock).mtimeMs) return;
  // npm empties the folder first: through a link that would be another project's.
  if (lstatSync(join(root, 'node_modules'), { throwIfNoEntry: false })?.isSymbolicLink()) {
    console.error('node_modules is a link to another folder, which is older than package-lock.json.');
    console.error('Remove the link (npm ci then installs here), or install in that folder.');
    process.exit(1);
  }
  console.error('Installing packages (npm ci) …');
  // What builds the studio is a development dependency, which npm leaves out under NODE_ENV=production.
  if (runNpm(['ci', '--include=dev', '--no-audit', '--no-fund'], { stdio: ['ignore', 2, 2] }) !== 0) {
    console.error('npm ci failed. Check the network connection and try again.');
    process.exit(1);
  }
}
