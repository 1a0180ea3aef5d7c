/**
 * The headers that every page of the studio is served with, in development, by `npm start` and in tests.
 * Cross-origin isolation gives the wasm backend its threads; the policy lets nothing leave the origin.
 */
/** The policy's directives, by name. */
function contentSecurityPolicy({ development }) {
  return {
    'default-src': ["'none'"],
    // Vite's development server injects the React refresh preamble inline.
    'script-src': ["'self'", "'wasm-unsafe-eval'", ...(development ? ["'unsafe-inline'"] : [])],
    'style-src': ["'self'", ...(development ? ["'unsafe-inline'"] : [])],
    'img-src': ["'self'", 'data:', 'blob:'],
    'font-src': ["'self'"],
    'connect-src': ["'self'", ...(development ? ['ws:'] : [])],
    'worker-src': ["'self'"],
    'manifest-src': ["'self'"],
    'base-uri': ["'none'"],
    'form-action': ["'none'"],
    'frame-ancestors': ["'none'"],
    // Vite's development server and React's refresh write scripts themselves. The one policy is the studio's own:
    // src/base/own-scripts.ts.
    ...(development ? {} : { 'require-trusted-types-for': ["'script'"], 'trusted-types': ['default'] }),
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
    // What the studio never asks for, no script in it can.
    'Permissions-Policy':
      'camera=(), microphone=(), geolocation=(), payment=(), usb=(), serial=(), display-capture=()',
    'Content-Security-Policy': policyText(contentSecurityPolicy({ development })),
  };
}

/**
 * A Vite plugin that writes the policy into the built page as well, for the first visit on a host that sends no
 * headers. It does not bind workers, and `frame-ancestors` counts in headers only: from the second page on the service
 * worker sends them all (scripts/offline-worker.js).
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
