/** Whether a key press belongs to nothing in particular, so that the page may use it. */

/** They take whatever is typed. */
const typing =
  'input:not([type=radio], [type=checkbox], [type=range]), select, textarea, [contenteditable]:not([contenteditable=false])';
/** They have their own use for the keys below; letters and signs are nothing to them. */
const pressing = 'input, button, a, summary, [data-keys]';
const ofControls: ReadonlySet<string> = new Set([
  ' ',
  'Enter',
  'Escape',
  'Home',
  'End',
  'PageUp',
  'PageDown',
  'ArrowLeft',
  'ArrowRight',
  'ArrowUp',
  'ArrowDown',
  '+',
  '=',
  '-',
]);

/** True where nothing else wants the press. */
export function isFree(event: KeyboardEvent): boolean {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return false;
  if (dialogOpen()) return false;
  if (!(event.target instanceof Element)) return true;
  if (event.target.closest(typing)) return false;
  return !(ofControls.has(event.key) && event.target.closest(pressing));
}

/** A dialog has the page to itself. */
export function dialogOpen(): boolean {
  return document.querySelector('[role=dialog], [role=alertdialog]') !== null;
}
