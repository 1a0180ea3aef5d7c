/** Trusted Types: which addresses a script may be loaded from. */

interface TrustedTypes {
  createPolicy(name: string, rules: { createScriptURL: (url: string) => string }): unknown;
}

/**
 * Lets this page or worker start workers from the studio's own origin, and from nowhere else. The policy of the built
 * studio refuses every script address that no such rule has seen, so this has to run before the first worker starts.
 * To be called once in a page, and once in each worker that starts workers. Does nothing where the browser has no
 * Trusted Types.
 */
export function allowOwnScripts(): void {
  const { trustedTypes } = globalThis as { trustedTypes?: TrustedTypes };
  trustedTypes?.createPolicy('default', {
    createScriptURL: (url) => {
      if (new URL(url, self.location.href).origin === self.location.origin) return url;
      throw new TypeError(`A script from ${url} was refused: the studio runs its own scripts only.`);
    },
  });
}
