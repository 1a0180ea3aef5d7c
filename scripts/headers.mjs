/**
 * The headers that every page of the studio is served with, in development, by `npm start` and in tests.
 * Cross-origin isolation gives the wasm backend its threads; the policy lets nothing leave the origin. Frames are pages
 * with their own policy, the only ones that reach anything: each narrows it to the origins that a person named,
 * before it is told anything (src/frames/inside.ts).
 */
import { basename } from 'node:path';

/** Pages that are in a frame of the studio, and what their policies begin with. */
export const frames = {
  'desk.html': { reached: ['https:', 'http:'], scripts: ["'self'"] },
  // The hub's client hashes large files in WebAssembly before they are sent.
  'hub.html': { reached: ['https:', 'http:'], scripts: ["'self'", "'wasm-unsafe-eval'"] },
};

/** The directives of the studio's own policy, by name. */
function studioPolicy({ development }) {
  return {
    'default-src': ["'none'"],
    // Vite's development server injects the React refresh preamble inline.
    'script-src': ["'self'", "'wasm-unsafe-eval'", ...(development ? ["'unsafe-inline'"] : [])],
    'style-src': ["'self'", ...(development ? ["'unsafe-inline'"] : [])],
    'img-src': ["'self'", 'data:', 'blob:'],
    'font-src': ["'self'"],
    'connect-src': ["'self'", ...(development ? ['ws:'] : [])],
    'worker-src': ["'self'"],
    'frame-src': ["'self'"],
    'manifest-src': ["'self'"],
    'base-uri': ["'none'"],
    'form-action': ["'none'"],
    'frame-ancestors': ["'none'"],
    // Vite's development server and React's refresh write scripts themselves. The one policy is the studio's own:
    // src/base/own-scripts.ts.
    ...(development ? {} : { 'require-trusted-types-for': ["'script'"], 'trusted-types': ['default'] }),
  };
}

/** The directives of a frame's policy. */
function framePolicy({ reached, scripts }, { development }) {
  return {
    'default-src': ["'none'"],
    'script-src': [...scripts, ...(development ? ["'unsafe-inline'"] : [])],
    'style-src': development ? ["'self'", "'unsafe-inline'"] : ["'none'"],
    'connect-src': [...reached, ...(development ? ['ws:'] : [])],
    'base-uri': ["'none'"],
    'form-action': ["'none'"],
    'frame-ancestors': ["'self'"],
    ...(development ? {} : { 'require-trusted-types-for': ["'script'"], 'trusted-types': ["'none'"] }),
  };
}

/** @param page The page's file name; null for every other file, workers above all. */
function policyOf(page, options) {
  return Object.hasOwn(frames, page ?? '') ? framePolicy(frames[page], options) : studioPolicy(options);
}

function policyText(policy) {
  return Object.entries(policy)
    .map(([directive, sources]) => `${directive} ${sources.join(' ')}`)
    .join('; ');
}

/** What every file has. */
const common = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  // What the studio never asks for, no script in it can.
  'Permissions-Policy':
    'camera=(), microphone=(), geolocation=(), payment=(), usb=(), serial=(), display-capture=()',
};

/** @param page The file name of a frame's page; null for all else. */
export function securityHeaders({ development, page = null }) {
  return { ...common, 'Content-Security-Policy': policyText(policyOf(page, { development })) };
}

/** The headers of each frame's page, by file name. */
export function frameHeaders() {
  return Object.fromEntries(
    Object.keys(frames).map((page) => [page, securityHeaders({ development: false, page })]),
  );
}

/**
 * The lines of a `_headers` file (Netlify, Cloudflare Pages). A host joins the values of all rules that fit, and two
 * policies allow what both do: so no address has two of them, and each is named.
 */
export function hostHeaders() {
  const studio = policyText(policyOf(null, { development: false }));
  const rules = [
    ['/*', common],
    ...['/', '/index.html', '/assets/*', '/service-worker.js'].map((path) => [
      path,
      { 'Content-Security-Policy': studio },
    ]),
    ...Object.keys(frames).flatMap((page) => {
      const rule = { 'Content-Security-Policy': policyText(policyOf(page, { development: false })) };
      // These hosts serve a page without its ending too.
      return [page, page.replace(/\.html$/, '')].map((path) => [`/${path}`, rule]);
    }),
  ];
  return rules
    .map(([path, headers]) =>
      [path, ...Object.entries(headers).map(([name, value]) => `  ${name}: ${value}`)].join('\n'),
    )
    .join('\n')
    .concat('\n');
}

/** A Vite plugin that sends the headers from the development server and from `vite preview`, each page's own. */
export function headersOfServer() {
  const sendsFor = (base, development) => (request, response, next) => {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost');
    const page = pathname.startsWith(base) ? pathname.slice(base.length) : null;
    for (const [name, value] of Object.entries(securityHeaders({ development, page }))) {
      response.setHeader(name, value);
    }
    next();
  };
  return {
    name: 'stillroom-headers',
    configureServer(server) {
      server.middlewares.use(sendsFor(baseOf(server), true));
    },
    configurePreviewServer(server) {
      server.middlewares.use(sendsFor(baseOf(server), false));
    },
  };
}

/** The path below which a server serves; in the build it is relative, which a server takes for its root. */
function baseOf({ config }) {
  return config.base.startsWith('/') ? config.base : '/';
}

/**
 * A Vite plugin that writes its policy into each built page as well, for the first visit on a host that sends no
 * headers. It does not bind workers, and `frame-ancestors` counts in headers only: from the second page on the service
 * worker sends them all (scripts/offline-worker.js).
 */
export function policyInPage() {
  return {
    name: 'stillroom-policy',
    apply: 'build',
    transformIndexHtml(_html, { filename }) {
      const { 'frame-ancestors': _, ...policy } = policyOf(basename(filename), { development: false });
      const attrs = { 'http-equiv': 'Content-Security-Policy', content: policyText(policy) };
      return [{ tag: 'meta', attrs, injectTo: 'head-prepend' }];
    },
  };
}
