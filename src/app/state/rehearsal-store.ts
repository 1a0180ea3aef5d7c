/** What was measured last for a run to come, until the page is closed; and measuring it. */
import { create } from 'zustand';
import type { Rehearsal } from '../../worker/protocol.ts';
import { studio } from './studio.ts';
import { studioStore } from './studio-store.ts';
import { rehearsalKey } from './forecast.ts';
import { newRun } from './new-run.ts';

interface Rehearsed {
  /** What it holds for; null before the first. */
  key: string | null;
  found: Rehearsal | null;
}

export const useRehearsed = create<Rehearsed>(() => ({ key: null, found: null }));

/** Times the first steps of the run that the form describes; that they are measured shows in the slot `rehearsal`. */
export async function rehearseNext(): Promise<void> {
  const run = newRun(studioStore.getState());
  if (run === null) return;
  const found = await studio.request('rehearsal', { type: 'rehearse', run });
  if (found) useRehearsed.setState({ key: rehearsalKey(run), found });
}
