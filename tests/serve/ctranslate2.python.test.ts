/** The exported folder in CTranslate2: converted by its own program, it answers as the project's engine does. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { headless, projectRoot } from '../support/headless.ts';
import { maxTokens, reference, studentFolder, texts } from './contract.ts';

// The environment with PyTorch and transformers, which the converter reads the folder with.
const python = process.env['STILLROOM_PYTHON_TRANSFORMERS_5'];
const hasIt =
  python !== undefined && spawnSync(python, ['-c', 'import ctranslate2'], { stdio: 'ignore' }).status === 0;
if (!hasIt) console.log('Skipped: there is no Python environment with CTranslate2.');

describe.skipIf(!hasIt)('CTranslate2', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'stillroom-ctranslate2-'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('converts the exported folder, and answers all test rows as the engine does', async () => {
    const [out, converted] = [join(folder, 'out'), join(folder, 'converted')];
    const exported = headless(['export', '--student', studentFolder, '--serve', '--out', out]);
    expect(exported.code, exported.stderr).toBe(0);
    const model = join(out, 'model');
    // What `ct2-transformers-converter` runs: its script names a Python by the place where it was installed.
    const convert = 'from ctranslate2.converters.transformers import main; main()';
    const args = ['-c', convert, '--model', model, '--output_dir', converted];
    const made = spawnSync(python!, args, { encoding: 'utf8' });
    expect(made.status, made.stderr).toBe(0);
    const prompts = texts.map((text) => `predict: ${text}`);
    const answered = spawnSync(
      python!,
      [
        join(projectRoot, 'tests/serve/answer_with_ctranslate2.py'),
        converted,
        join(model, 'tokenizer.json'),
        String(maxTokens),
      ],
      { encoding: 'utf8', input: JSON.stringify(prompts) },
    );
    expect(answered.status, answered.stderr).toBe(0);
    const found = JSON.parse(answered.stdout) as string[];
    const wanted = await reference(prompts, 1, maxTokens);
    const different = found.filter((answer, index) => answer !== wanted[index]).length;
    console.log(`CTranslate2: ${different} of ${wanted.length} answers differ`);
    expect(found).toHaveLength(wanted.length);
    // Both compute in f32: only a near tie of two tokens may fall otherwise.
    expect(different).toBeLessThanOrEqual(1);
  });
});
