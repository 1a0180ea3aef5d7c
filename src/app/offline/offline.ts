/** The service worker that keeps the studio in the browser: whether it is there, and whether a newer one waits. */
import { useStore } from 'zustand';
import { createStore } from 'zustand/vanilla';
import { siteUrl } from '../../base/site.ts';

interface Offline {
  /** True once every file is kept, so that the next visit needs no network. */
  ready: boolean;
  /** A newer version that is kept already and waits to be used. */
  waiting: ServiceWorker | null;
  /** True from the press that takes the newer version until the browser has let it take over. */
  takingOver: boolean;
  /**
   * What the page has after it was loaded again. `threads`: the host sends no headers and the service worker now would,
   * so that it has threads and the whole policy. `new-version`: that took over while something was at work here.
   */
  reloadBrings: 'threads' | 'new-version' | null;
}

const offlineStore = createStore<Offline>(() => ({
  ready: false,
  waiting: null,
  takingOver: false,
  reloadBrings: null,
}));
/** Says that this tab was loaded again for the headers, so that it never happens twice. */
const reloadedKey = 'stillroom.reloaded-for-headers';
/** A studio may stay open for days. */
const lookEveryMs = 3_600_000;

export function useOffline<Part>(selector: (state: Offline) => Part): Part {
  return useStore(offlineStore, selector);
}

/** Has the browser keep the studio. Where it does not, the studio works as before, with a network. */
export async function keepOffline(): Promise<void> {
  if (!('serviceWorker' in navigator)) return;
  try {
    if (navigator.serviceWorker.controller !== null && !(await isServedHere())) {
      await leave();
      return;
    }
    await navigator.serviceWorker.register(siteUrl('service-worker.js'), { updateViaCache: 'none' });
    const registration = await navigator.serviceWorker.getRegistration();
    if (registration === undefined) return;
    watch(registration);
    setInterval(() => void registration.update().catch(() => undefined), lookEveryMs);
  } catch {
    // A private window may forbid it, and a full disk too; nothing else depends on it.
  }
}

/** What the built service worker's caches begin with (scripts/offline-worker.js). */
const cachePrefix = 'stillroom-';

/**
 * Whether this page's server still has a studio. Another project may be served from the address by now, and a page
 * from the cache would hide it for ever.
 */
async function isServedHere(): Promise<boolean> {
  // Not even asked: the browser would write the failure to its console.
  if (!navigator.onLine) return true;
  try {
    const response = await fetch(siteUrl('service-worker.js'), { cache: 'no-store' });
    // A server with its own fault says nothing about whose it is.
    if (response.status >= 500) return true;
    return response.ok && (await response.text()).includes(`'${cachePrefix}'`);
  } catch {
    // The server is not there: the very case that the cache is for.
    return true;
  }
}

/** Takes the studio out of this address, and shows what is served there. Runs and files stay in their store. */
async function leave(): Promise<void> {
  const registration = await navigator.serviceWorker.getRegistration();
  await registration?.unregister();
  const names = (await caches.keys()).filter((name) => name.startsWith(cachePrefix));
  await Promise.all(names.map((name) => caches.delete(name)));
  location.reload();
}

function watch(registration: ServiceWorkerRegistration): void {
  const look = (): void => {
    const { active, waiting } = registration;
    offlineStore.setState((before) => ({
      ready: active !== null,
      // The first version that is kept has no older one to wait for.
      waiting: active === null ? null : waiting,
      // A still newer one in its place has to be asked itself.
      takingOver: before.takingOver && (waiting === null || waiting === before.waiting),
    }));
  };
  const follow = (): void => registration.installing?.addEventListener('statechange', look);
  registration.addEventListener('updatefound', follow);
  follow();
  navigator.serviceWorker.addEventListener('controllerchange', () => {
    look();
    isolate();
  });
  look();
  isolate();
}

/** On a host without headers: loads the page again through the service worker, which adds them. */
function isolate(): void {
  if (self.crossOriginIsolated || navigator.serviceWorker.controller === null) return;
  if (sessionStorage.getItem(reloadedKey) !== null) return;
  sessionStorage.setItem(reloadedKey, '1');
  // What a person has begun is not taken away; they are offered the button instead.
  if (navigator.userActivation.hasBeenActive) offlineStore.setState({ reloadBrings: 'threads' });
  else location.reload();
}

/**
 * Lets the version that waits take over, and loads the page again in it. The browser waits for what the old one still
 * answers: a second mostly, at most the five minutes after which Chrome ends an old worker (w3c/ServiceWorker#1295). It was
 * seen to wait that long once in some twenty times, on a busy machine.
 * @param isFree Whether nothing is at work in this page when it has taken over; else a person loads it again.
 */
export function takeNewVersion(waiting: ServiceWorker, isFree: () => boolean): void {
  offlineStore.setState({ takingOver: true });
  const show = (): void => {
    if (isFree()) location.reload();
    else offlineStore.setState({ takingOver: false, reloadBrings: 'new-version' });
  };
  navigator.serviceWorker.addEventListener('controllerchange', show, { once: true });
  waiting.postMessage('take-over');
}
