/**
 * Keeps the studio in the browser, so that a visit needs no network. `version` and `files` are written above this by
 * scripts/offline.mjs. Every answer is kept as it came, headers included: threads need the isolation that they ask for.
 */
/* global version, files */
const prefix = 'stillroom-';
const cacheName = prefix + version;

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
  if (request.method !== 'GET' || new URL(request.url).origin !== self.location.origin) return;
  event.respondWith(answer(request));
});

async function answer(request) {
  const wanted = request.mode === 'navigate' ? self.registration.scope : request;
  const cache = await caches.open(cacheName);
  // The files are the same for everybody: what a server varies by (an Origin header, say) tells no two apart.
  const options = { ignoreVary: true };
  return (await cache.match(wanted, options)) ?? (await caches.match(wanted, options)) ?? fetch(request);
}
