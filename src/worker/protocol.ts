/**
 * What the page and the worker say to each other. Every command has a result type in `Results`; long ones send
 * `progress` events on the way. Events about runs reach every listener. Both ends are typed by this file.
 */
import type { Relief, RowLengths } from '../distill/memory-of-run.ts';
import type { RunMemory } from '../engine/plan/run-memory.ts';
import type { EngineRequest } from '../engine/choose.ts';
import type { GpuProof } from '../engine/gpu/adapter-notes.ts';
import type { ErrorReport } from '../base/errors.ts';
import type { ModelName } from '../bench/cases.ts';
import type { Measured } from '../bench/measure.ts';
import type { MetricId } from '../data/metrics/metrics.ts';
import type { Question } from '../data/questions-file.ts';
import type { Asked, Asking } from '../distill/ask.ts';
import type { Recipe } from '../distill/recipe.ts';
import type { Evaluation, MetricsPoint, RunState } from '../distill/run-state.ts';
import type { EngineChoice } from '../engine/choose.ts';
import type { BackendName, TrainerDescription } from '../engine/engine.ts';
import type { AnsweredSome } from '../jobs/ask.ts';
import type { FoundRate } from '../distill/rate-test.ts';
import type { Rehearsal } from '../jobs/rehearse.ts';
import type { ColumnMap } from '../data/column-map.ts';
import type { KnownMaps } from '../data/file-head.ts';
import type { KeptReading } from '../data/kept-reading.ts';
import type { DatasetReading } from '../data/reading.ts';
import type { Split } from '../data/split.ts';
import type { TaughtRow } from '../data/taught.ts';
import type { StoredSizes } from '../store/sizes.ts';
import type { T5Config } from '../student/config.ts';
import type { TrainingShape } from '../student/memory.ts';
import type { StudentPart } from '../student/reduce/freeze.ts';
import type { LayerChoice } from '../student/reduce/layers.ts';
import type { OnnxStorage } from '../export/onnx/matrices.ts';
import type { ServedStorage } from '../export/server-folder.ts';
import type { WrittenFloat } from '../formats/safetensors-writer.ts';

/** What its own worker does, beside the one that trains (aside.worker.ts). */
export type AsideType = (typeof asideTypes)[number];
export const asideTypes = ['import-student', 'import-run', 'import-run-folder', 'measure-lengths'] as const;
/** What is told while a stranger's tokenizer is tried. */
export const probing = 'trying the tokenizer';

/** Ids of what comes with the studio. */
export const bundledStudentId = 'nano';
export const sampleDatasetId = 'sample';

export interface NewRun {
  datasetId: string;
  studentId: string;
  recipe: Recipe;
  /** Test rows for accuracy and comparison; null for all. */
  testRows: number | null;
  /** Null lets the studio choose. */
  engine: EngineChoice | null;
  backend: BackendName | null;
  /** What answers are judged by; left out: what suits the labels. */
  metric?: MetricId;
  /** Questions of the person's own to ask at each evaluation. */
  ownQuestions?: readonly string[];
  /** Of a run that belongs to an experiment. */
  experiment?: { id: string; name: string; fraction: number | null };
}

/** Many runs to come. */
export interface NewExperiment extends Omit<
  NewRun,
  'recipe' | 'studentId' | 'metric' | 'ownQuestions' | 'experiment'
> {
  name: string;
  /** As `ExperimentRecord` has it. */
  spec: string;
}

