/** The form for a benchmark's table among the repository's issues: .github/ISSUE_TEMPLATE/benchmark.yml. */

/**
 * The form's address, filled in.
 * @param repository The repository's page, as package.json has it; undefined where it has none.
 * @param table Markdown.
 * @returns Null where the repository is not known.
 */
export function benchIssue(repository: unknown, table: string): string | null {
  if (typeof repository !== 'string' || !repository.startsWith('https://')) return null;
  const address = new URL(`${repository.replace(/\/$/, '')}/issues/new`);
  address.searchParams.set('template', 'benchmark.yml');
  address.searchParams.set('table', table);
  return address.href;
}
