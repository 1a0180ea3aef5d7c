/**
 * Who holds what, as far as Web Locks tell. A page holds a lock for as long as it lives, each of its workers one with
 * the page's id in its name, and the browser says which locks one client holds. So whoever holds a run is known for a
 * worker of this page, of another page that lives, or of a page that has gone: a reload ends a page at once, and its
 * worker when the step that it is in has ended.
 */

/**
 * `here`: this page or one of its workers. `another tab`: another page, which lives. `unsure`: a worker whose page has
 * gone, or one that says nothing of its page: it lets go in a moment, or turns out to be another tab's.
 */
export type Holder = 'here' | 'another tab' | 'unsure';

/** Only secure pages have them. */
export function locksOf(): LockManager | null {
  return (globalThis as { navigator?: { locks?: LockManager } }).navigator?.locks ?? null;
}

const pagePrefix = 'stillroom-page-';
const workerPrefix = 'stillroom-worker-';
/** A page's id in the names of its workers. */
const pageInName = /^stillroom-worker-([0-9a-f-]{36})/;

let known: string | null = null;

/** The page that this is, or whose worker this is: in a duplicated tab another one. */
function ownPage(): string {
  return (known ??= pageOfWorker() ?? crypto.randomUUID());
}

function pageOfWorker(): string | null {
  const { document, name } = globalThis as { document?: unknown; name?: unknown };
  return document === undefined && typeof name === 'string' ? (pageInName.exec(name)?.[1] ?? null) : null;
}

/** A name for a new worker of this page, which no other has; it holds the lock of that name (worker/life.ts). */
export function workerName(): string {
  return `${workerPrefix}${ownPage()} ${crypto.randomUUID()}`;
}

/** Says to other tabs that this page lives, until it goes. To be called once, before its first worker is started. */
export function holdPage(): void {
  void locksOf()?.request(pagePrefix + ownPage(), () => new Promise<never>(() => undefined));
}

type Held = Pick<LockInfo, 'name' | 'clientId'>;

/**
 * Who holds each lock whose name begins so, by the rest of its name.
 * @param page The page that asks.
 */
export function holdersUnder(
  prefix: string,
  held: readonly Held[],
  page: string = ownPage(),
): ReadonlyMap<string, Holder> {
  const pages = new Map<string, string>();
  const living = new Set<string>();
  for (const { name = '', clientId } of held) {
    const isPage = name.startsWith(pagePrefix);
    const of = isPage ? name.slice(pagePrefix.length) : pageInName.exec(name)?.[1];
    if (of === undefined) continue;
    if (isPage) living.add(of);
    if (clientId !== undefined) pages.set(clientId, of);
  }
  const holder = (of: string | undefined): Holder => {
    if (of === page) return 'here';
    return of !== undefined && living.has(of) ? 'another tab' : 'unsure';
  };
  return new Map(
    held.flatMap(({ name, clientId }) =>
      name?.startsWith(prefix) === true
        ? [[name.slice(prefix.length), holder(pages.get(clientId ?? ''))] as const]
        : [],
    ),
  );
}

/** As `holdersUnder`, now; null where this browser cannot tell. */
export async function heldUnder(prefix: string): Promise<ReadonlyMap<string, Holder> | null> {
  const locks = locksOf();
  if (locks === null) return null;
  const { held = [] } = await locks.query();
  return holdersUnder(prefix, held);
}

/** Who holds the lock of a name; null where nobody does, or the browser cannot tell. */
export async function holderOf(name: string): Promise<Holder | null> {
  return (await heldUnder(name))?.get('') ?? null;
}
