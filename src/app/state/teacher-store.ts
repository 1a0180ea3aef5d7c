/** What the teacher's station draws from, and the rail beside it. The desk itself is loaded with the station. */
import { useStore } from 'zustand';
import { createStore } from 'zustand/vanilla';
import type { ErrorReport } from '../../base/errors.ts';
import type { DeskRow } from '../../desk/judge.ts';
import type { Pass, Setup } from '../../desk/setup.ts';
import type { Abilities } from '../../desk/probe.ts';
import type { TeachProgress } from '../../desk/desk.ts';
import type { Device, ModelFolder, Variant } from '../../in-tab/model-folder.ts';

export interface OtherTeacher {
  teacherId: string;
  /** Its label of each row that it was read for, by the row's position. */
  labels: ReadonlyMap<number, string>;
  right: number;
}

/** The model in this tab. */
export type TabState =
  | { phase: 'none' }
  | { phase: 'opening'; name: string; readBytes: number }
  | { phase: 'open'; folder: ModelFolder; variant: Variant; device: Device; threads: number };

export interface TeacherState {
  /** The dataset whose rows are on the desk; null before the station was opened. */
  datasetId: string | null;
  setup: Setup | null;
  phase: 'closed' | 'opening' | 'ready' | 'checking' | 'asking' | 'pausing';
  /** What is asked, or was asked last. */
  pass: Pass;
  /** Of the rows on the desk. They change in place; `version` says that they did. */
  rows: readonly DeskRow[];
  version: number;
  /** Of the run under way, or the last one of this page. */
  progress: TeachProgress | null;
  /** Where what is under way ended, in words; null while it continues. */
  ended: string | null;
  /** The answer that is arriving. */
  arriving: { row: number; text: string } | null;
  spent: { input: number; output: number; cost: number | null };
  /** Answers in the store, of any prompt. */
  stored: number;
  /** A key is in the frame's memory. */
  keyHeld: boolean;
  abilities: Abilities | null;
  models: readonly string[];
  others: readonly OtherTeacher[];
  tab: TabState;
  /** Things that a person should know, newest last. */
  told: readonly string[];
  error: ErrorReport | null;
}

export const teacherStore = createStore<TeacherState>(() => ({
  datasetId: null,
  setup: null,
  phase: 'closed',
  pass: 'first',
  rows: [],
  version: 0,
  progress: null,
  ended: null,
  arriving: null,
  spent: { input: 0, output: 0, cost: null },
  stored: 0,
  keyHeld: false,
  abilities: null,
  models: [],
  others: [],
  told: [],
  error: null,
  tab: { phase: 'none' },
}));

export function useTeacher<Part>(selector: (state: TeacherState) => Part): Part {
  return useStore(teacherStore, selector);
}

/** The host that prompts go to now; null while none is asked. */
export function hostAsked({ phase, setup }: TeacherState): string | null {
  if (
    setup === null ||
    setup.where === 'tab' ||
    (phase !== 'asking' && phase !== 'pausing' && phase !== 'checking')
  )
    return null;
  return URL.canParse(setup.endpoint) ? new URL(setup.endpoint).host : null;
}
