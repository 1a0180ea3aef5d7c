/**
 * The headers that every page of the studio is served with, in development, by `npm start` and in tests.
 * Cross-origin isolation gives the wasm backend its threads; the policy lets nothing leave the origin.
 *
 * `blob:` is there for one reason: TensorFlow.js' threaded wasm build starts its threads from a blob of its own code.
 */
/** The policy's directives, by name. */
function contentSecurityPolicy({ development }) {
  return {
    'default-src': ["'none'"],
    // Vite's development server injects the React refresh preamble inline.
    'script-src': ["'self'", "'wasm-unsafe-eval'", 'blob:', ...(development ? ["'unsafe-inline'"] : [])],
    'style-src': ["'self'", ...(development ? ["'unsafe-inline'"] : [])],
    'img-src': ["'self'", 'data:', 'blob:'],
    'font-src': ["'self'"],
    'connect-src': ["'self'", ...(development ? ['ws:'] : [])],
    'worker-src': ["'self'", 'blob:'],
    'manifest-src': ["'self'"],
    'base-uri': ["'none'"],
    'form-action': ["'none'"],
    'frame-ancestors': ["'none'"],
  };
}

function policyText(policy) {
  return Object.entries(policy)
    .map(([directive, sources]) => `${directive} ${sources.join(' ')}`)
    .join('; ');
}

export function securityHeaders({ development }) {
  return {
    'Cross-Origin-Opener-Policy': 'same-origin',
    'Cross-Origin-Embedder-Policy': 'require-corp',
    'Cross-Origin-Resource-Policy': 'same-origin',
    'X-Content-Type-Options': 'nosniff',
    'Referrer-Policy': 'no-referrer',
    'Content-Security-Policy': policyText(contentSecurityPolicy({ development })),
  };
}

/**
 * A Vite plugin that writes the policy into the built page as well, so that it holds on any host. `frame-ancestors`
 * counts in headers only. Threads need the isolation headers besides.
 */
export function policyInPage() {
  return {
    name: 'stillroom-policy',
    apply: 'build',
    transformIndexHtml() {
      const { 'frame-ancestors': _, ...policy } = contentSecurityPolicy({ development: false });
      const attrs = { 'http-equiv': 'Content-Security-Policy', content: policyText(policy) };
      return [{ tag: 'meta', attrs, injectTo: 'head-prepend' }];
    },
  };
}
