/**
 * Focus that is never lost: where what has it goes away and nothing else takes it, it goes to what stands nearest. The
 * browser would leave it on the page's beginning, and a person at a keyboard would have to walk the way again.
 */

/** Time for whoever knows better (a dialog, a new screen) to place the focus first. */
const graceMs = 150;
const focusable = 'a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex="0"]';

/** Watches the page from now on. */
export function keepFocus(): void {
  // From what has the focus to the page.
  let path: Element[] = [];
  let timer: ReturnType<typeof setTimeout> | undefined;
  document.addEventListener('focusin', ({ target }) => {
    path = [];
    for (let at = target as Element | null; at !== null && at !== document.body; at = at.parentElement)
      path.push(at);
  });
  const isLost = (): boolean =>
    path.length > 0 && !path[0]!.isConnected && (document.activeElement ?? document.body) === document.body;
  new MutationObserver(() => {
    if (!isLost()) return;
    clearTimeout(timer);
    timer = setTimeout(() => {
      if (isLost()) nearestTo(path)?.focus({ preventScroll: true });
    }, graceMs);
  }).observe(document.body, { childList: true, subtree: true });
}

/** The first control of the smallest part that is left; the heading of the screen where that is all of it. */
function nearestTo(path: readonly Element[]): HTMLElement | null {
  for (const part of path) {
    if (!part.isConnected) continue;
    if (part.matches('main') || part.querySelector('main') !== null) break;
    const control = [...part.querySelectorAll<HTMLElement>(focusable)].find((one) => one.checkVisibility());
    if (control !== undefined) return control;
  }
  return document.querySelector<HTMLElement>('main h1');
}
