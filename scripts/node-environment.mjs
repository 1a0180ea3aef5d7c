/**
 * transformers.js as the tests of exported graphs use it: installed once for each lock file, in the user's cache folder,
 * outside the clone. It is 0.5 GB with its runtimes, which nobody else needs.
 */
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { root, runNpm } from './install.mjs';
import { cacheFolder } from './python.mjs';

const source = join(root, 'tests', 'onnx');
const files = ['package.json', 'package-lock.json'];

/**
 * A variable with the folder that has it; none, with a line, where the registry cannot be reached.
 * @param whole Whether what takes long is wanted: its tests need PyTorch too.
 */
export function nodeEnvironment(whole) {
  if (!whole) return {};
  const hash = createHash('sha256');
  for (const file of files) hash.update(readFileSync(join(source, file)));
  const folder = join(cacheFolder(), 'stillroom', 'node');
  const kept = join(folder, hash.digest('hex').slice(0, 16));
  if (!existsSync(kept)) {
    mkdirSync(folder, { recursive: true });
    const place = mkdtempSync(join(folder, 'new-'));
    for (const file of files) copyFileSync(join(source, file), join(place, file));
    console.log('Installing transformers.js for the tests (once) …');
    // Its runtime for Node would fetch libraries for NVIDIA's GPUs from elsewhere.
    const args = ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel', 'error'];
    const code = runNpm(args, { cwd: place });
    if (code === 0 && !existsSync(kept)) renameSync(place, kept);
    rmSync(place, { recursive: true, force: true });
    if (code !== 0) {
      console.log('Skipped: transformers.js could not be installed; the lines above say why.');
      return {};
    }
  }
  return { STILLROOM_TRANSFORMERS_JS: kept };
}
