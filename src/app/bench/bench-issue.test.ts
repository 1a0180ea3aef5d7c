import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { repositoryPage } from '../../../scripts/repository.mjs';
import { benchIssue } from './bench-issue.ts';

test('the table goes into the field of the form that has its name', () => {
  const address = new URL(benchIssue('https://example.org/some/studio/', '| a | b & c |\n| 1 | 2 |')!);
  expect(address.origin + address.pathname).toBe('https://example.org/some/studio/issues/new');
  expect(address.searchParams.get('table')).toBe('| a | b & c |\n| 1 | 2 |');
  const form = readFileSync(`.github/ISSUE_TEMPLATE/${address.searchParams.get('template')!}`, 'utf8');
  expect(form).toMatch(/type: textarea\n\s+id: table\n/);
});

test.each([undefined, '', 'javascript:alert(1)', 'http://example.org/x'])(
  'there is no form at %j',
  (repository) => {
    expect(benchIssue(repository, 'x')).toBeNull();
  },
);

test.each([
  [{}, null],
  [{ repository: 'https://example.org/a/b' }, 'https://example.org/a/b'],
  [{ repository: { type: 'git', url: 'git+https://example.org/a/b.git' } }, 'https://example.org/a/b'],
  [{ repository: 'github:a/b' }, 'https://github.com/a/b'],
  [{ repository: 'a/b' }, 'https://github.com/a/b'],
  [{ repository: 'ssh://git@example.org/a/b.git' }, null],
])('of %j the page is %j', (manifest, page) => {
  expect(repositoryPage(manifest)).toBe(page);
});
