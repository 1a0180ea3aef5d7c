/**
 * The headers that every page of the studio is served with, in development, by `npm start` and in tests.
 * Cross-origin isolation gives the wasm backend its threads; the policy lets nothing leave the origin.
 *
 * `blob:` is there for one reason: TensorFlow.js' threaded wasm build starts its threads from a blob of its own code.
 */
export function securityHeaders({ development }) {
  const policy = {
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
  return {
    'Cross-Origin-Opener-Policy': 'same-origin',
    'Cross-Origin-Embedder-Policy': 'require-corp',
    'Cross-Origin-Resource-Policy': 'same-origin',
    'X-Content-Type-Options': 'nosniff',
    'Referrer-Policy': 'no-referrer',
    'Content-Security-Policy': Object.entries(policy)
      .map(([directive, sources]) => `${directive} ${sources.join(' ')}`)
      .join('; '),
  };
}
