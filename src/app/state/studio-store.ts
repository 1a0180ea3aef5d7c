/** What the screens draw from: the stored records, the run that is shown, and how requests are going. */
import { useStore } from 'zustand';
import { createStore } from 'zustand/vanilla';
import type { ErrorReport } from '../../base/errors.ts';
import type { MetricsPoint } from '../../distill/run-state.ts';
import { smallRecipe } from '../../distill/recipe.ts';
import type { Holder } from '../../store/holders.ts';
import type { DatasetRecord, RunRecord, StudentRecord } from '../../store/records.ts';
import type { Progress } from '../../worker/client.ts';
import type { BenchReport, Machine, NewRun, Results } from '../../worker/protocol.ts';
import type { MachineChoice } from './machine-choice.ts';
import { draftOf, type RecipeDraft } from '../recipe/recipe-draft.ts';
import type { Asked } from '../words.ts';

/** What can compute: `webgpu`, `wasm` or `cpu`. */
export type Backend = Machine['backend'];

/** Requests are told apart by where their progress and errors are shown. */
export type RequestSlot =
  | 'studio'
  | 'machine'
  | 'data'
  | 'lengths'
  | 'student'
  | 'reduce'
  | 'rehearsal'
  | 'rates'
  | 'run'
  | 'compare'
  | 'ask'
  | 'ask-file'
  | 'export'
  | 'publish'
  | 'project'
  | 'runs'
  | 'storage'
  | 'bench';

export interface RequestStatus {
  busy: boolean;
  progress: Progress | null;
  error: ErrorReport | null;
}

/** The curve of the run that is shown. `points` grows in place; `version` changes whenever it does. */
export interface Metrics {
  runId: string | null;
  points: MetricsPoint[];
  version: number;
}

export interface DataSlice {
  datasets: DatasetRecord[];
  datasetId: string | null;
}

export interface StudentSlice {
  students: StudentRecord[];
  studentId: string | null;
}

export type TrainView = 'run' | 'next';

/** The run to come, and what was asked of the one under way. */
export interface TrainSlice {
  draft: RecipeDraft;
  /** Test rows as typed; empty for all. */
  testRows: string;
  backend: MachineChoice | null;
  /** What Train is about: the run that is shown, or the one to come; without a run, always the latter. */
  trainView: TrainView;
  /** The run that this page's worker is at work on, or holds, paused. */
  liveRunId: string | null;
  /** A new run was asked for, and is not there yet. */
  beginning: boolean;
  /** What was asked of the live run, or of the one that is beginning, and is not done yet. */
  asked: Asked | null;
  /** What was found when a run was last resumed; null when it was read, or none was. */
  resumed: Extract<Results['resume-run'], { kind: 'resumed' }> | null;
  /** A run that was to be resumed and has no whole checkpoint: a person is asked. */
  nothingWhole: { runId: string; engine: NewRun['engine']; words: string } | null;
}

export interface RunsSlice {
  /** When this page was opened. */
  openedAt: number;
  /** Newest first. */
  runs: RunRecord[];
  runId: string | null;
  /** Runs that some page's worker holds, and whose it is; null where the browser cannot tell. */
  heldRuns: ReadonlyMap<string, Holder> | null;
  metrics: Metrics;
  /** A run that ended while another screen than its own was open, until that was read. */
  ended: { runId: string; title: string; body: string } | null;
}

export interface MachineSlice {
  machine: Machine | null;
  /**
   * Another version of the studio in another tab: `waiting` for an older one to save its run, or `superseded` by a newer
   * one, which has the data now. Null where there is none.
   */
  otherVersion: 'waiting' | 'superseded' | null;
  /** How long the worker has given no sign of the live run, once that is worth a word; else null. */
  silentMs: number | null;
  /** What was measured last, until the page is closed. */
  bench: BenchReport | null;
}

export interface StudioState extends DataSlice, StudentSlice, TrainSlice, RunsSlice, MachineSlice {
  /** True once the stored records were read. */
  ready: boolean;
  requests: Record<RequestSlot, RequestStatus>;
}

export const idleRequest: RequestStatus = { busy: false, progress: null, error: null };

export function initialState(): StudioState {
  return {
    ready: false,
    machine: null,
    datasets: [],
    students: [],
    runs: [],
    datasetId: null,
    studentId: null,
    runId: null,
    liveRunId: null,
    heldRuns: null,
    openedAt: Date.now(),
    ended: null,
    asked: null,
    beginning: false,
    metrics: { runId: null, points: [], version: 0 },
    draft: draftOf(smallRecipe),
    testRows: '',
    backend: null,
    trainView: 'run',
    resumed: null,
    nothingWhole: null,
    otherVersion: null,
    silentMs: null,
    bench: null,
    requests: {
      studio: idleRequest,
      machine: idleRequest,
      data: idleRequest,
      lengths: idleRequest,
      student: idleRequest,
      reduce: idleRequest,
      rehearsal: idleRequest,
      rates: idleRequest,
      run: idleRequest,
      compare: idleRequest,
      ask: idleRequest,
      'ask-file': idleRequest,
      export: idleRequest,
      publish: idleRequest,
      project: idleRequest,
      runs: idleRequest,
      storage: idleRequest,
      bench: idleRequest,
    },
  };
}

export const studioStore = createStore<StudioState>(initialState);

/** A part of the studio's state; the component is drawn again when that part changes. */
export function useStudio<Part>(selector: (state: StudioState) => Part): Part {
  return useStore(studioStore, selector);
}

export function currentDataset(state: StudioState): DatasetRecord | null {
  return state.datasets.find((dataset) => dataset.id === state.datasetId) ?? null;
}

export function currentStudent(state: StudioState): StudentRecord | null {
  return state.students.find((student) => student.id === state.studentId) ?? null;
}

/** The run that Train, Compare and Take away show. */
export function currentRun(state: StudioState): RunRecord | null {
  return state.runs.find((run) => run.id === state.runId) ?? null;
}

/** Whether a run is at work here, or about to be: from the press on that begins it. */
export function isRunHere(state: StudioState): boolean {
  return state.beginning || liveRun(state) !== null;
}

export function liveRun(state: StudioState): RunRecord | null {
  return state.runs.find((run) => run.id === state.liveRunId) ?? null;
}