export type Command =
  /**
   * Adds files to a dataset (null: a new one) and joins again. Resolves also when some problem remains: see the record.
   * `maps` are those of earlier files, by their layout.
   */
  | {
      type: 'import-files';
      datasetId: string | null;
      files: { file: File; split: Split | null }[];
      maps?: KnownMaps;
      /** Where all of these are from, as in `DatasetRecord`. */
      hub?: string | undefined;
    }
  /** Reads a file, and those of the same columns, by a map; null: as its layout is recognised. */
  | { type: 'map-columns'; datasetId: string; fileId: string; map: ColumnMap | null }
  | { type: 'remove-file'; datasetId: string; fileId: string }
  | { type: 'assign-split'; datasetId: string; fileId: string; split: Split }
  /** Reads and joins a dataset's files again, with what a person switched on or decided. */
  | { type: 'change-reading'; datasetId: string; reading: DatasetReading }
  /** Reads them as a run's were: its maps where their columns are there, what was switched on, drawn and decided. */
  | { type: 'read-as-kept'; datasetId: string; kept: KeptReading }
  /**
   * Gives training rows the reasons that a teacher was asked for, as a file of the dataset; an earlier one of the same
   * teacher is replaced. The sample stays what it is: a copy of it gets them.
   */
  | { type: 'take-reasons'; datasetId: string; teacher: string; rows: readonly TaughtRow[] }
  /** Stores the bundled sample as a dataset. */
  | { type: 'load-sample' }
  /** Token lengths under a student's tokenizer; writes `lengths` of the dataset. */
  | {
      type: 'measure-lengths';
      datasetId: string;
      studentId: string;
      maxInputTokens: number;
      maxTargetTokens: number;
    }
  /** Reads, checks and stores a dropped Hugging Face folder. */
  | {
      type: 'import-student';
      files: { path: string; file: File }[];
      /** The student that a folder of adapters is put on. */
      baseId: string | null;
      /** Where they are from: `owner/name@commit`. */
      hub?: string;
    }
  /** Stores a smaller copy of a student. The rows of the dataset say which pieces stay. */
  | { type: 'reduce-student'; studentId: string; datasetId: string | null; wishes: ReductionWishes }
  /** Stores a copy of a student with pieces for the characters that the dataset's labels lose. */
  | { type: 'add-pieces'; studentId: string; datasetId: string }
  /** Losses of a reduced student and of what it was made from on the first rows; written to its record. */
  | { type: 'measure-reduction'; studentId: string; datasetId: string; recipe: Recipe }
  /** Floating-point operations of a training step, by the plan's count, for each configuration. */
  | {
      type: 'estimate-steps';
      configs: readonly T5Config[];
      shape: TrainingShape;
      freeze: readonly StudentPart[];
    }
  /** What a run takes on the engine that will run it, by the plan's count, for each configuration. */
  | {
      type: 'estimate-memory';
      configs: readonly T5Config[];
      recipe: Recipe;
      lengths: RowLengths;
      request: EngineRequest;
    }
  /** Makes the bundled student's record known to the store (idempotent). */
  | { type: 'load-bundled-student' }
  /** What is stored in this browser, and how large it is. */
  | { type: 'measure-storage' }
  /** What this machine offers. */
  | { type: 'probe' }
  /**
   * Takes the first steps of a run to come, to time them. Cancelled where something else is asked for meanwhile. Refused
   * while a run is at work.
   */
  | { type: 'rehearse'; run: NewRun }
  /** Takes steps of a run to come at growing learning rates. Cancelled and refused as `rehearse` is. */
  | { type: 'test-rates'; run: NewRun }
  /** Resolves with the run's id once it is stored; the run itself is told by events. */
  | { type: 'start-run'; run: NewRun }
  /**
   * Goes on with a run that was interrupted, stopped or failed, from its newest checkpoint that is whole; a run
   * that never had one begins again with step 1. Where it had some and none is whole, it does so with `fromStart` alone.
   * Refused while another tab holds the run.
   * `engine` is another one than it had; null keeps it.
   */
  | { type: 'resume-run'; runId: string; engine: EngineChoice | null; fromStart: boolean }
  /**
   * Stores an experiment and trains its runs, one after the other; each is told by events as any run is. Resolves once it
   * is stored. Refused while another is at work.
   */
  | { type: 'start-experiment'; experiment: NewExperiment }
  /** Trains what is left of an experiment; its run that was interrupted resumes from its checkpoint. */
  | { type: 'resume-experiment'; experimentId: string }
  /** No further run begins. The run at work is paused, stopped and kept, or trained to its end. */
  | { type: 'halt-experiment'; experimentId: string; how: 'pause' | 'stop' | 'after this run' }
  /** Lets an interrupted run be: what its last checkpoint holds is what it ends with. */
  | { type: 'leave-stopped'; runId: string }
  /** Asks for a checkpoint after the current step; a no-op where there is nothing to save. */
  | { type: 'save' }
  /** Counts from the press on that began a run: one that is still being prepared pauses before its first step. */
  | { type: 'pause' }
  | { type: 'resume' }
  /**
   * Ends the run after the current step; what was learnt is kept, compared and can be exported. One that is still being
   * prepared ends at once, and the command that began it is cancelled.
   */
  | { type: 'stop' }
  /** Stops an evaluation or comparison under way, not the run. */
  | { type: 'skip-evaluation' }
  /** Compares base, distilled and teacher with the weights of this moment (paused) or the stored ones (ended). */
  | {
      type: 'compare';
      runId: string;
      testRows: number | null;
      /** How answers are chosen. Left out: as the recipe has it. */
      generation?: Recipe['generation'];
    }
  /**
   * Base and distilled student answer a question: between two steps of the run at work, whose training continues
   * unchanged, or with the stored weights of one that has ended.
   */
  | { type: 'ask'; runId: string; question: string; asking: Asking }
  /** The distilled student answers a file of questions; cancelled, what was answered by then comes back. */
  | { type: 'ask-file'; runId: string; file: File; asking: Asking }
  /** The person's own questions of the run at work, from its next evaluation on; nothing where it is another. */
  | { type: 'watch-questions'; runId: string; questions: readonly string[] }
  /** The distilled student as a zip, with a card of the run's figures. */
  | { type: 'export-model'; runId: string; dtype: WrittenFloat }
  /** The same for ONNX runtimes and transformers.js: see export/onnx/folder.ts. */
  | { type: 'export-onnx'; runId: string; storage: OnnxStorage; withPast: boolean }
  /** The files of a repository on a hub: the Hugging Face folder, and ONNX beside it where a storage is named. */
  | {
      type: 'pack-upload';
      runId: string;
      /** The repository's name, for its card. */
      repository: string;
      dtype: WrittenFloat;
      storage: OnnxStorage | null;
    }
  /** One page that answers by itself: see export/demo/page.ts. */
  | { type: 'export-demo'; runId: string }
  /** The distilled student with a server in Python, as a zip: see export/server-folder.ts. */
  | { type: 'export-server'; runId: string; storage: ServedStorage }
  /** A run as a project for more machines than one, as a zip: one to come, or a stored one. See export/scale-folder.ts. */
  | { type: 'export-project'; of: { runId: string } | { run: NewRun } }
  /** The whole run as a zip: see export/run-archive.ts. */
  | { type: 'export-run'; runId: string }
  /** Stores an exported run under its own id. */
  | { type: 'import-run'; file: File }
  /** Stores a run out of the folder that a terminal or a project for more machines wrote it to: see run-folder.ts. */
  | { type: 'import-run-folder'; name: string; files: { path: string; file: File }[] }
  /** Measures a student of fixed shape on every engine of this browser. Refused while a run is at work. */
  | { type: 'bench'; model: ModelName };

