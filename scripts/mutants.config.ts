/** The unit tests with a mutant in the place of one file; see mutants-runner.mjs, which sets `globalThis.mutant`. */
import { readFileSync } from 'node:fs';
import { defineConfig } from 'vitest/config';
import base from '../vitest.config.ts';
import { compileWith, inlined } from './build-kernels.mjs';

interface Mutant {
  file: string;
  from: number;
  to: number;
  now: string;
}

const instead = {
  name: 'mutant',
  enforce: 'pre' as const,
  async load(id: string): Promise<string | null> {
    const { mutant = null } = globalThis as { mutant?: Mutant | null };
    if (mutant === null) return null;
    // What is compiled of a source of the kernels is what tests run.
    const isOfKernels = mutant.file.includes('/wasm/assembly/') && id.endsWith('/kernels.wasm?inline');
    if (!isOfKernels && id.split('?')[0] !== mutant.file) return null;
    const text = readFileSync(mutant.file, 'utf8');
    const changed = text.slice(0, mutant.from) + mutant.now + text.slice(mutant.to);
    return isOfKernels ? inlined(await compileWith(mutant.file, changed)) : changed;
  },
};

const [unit] = (base.test?.projects ?? []) as { plugins?: unknown[]; test: object }[];

export default defineConfig({
  root: new URL('..', import.meta.url).pathname,
  test: {
    projects: [{ ...unit!, plugins: [instead, ...((unit!.plugins ?? []) as [])] }],
  },
});
