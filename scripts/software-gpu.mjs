/**
 * Software WebGPU for machines without a GPU: SwiftShader, the Vulkan driver that comes with every Chromium.
 * The Vulkan loader reads these variables when a process starts, so they belong into the environment of the process
 * that is started, not into one's own.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import process from 'node:process';

const driverFile = 'vk_swiftshader_icd.json';

/** Folders of Playwright's own browsers. */
function playwrightFolders() {
  const roots = [
    process.env.PLAYWRIGHT_BROWSERS_PATH,
    join(homedir(), '.cache', 'ms-playwright'),
    join(homedir(), 'Library', 'Caches', 'ms-playwright'),
  ];
  const folders = [];
  for (const root of roots) {
    if (root === undefined || !existsSync(root)) continue;
    for (const browser of readdirSync(root)
      .filter((name) => name.startsWith('chromium'))
      .sort()
      .reverse()) {
      for (const inner of ['chrome-linux', 'chrome-linux64', 'chrome-headless-shell-linux64']) {
        folders.push(join(root, browser, inner));
      }
    }
  }
  return folders;
}

function candidateFolders() {
  return [
    '/usr/lib/chromium',
    '/usr/lib/chromium-browser',
    '/usr/lib64/chromium-browser',
    '/opt/google/chrome',
    '/opt/chromium.org/chromium',
    '/opt/microsoft/msedge',
    ...playwrightFolders(),
  ];
}

/** The driver that the description file names must be there too. */
function isUsable(folder) {
  try {
    const description = JSON.parse(readFileSync(join(folder, driverFile), 'utf8'));
    return existsSync(resolve(folder, description.ICD.library_path));
  } catch {
    return false;
  }
}

/**
 * What to add to the environment of a Node process that should have software WebGPU, or null where no Chromium with
 * SwiftShader is installed (or the system is not Linux). Where a GPU is wanted, start the process without it.
 * @returns {{ VK_ICD_FILENAMES: string, LD_LIBRARY_PATH: string, XDG_RUNTIME_DIR: string } | null}
 */
export function softwareGpuEnv() {
  if (process.platform !== 'linux') return null;
  const folder = candidateFolders().find(isUsable);
  if (folder === undefined) return null;
  const icd = join(folder, driverFile);
  return {
    VK_ICD_FILENAMES: icd,
    // The folder also holds libvulkan.so.1, the loader, which a bare machine lacks.
    LD_LIBRARY_PATH: [dirname(icd), process.env.LD_LIBRARY_PATH].filter(Boolean).join(':'),
    // The loader complains where there is none.
    XDG_RUNTIME_DIR: process.env.XDG_RUNTIME_DIR ?? '/tmp',
  };
}
