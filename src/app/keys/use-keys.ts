import { useEffect, useRef } from 'react';
import { readChoice } from '../state/choices.ts';
import { bindingOf, isSingleSign, readBindings, type KeyBinding, type KeyId, type Press } from './keys.ts';

/** For so long a first press waits for its second. */
const sequenceMs = 1500;

/** Answers a key. False leaves the press to the browser. */
export type KeyHandler = (event: KeyboardEvent) => unknown;

/** Listens to keys of the table while a component is mounted, wherever no field has the focus and no dialog is open. */
export function useKeys(handlers: Partial<Record<KeyId, KeyHandler>>): void {
  useBindings(Object.entries(handlers).map(([id, handler]) => ({ key: bindingOf(id as KeyId), handler })));
}

/** The same for keys that stand with their actions. */
export function useBindings(bindings: readonly { key: KeyBinding; handler: KeyHandler }[]): void {
  const latest = useRef(bindings);
  useEffect(() => {
    latest.current = bindings;
  });
  useEffect(() => {
    let before: Press | null = null;
    let begunAt = 0;
    const press = (event: KeyboardEvent): void => {
      if (event.defaultPrevented || event.key === 'Shift') return;
      const listened = latest.current
        .filter(({ key }) => isListened(key, event))
        .map(({ key, handler }) => [handler, key] as const);
      const read = readBindings(event, listened, event.timeStamp - begunAt < sequenceMs ? before : null);
      before = null;
      if (read === null) return;
      if ('begun' in read) {
        before = read.begun;
        begunAt = event.timeStamp;
        return;
      }
      if (read.id(event) !== false) event.preventDefault();
    };
    addEventListener('keydown', press);
    return () => removeEventListener('keydown', press);
  }, []);
}

function isListened(key: KeyBinding, event: KeyboardEvent): boolean {
  if (event.ctrlKey || event.metaKey) return !dialogOpen();
  return isFree(event) && (!isSingleSign(key) || singleSigns());
}

/** Whether letters and signs alone do anything. */
export function singleSigns(): boolean {
  return readChoice('single-keys') !== 'off';
}

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

/** Whether a press belongs to nothing in particular, so that the page may use it. */
function isFree(event: KeyboardEvent): boolean {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return false;
  if (dialogOpen()) return false;
  if (!(event.target instanceof Element)) return true;
  if (event.target.closest(typing)) return false;
  return !(ofControls.has(event.key) && event.target.closest(pressing));
}

/** A dialog has the page to itself. */
function dialogOpen(): boolean {
  return document.querySelector('[role=dialog], [role=alertdialog]') !== null;
}
