/** The unit tests with a mutant in the place of one file; see mutants-runner.mjs, which sets `globalThis.mutant`. */
import { readFileSync } from 'node:fs';
import { defineConfig } from 'vitest/config';
import base from '../vitest.config.ts';

interface Mutant {
  file: string;
  from: number;
  to: number;
  now: string;
}

const instead = {
  name: 'mutant',
  enforce: 'pre' as const,
  load(id: string): string | null {
    const { mutant = null } = globalThis as { mutant?: Mutant | null };
    if (mutant === null || id.split('?')[0] !== mutant.file) return null;
    const text = readFileSync(mutant.file, 'utf8');
    return text.slice(0, mutant.from) + mutant.now + text.slice(mutant.to);
  },
};

const [unit] = (base.test?.projects ?? []) as { plugins?: unknown[]; test: object }[];

export default defineConfig({
  root: new URL('..', import.meta.url).pathname,
  test: {
    projects: [{ ...unit!, plugins: [...((unit!.plugins ?? []) as []), instead] }],
  },
});
