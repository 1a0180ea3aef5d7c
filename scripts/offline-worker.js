/**
 * Keeps the studio in the browser, so that a visit needs no network, and gives it the headers that a plain host does
 * not send: threads need the isolation that they ask for, and a worker has no policy but the one in its own answer.
 * `version`, `files`, `lateFiles`, `headers` and `headersOfFrames` are written above this by scripts/offline.mjs.
 */
/* global version, files, lateFiles, headers, headersOfFrames */
const prefix = 'stillroom-';
const cacheName = prefix + version;
const scope = self.registration.scope;

self.addEventListener('install', (event) => {
  // All or nothing: a studio with a part missing would fail later, without a network to mend it.
  event.waitUntil(
    caches
      .open(cacheName)
      .then((cache) => cache.addAll(files.map((file) => new Request(file, { cache: 'no-cache' })))),
  );
});

self.addEventListener('activate', (event) => {
  event.waitUntil(
    (async () => {
      const names = (await caches.keys()).filter((name) => name.startsWith(prefix) && name !== cacheName);
      // The version before stays: a page of it may be open in another tab, and ask for more of itself.
      await Promise.all(names.slice(0, -1).map((name) => caches.delete(name)));
      await self.clients.claim();
    })(),
  );
});

// A new version waits until no page of the old one is open, or until a person asks for it.
self.addEventListener('message', (event) => {
  if (event.data === 'take-over') void self.skipWaiting();
});

self.addEventListener('fetch', (event) => {
  const { request } = event;
  const url = new URL(request.url);
  // Other folders of this host are other people's.
  if (request.method !== 'GET' || !url.href.startsWith(scope)) return;
  if (request.mode !== 'navigate') {
    event.respondWith(answer(request));
    return;
  }
  const path = url.origin + url.pathname;
  // The studio is one page and its frames; what stands at any other address below it is not ours to answer.
  const page = path.slice(scope.length);
  if (Object.hasOwn(headersOfFrames, page)) {
    event.respondWith(answer(new Request(path), headersOfFrames[page]));
    return;
  }
  if (path !== scope && path !== `${scope}index.html`) return;
  event.respondWith(answer(new Request(scope)));
});

async function answer(request, itsHeaders = headers) {
  // The files are the same for everybody: what a server varies by (an Origin header, say) tells no two apart. Looked up
  // by name, since opening a cache makes it, after it was removed as well.
  const options = { ignoreVary: true };
  const kept =
    (await caches.match(request, { ...options, cacheName })) ?? (await caches.match(request, options));
  return withHeaders(kept ?? (await fetched(request)), itsHeaders);
}

/** From the network; what is large and seldom needed is kept from then on. */
async function fetched(request) {
  const response = await fetch(request);
  if (response.status !== 200 || !lateFiles.includes(request.url.slice(scope.length))) return response;
  const copy = response.clone();
  // A cache without room is no reason to have nothing now.
  void (await caches.open(cacheName)).put(request, copy).catch(() => undefined);
  return response;
}

/** The same answer with other headers: the studio's, or a frame's. */
function withHeaders(response, itsHeaders) {
  // Opaque answers and errors cannot be made again.
  if (response.status === 0 || response.type === 'opaqueredirect') return response;
  const all = new Headers(response.headers);
  for (const [name, value] of Object.entries(itsHeaders)) all.set(name, value);
  const { status, statusText } = response;
  const body = status === 204 || status === 304 ? null : response.body;
  return new Response(body, { status, statusText, headers: all });
}
