/** The service worker that keeps the studio in the browser: whether it is there, and whether a newer one waits. */
import { useStore } from 'zustand';
import { createStore } from 'zustand/vanilla';

interface Offline {
  /** True once every file is kept, so that the next visit needs no network. */
  ready: boolean;
  /** A newer version that is kept already and waits to be used. */
  waiting: ServiceWorker | null;
}

const offlineStore = createStore<Offline>(() => ({ ready: false, waiting: null }));
/** A studio may stay open for days. */
const lookEveryMs = 3_600_000;

export function useOffline<Part>(selector: (state: Offline) => Part): Part {
  return useStore(offlineStore, selector);
}

/** Has the browser keep the studio. Where it does not, the studio works as before, with a network. */
export async function keepOffline(): Promise<void> {
  if (!('serviceWorker' in navigator)) return;
  try {
    await navigator.serviceWorker.register('/service-worker.js', { updateViaCache: 'none' });
    const registration = await navigator.serviceWorker.getRegistration();
    if (registration === undefined) return;
    watch(registration);
    setInterval(() => void registration.update().catch(() => undefined), lookEveryMs);
  } catch {
    // A private window may forbid it, and a full disk too; nothing else depends on it.
  }
}

function watch(registration: ServiceWorkerRegistration): void {
  const look = (): void => {
    const { active, waiting } = registration;
    // The very first one waits for nobody.
    offlineStore.setState({ ready: active !== null, waiting: active === null ? null : waiting });
  };
  const follow = (): void => registration.installing?.addEventListener('statechange', look);
  registration.addEventListener('updatefound', follow);
  follow();
  navigator.serviceWorker.addEventListener('controllerchange', look);
  look();
}

/** Lets the version that waits take over, and opens the page anew in it. */
export function takeNewVersion(waiting: ServiceWorker): void {
  navigator.serviceWorker.addEventListener('controllerchange', () => location.reload(), { once: true });
  waiting.postMessage('take-over');
}
