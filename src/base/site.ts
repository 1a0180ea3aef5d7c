/** Where the studio's own files are, whatever folder of whatever host serves it. */

/**
 * The address of one of the studio's files (below `public/`), from the page or any of its workers.
 * @param path Relative to the folder of the page: `sample/train.jsonl`.
 */
export function siteUrl(path: string): URL {
  // The development server serves from its root. In the build the page is in the site's folder, and every worker
  // in `assets/` below it.
  const folder = import.meta.env.DEV
    ? new URL('/', self.location.href)
    : typeof document === 'undefined'
      ? new URL('../', self.location.href)
      : new URL('./', document.baseURI);
  return new URL(path, folder);
}
