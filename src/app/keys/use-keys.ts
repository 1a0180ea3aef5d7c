import { useEffect, useRef } from 'react';
import { readChoice } from '../state/choices.ts';
import { dialogOpen, isFree } from './free-key.ts';
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