export interface ReductionWishes {
  /** Null keeps the whole vocabulary. `size` of null keeps no more than must be kept. */
  vocabulary: { size: number | null; dropRare: boolean } | null;
  /** Null keeps all. */
  encoder: LayerChoice | null;
  decoder: LayerChoice | null;
  /** Null keeps the precision. */
  dtype: WrittenFloat | null;
}

export type CommandType = Command['type'];
export type CommandOf<Type extends CommandType> = Extract<Command, { type: Type }>;

/** What `probe` found. */
export interface Machine {
  gpu: {
    kind: 'none' | 'software' | 'hardware';
    description: string;
    /** How it compared with the CPU when it was first trained on; null where nothing has been trained on it. */
    proof: GpuProof | null;
  };
  crossOriginIsolated: boolean;
  threads: number;
  /** What would be used without a choice; the engine says why once it is open. */
  backend: BackendName;
}

export type { Rehearsal };

/** What one engine reached. */
export interface BenchRow extends Omit<Measured, 'timing'> {
  /** Median. */
  msPerStep: number;
  msMin: number;
  msMax: number;
  /** All operations of the plan's step by the time of a step. */
  gflops: number;
  /** Against the plan's matrix products alone on one thread; null for all but wasm on one thread. */
  roofShare: number | null;
}

