/**
 * Something that a person can have done, in one object: its name, its key, why it cannot be done now, and the doing.
 * Buttons, the palette, the listener to keys and the list of keys are drawn from it.
 */
import type { LucideIcon } from 'lucide-react';
import type { KeyBinding } from '../keys/keys.ts';
import { studioStore, type StudioState } from '../state/studio-store.ts';

export interface Action {
  id: string;
  kind: 'screen' | 'action' | 'run';
  /** What its button and the palette call it. */
  label: (state: StudioState) => string;
  /** In the palette: what tells it from its like. */
  detail?: (state: StudioState) => string | undefined;
  icon?: (state: StudioState) => LucideIcon;
  key?: KeyBinding;
  /** False where there is nothing to do it to; missing where there always is. */
  isOffered?: (state: StudioState) => boolean;
  /** Why it cannot be done now, in a sentence; null or missing where it can. */
  obstacle?: (state: StudioState) => string | null;
  perform: (state: StudioState) => void;
}

export function isOffered(action: Action, state: StudioState): boolean {
  return action.isOffered?.(state) ?? true;
}

export function obstacleOf(action: Action, state: StudioState): string | null {
  return action.obstacle?.(state) ?? null;
}

/** Does it, unless something is in the way. @returns False where it is not offered at all. */
export function perform(action: Action): boolean {
  const state = studioStore.getState();
  if (!isOffered(action, state)) return false;
  if (obstacleOf(action, state) === null) action.perform(state);
  return true;
}
