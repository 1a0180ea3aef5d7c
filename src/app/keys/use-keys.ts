import { useEffect, useRef } from 'react';
import { readChoice } from '../state/choices.ts';
import { dialogOpen, isFree } from './free-key.ts';
import { isSingleSign, readPress, type KeyId, type Press } from './keys.ts';

/** For so long a first press waits for its second. */
const sequenceMs = 1500;

/** Answers a key. False leaves the press to the browser. */
export type KeyHandler = (event: KeyboardEvent) => unknown;

/** Listens to keys of the table while a component is mounted, wherever no field has the focus and no dialog is open. */
export function useKeys(handlers: Partial<Record<KeyId, KeyHandler>>): void {
  const latest = useRef(handlers);
  useEffect(() => {
    latest.current = handlers;
  });
  useEffect(() => {
    let before: Press | null = null;
    let begunAt = 0;
    const press = (event: KeyboardEvent): void => {
      if (event.defaultPrevented || event.key === 'Shift') return;
      const ids = (Object.keys(latest.current) as KeyId[]).filter((id) => isListened(id, event));
      const read = readPress(event, ids, event.timeStamp - begunAt < sequenceMs ? before : null);
      before = null;
      if (read === null) return;
      if ('begun' in read) {
        before = read.begun;
        begunAt = event.timeStamp;
        return;
      }
      if (latest.current[read.id]?.(event) !== false) event.preventDefault();
    };
    addEventListener('keydown', press);
    return () => removeEventListener('keydown', press);
  }, []);
}

function isListened(id: KeyId, event: KeyboardEvent): boolean {
  if (event.ctrlKey || event.metaKey) return !dialogOpen();
  return isFree(event) && (!isSingleSign(id) || singleSigns());
}

/** Whether letters and signs alone do anything. */
export function singleSigns(): boolean {
  return readChoice('single-keys') !== 'off';
}
