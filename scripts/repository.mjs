/** Where the project is developed, as package.json says it. */

/**
 * @param {object & { repository?: string | { url?: string } }} manifest package.json
 * @returns {string | null} Its page, or null where there is none that a browser can open.
 */
export function repositoryPage({ repository }) {
  const said = typeof repository === 'string' ? repository : (repository?.url ?? '');
  const short = /^(?:github:)?([\w.-]+\/[\w.-]+)$/.exec(said);
  if (short !== null) return `https://github.com/${short[1]}`;
  const page = said.replace(/^git\+/, '').replace(/\.git$/, '');
  return page.startsWith('https://') ? page : null;
}
