/**
 * What the page does beside its screens while a run is at work: it keeps the screen awake while it is seen, and, where
 * the person wants that, tells when the run has ended.
 */
import { create } from 'zustand';
import { formatCount } from '../../base/units.ts';
import { isActive, type RunState } from '../../distill/run-state.ts';
import type { RunRecord } from '../../store/records.ts';
import { parseRoute } from '../routes.ts';
import { keepChoice, readChoice } from '../state/choices.ts';
import { liveRun, studioStore } from '../state/studio-store.ts';
import { teacherStore, type TeacherState } from '../state/teacher-store.ts';
import { stateWords } from '../words.ts';

// ── The screen stays awake ──────────────────────────────────────────────────────────────────────────────────────────

/** A paused run waits for a person: the screen may go dark. */
export function wantsWake(state: RunState | null, visible: boolean): boolean {
  return visible && state !== null && isActive(state) && state.phase !== 'paused';
}

/** A teacher is at work on rows. */
function isAsking({ phase }: Pick<TeacherState, 'phase'>): boolean {
  return phase === 'asking' || phase === 'pausing';
}

let lock: WakeLockSentinel | null = null;
let asking = false;

function isWakeWanted(): boolean {
  const visible = document.visibilityState === 'visible';
  if (visible && isAsking(teacherStore.getState())) return true;
  return wantsWake(liveRun(studioStore.getState())?.state ?? null, visible);
}

/** Takes or lets go what is wanted now. The browser lets go by itself when the page is hidden. */
async function keepAwake(): Promise<void> {
  const wanted = isWakeWanted();
  const wakeLock = (navigator as { wakeLock?: WakeLock }).wakeLock;
  if (wakeLock === undefined || asking || wanted === (lock !== null)) return;
  asking = true;
  try {
    if (wanted) {
      const taken = await wakeLock.request('screen');
      taken.addEventListener('release', () => {
        if (lock === taken) lock = null;
      });
      lock = taken;
    } else {
      await lock?.release();
      lock = null;
    }
  } catch {
    // Refused (low battery, policy): the run continues all the same.
  } finally {
    asking = false;
  }
  // What changed while the browser answered.
  if (isWakeWanted() !== wanted) await keepAwake();
}

// ── Told at the end ─────────────────────────────────────────────────────────────────────────────────────────────────

/** `refused`: by the browser or the person; only the browser's own settings change that. */
export type Telling = 'off' | 'on' | 'refused' | 'not here';

function tellingNow(): Telling {
  if (!('Notification' in globalThis)) return 'not here';
  if (Notification.permission === 'denied') return 'refused';
  return readChoice('tell-at-end') === 'yes' && Notification.permission === 'granted' ? 'on' : 'off';
}

export const useTelling = create<{ telling: Telling }>(() => ({ telling: tellingNow() }));

/** Asks the browser where that is needed: only after the person has asked for it. */
export async function setTelling(on: boolean): Promise<void> {
  keepChoice('tell-at-end', on ? 'yes' : null);
  if (on && 'Notification' in globalThis && Notification.permission === 'default') {
    await Notification.requestPermission();
  }
  useTelling.setState({ telling: tellingNow() });
}

/** What is said of a run that was at work and is not any more; null where there is nothing to say. */
export function endWords(
  before: RunState | null,
  run: RunRecord | null,
): { title: string; body: string } | null {
  if (before === null || run === null || !isActive(before)) return null;
  const { state } = run;
  if (state.phase === 'paused' && state.problem !== undefined && before.phase !== 'paused') {
    return { title: `${run.name} waits for you`, body: state.problem.message };
  }
  if (state.phase !== 'done' && state.phase !== 'failed') return null;
  // One after the other ends: the experiment says so where it is.
  if (run.experimentId !== undefined && state.phase === 'done') return null;
  return { title: `${run.name}: ${state.phase}`, body: stateWords(state) };
}

/** The same of a teacher that was asked. */
export function teacherEndWords(
  before: Pick<TeacherState, 'phase'>,
  {
    phase,
    setup,
    ended,
    error,
    progress,
  }: Pick<TeacherState, 'phase' | 'setup' | 'ended' | 'error' | 'progress'>,
): { title: string; body: string } | null {
  if (!isAsking(before) || isAsking({ phase }) || setup === null) return null;
  const { done = 0, total = 0 } = progress ?? {};
  const all = `${formatCount(done)} of ${formatCount(total)} rows`;
  return { title: `The teacher ${setup.model}`, body: error?.message ?? ended ?? `All is asked: ${all}.` };
}

/** Only where it is not seen anyway. */
function tell(words: { title: string; body: string }): void {
  if (useTelling.getState().telling !== 'on' || document.visibilityState === 'visible') return;
  try {
    const told = new Notification(words.title, { body: words.body, tag: 'stillroom-run' });
    told.onclick = () => {
      window.focus();
      told.close();
    };
  } catch {
    // Some phones allow them from service workers alone.
  }
}

/** Begins both; once, for the life of the page. */
export function watchPresence(): void {
  document.addEventListener('visibilitychange', () => void keepAwake());
  studioStore.subscribe((state, before) => {
    if (state.runs === before.runs && state.liveRunId === before.liveRunId) return;
    void keepAwake();
    const was = liveRun(before);
    if (was === null) return;
    const words = endWords(was.state, state.runs.find(({ id }) => id === was.id) ?? null);
    if (words === null) return;
    tell(words);
    // On Train it is seen without a word.
    if (parseRoute(location.hash) !== 'train') studioStore.setState({ ended: { runId: was.id, ...words } });
  });
  teacherStore.subscribe((state, before) => {
    if (state.phase === before.phase) return;
    void keepAwake();
    const words = teacherEndWords(before, state);
    if (words !== null) tell(words);
  });
}