export interface BenchReport {
  model: ModelName;
  /** Floating-point operations of a step, by the plan's count. */
  flops: number;
  /** The plan's matrix products run alone on one thread, at best. */
  roofGflops: number;
  rows: BenchRow[];
  /** Engines that failed, each with its words. */
  leftOut: { engine: BenchRow['engine']; why: string }[];
}

/** Answers to the first questions of a file, or to all. */
export interface AnsweredFile extends AnsweredSome {
  questions: Question[];
  /** The step of the weights that answered. */
  step: number;
}

export interface Results {
  'import-files': { datasetId: string; problems: ErrorReport[] };
  'remove-file': null;
  'assign-split': null;
  'map-columns': null;
  'change-reading': null;
  'read-as-kept': null;
  'take-reasons': { datasetId: string };
  'load-sample': { datasetId: string };
  'measure-lengths': null;
  'import-student': { studentId: string };
  'reduce-student': { studentId: string };
  'add-pieces': { studentId: string };
  'measure-reduction': null;
  'estimate-steps': number[];
  'estimate-memory': MemoryOfRun[];
  'load-bundled-student': { studentId: string };
  'measure-storage': StoredSizes;
  probe: Machine;
  rehearse: Rehearsal;
  'test-rates': FoundRate;
  'start-run': { runId: string };
  'resume-run':
    | { kind: 'resumed'; step: number; damaged: string[] }
    /** No checkpoint is whole: nothing was changed, and a person is asked whether it begins again with step 1. */
    | { kind: 'nothing-whole'; words: string };
  'leave-stopped': null;
  'start-experiment': { experimentId: string };
  'resume-experiment': null;
  'halt-experiment': null;
  save: null;
  pause: null;
  resume: null;
  stop: null;
  'skip-evaluation': null;
  compare: null;
  ask: Asked;
  'ask-file': AnsweredFile;
  'watch-questions': null;
  'export-model': { blob: Blob; fileName: string };
  'export-onnx': { blob: Blob; fileName: string };
  'pack-upload': { files: { path: string; blob: Blob }[] };
  'export-demo': { blob: Blob; fileName: string };
  'export-server': { blob: Blob; fileName: string };
  'export-project': { blob: Blob; fileName: string };
  'export-run': { blob: Blob; fileName: string };
  'import-run': { runId: string };
  'import-run-folder': { runId: string };
  bench: BenchReport;
}

/** What happens in a run, as it happens. The store already holds it when the event arrives. */
export type RunEvent =
  | { type: 'state'; state: RunState }
  | { type: 'engine'; description: TrainerDescription }
  | { type: 'metrics'; points: MetricsPoint[] }
  | { type: 'evaluation'; evaluation: Evaluation }
  /** The run is again what it was at this step: later points and evaluations are gone. */
  | { type: 'trimmed'; step: number }
  /** It was not begun after all: its record says what it is. */
  | { type: 'left' }
  /** The run's record changed otherwise (comparison, saved weights): read it again. */
  | { type: 'record' };

export type WorkerMessage =
  /** The worker has begun, and holds the lock of its name (life.ts). */
  | { type: 'alive' }
  /** A run is at work, and nothing happened that is worth telling. */
  | { type: 'sign' }
  | { type: 'result'; id: number; result: Results[CommandType] }
  | { type: 'failed'; id: number; error: ErrorReport }
  /** It was cancelled, and nothing came of it. */
  | { type: 'cancelled'; id: number }
  | { type: 'progress'; id: number; what: string; done: number; total: number }
  | { type: 'run'; runId: string; event: RunEvent };

/** What the page sends. Any command can be cancelled: what can stop midway does, between two pieces of its work. */
export type PageMessage = { type: 'command'; id: number; command: Command } | { type: 'cancel'; id: number };

/** What a run takes; and where that is more than its engine can have, what would fit, in words. */
export interface MemoryOfRun extends RunMemory {
  engine: 'wasm' | 'wgsl';
  problem: string | null;
  /** Changes of the recipe that make it fit. */
  reliefs: { key: Relief['key']; words: string; steadyBytes: number }[];
}
