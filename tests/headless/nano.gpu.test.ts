import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { headless } from '../support/headless.ts';

const folder = mkdtempSync(join(tmpdir(), 'stillroom-nano-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

// `npm run headless -- train` alone is a whole run: bundled student, bundled sample, small preset. Measured with PyTorch
// over three seeds (public/students/nano/README.md): base .000, step by step .949 ± .005 on 500 rows; the bounds are
// wide for other seeds, fewer rows and other engines.
it('distils nano on the sample from nothing right to nearly all', { timeout: 600_000 }, () => {
  const out = join(folder, 'run');
  const { code, stdout, stderr } = headless(['train', '--out', out, '--test-rows', '200']);
  expect(code, stderr).toBe(0);
  expect(stdout.split('\n')[0]).toMatch(/^Engine: /);
  const { accuracy } = JSON.parse(readFileSync(join(out, 'summary.json'), 'utf8')) as {
    accuracy: Record<'base' | 'distilled' | 'teacher', { correct: number; total: number }>;
  };
  expect(accuracy.base.correct / accuracy.base.total).toBeLessThan(0.05);
  expect(accuracy.distilled.correct / accuracy.distilled.total).toBeGreaterThan(0.88);
  const teacher = accuracy.teacher.correct / accuracy.teacher.total;
  expect(teacher).toBeGreaterThan(0.85);
  expect(teacher).toBeLessThan(0.92);
});
