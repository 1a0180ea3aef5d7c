export function repositoryPage(manifest: object): string | null;
