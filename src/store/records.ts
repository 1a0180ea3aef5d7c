/** What is kept in IndexedDB, record by record. The worker writes; the page and the worker read. */
import type { ErrorReport } from '../base/errors.ts';
import type { CardAbout } from '../data/about.ts';
import type { ColumnMap } from '../data/column-map.ts';
import type { Example, Layout, Refusal, Tally } from '../data/example.ts';
import type { FileHead } from '../data/file-head.ts';
import type { LengthHistogram } from '../data/histogram.ts';
import type { Note } from '../data/notes.ts';
import type { KeptReading } from '../data/kept-reading.ts';
import type { DatasetReading } from '../data/reading.ts';
import type { AskedAlarm } from '../data/rejoin.ts';
import type { BySplit, Split } from '../data/split-name.ts';
import type { CheckpointFacts } from '../distill/checkpoint.ts';
import type { ComparedAccuracy } from '../distill/compare.ts';
import type { Recipe } from '../distill/recipe.ts';
import type { Evaluation, RunState } from '../distill/run-state.ts';
import type { WatchedMoment, WatchedQuestion } from '../distill/watched.ts';
import type { LostLabels } from '../distill/written-labels.ts';
import type { QueuedRun } from '../experiment/queue.ts';
import type { EngineChoice } from '../engine/choose.ts';
import type { BackendName, TrainerDescription } from '../engine/engine.ts';
import type { T5Config } from '../student/config.ts';
import type { Coverage } from '../student/coverage.ts';
import type { GenerationSettings } from '../student/own-generation.ts';

export type { Split };

/** A file that was dropped, as it was recognised. Its bytes are in `dataFiles`. */
export interface DataFileRecord {
  id: string;
  name: string;
  sizeBytes: number;
  layout: Layout;
  /** Its name within the archive that was dropped, where it was in one. */
  within?: string;
  /** Null where it is not clear; `problems` of the dataset says why. */
  split: Split | null;
  /** True where the person said so, rather than the file's name or row count. */
  splitChosen: boolean;
  /** Rows that can be used. */
  rows: number;
  refused: Refusal[];
  /** Which column is what, where a person said so. */
  map?: ColumnMap;
  /** Why nobody knows yet which column is what: such a file gives no rows until a person says so. */
  unread?: string;
  /** Its columns and first rows; not in records of earlier versions. */
  head?: FileHead;
}

/** A note on a split's rows; records of earlier versions have the kind and the count alone. */
export type StoredNote = Omit<Note, 'text'> & { text?: string };

/** What one split came to, once its dataset file and its rationales were joined. */
export interface SplitSummary {
  rows: number;
  /** Rows with a rationale. */
  rationales: number;
  refused: (Refusal & { file: string })[];
  teacher: Tally | null;
  lint: StoredNote[];
  /** Rationales that seem to belong to other rows, until the person decides what to do with them. */
  alarm?: AskedAlarm;
  /** Files of several teachers that answer these rows. */
  teachers?: string[];
  /** What a person can say to have files joined that do not fit as they are. */
  offer?: JoinOffer;
  /** Where these rows are from, where no file is for them: drawn, or of a column of the training file. */
  from?: 'column' | 'drawn';
}

/** To join those alone that match by id or input; to say which of a row's answers counts. */
export type JoinOffer = 'only-matching' | 'several-answers';

/** Token lengths of a split under one student's tokenizer. */
export interface LengthReport {
  studentId: string;
  input: LengthHistogram;
  label: LengthHistogram;
  rationale: LengthHistogram | null;
  /** Rows that the recipe's limits would cut. */
  truncatedInputs: number;
  truncatedTargets: number;
  maxInputTokens: number;
  maxTargetTokens: number;
  /** How well the student's vocabulary knows these rows; not in records of earlier versions, which are measured again. */
  coverage?: Coverage;
  /** Labels that the student cannot write back as they are; as above. */
  lostLabels?: LostLabels;
}

/** Rows of a large file, which are stored apart from the dataset's others (rows.ts). */
export interface StoredRows {
  id: string;
  rows: number;
  /** As `digestRows` has it. */
  sha256: string;
  /** The first row without a label of the teacher's; null where all have one. */
  firstUntaught: number | null;
}

export interface DatasetRecord {
  id: string;
  name: string;
  createdAt: number;
  /** True for the sample that comes with the studio. */
  sample: boolean;
  /** Where it is from, of rows that came from a hub: `owner/name@commit:configuration`. */
  hub?: string;
  files: DataFileRecord[];
  /** What a person switched on or decided. */
  reading?: DatasetReading;
  splits: BySplit<SplitSummary>;
  /** Splits whose rows are those of a large file. */
  stored?: Partial<Record<Split, StoredRows>>;
  /** What keeps the files from being joined (counts that differ, rationales without rows), in words. */
  problems: ErrorReport[];
  lengths: BySplit<LengthReport>;
}

export interface RowsSlice {
  rowsId: string;
  slice: number;
  examples: Example[];
}

export interface ExampleChunk {
  datasetId: string;
  split: Split;
  chunk: number;
  examples: Example[];
}

/** A teacher that was asked for the rows of a dataset. Its key is in no record. */
export interface TeacherRecord {
  datasetId: string;
  teacherId: string;
  /** When it was last set up or asked. */
  usedAt: number;
  /** How it is asked, as `desk/setup.ts` has it; read by its schema. */
  setup: unknown;
}

export interface StudentRecord {
  id: string;
  name: string;
  /** `bundled` students are fetched from the studio's own origin; the others are in `studentFiles`. */
  source: 'bundled' | 'folder' | 'reduced' | 'extended';
  createdAt: number;
  config: T5Config;
  parameters: number;
  /** Bytes of the weights as stored. */
  sizeBytes: number;
  storedDtype: string;
  notes: string[];
  /** What its generation_config.json asks for, where that is not greedy and a run can measure with it. */
  ownGeneration?: GenerationSettings;
  /** SHA-256 over the files that it is read from. Missing in records of earlier versions. */
  sha256?: string;
  /** Where it is from, of students that came from a hub: `owner/name@commit`. */
  hub?: string;
  /** Of `reduced` students: what they were made from. */
  reduction?: Reduction;
}

/** Bytes of a student's folder, by the precision of its weights (f16 and bf16 are as large). */
export interface DownloadSize {
  f32: number;
  f16: number;
}

/** A student before it was reduced, and what reducing it cost. */
export interface Reduction {
  fromId: string;
  fromName: string;
  fromConfig: T5Config;
  fromDtype: string;
  download: { before: DownloadSize; after: DownloadSize };
  /** Null until it was measured. */
  loss: ReductionLoss | null;
}

export interface BeforeAfter {
  before: number;
  after: number;
}

/** Mean token losses on the same rows, nothing trained. */
export interface ReductionLoss {
  datasetName: string;
  rows: number;
  answer: BeforeAfter;
  /** Null where no row has a rationale. */
  rationale: BeforeAfter | null;
  /** How fast the forward passes were: the plan's floating-point operations a second. */
  flopsPerSecond: BeforeAfter;
  engine: string;
}

/** Accuracy of everybody on the same test rows. */
export interface Comparison {
  base: Tally;
  distilled: Tally;
  /** Null where no teacher labels came with the test rows. */
  teacher: Tally | null;
  /** As in `ComparedAccuracy`. */
  rawText?: ComparedAccuracy['rawText'];
  metrics?: ComparedAccuracy['metrics'];
  /** How answers were chosen. Missing where that was as the recipe has it. */
  generation?: Recipe['generation'] | undefined;
  /** The step whose weights were compared. */
  step: number;
}

/** The recipe that a run's figures were measured by: another choice of answers may have been asked for since. */
export function measuredRecipe({ recipe, comparison }: Pick<RunRecord, 'recipe' | 'comparison'>): Recipe {
  const generation = comparison?.generation;
  return generation === undefined ? recipe : { ...recipe, generation };
}

/** What a person writes on a run. It has its own way into the store (`labelRun`), also while a worker is at work. */
export interface RunLabels {
  name: string;
  note?: string;
  /** Pinned runs stand first. */
  pinned?: boolean;
  /** What only a person can say for the model card. */
  about?: CardAbout;
  /** Words that a person sorts runs by. */
  tags?: string[];
  /** When it was deleted: until the way back is closed (`undoMs`) it is hidden, not gone. */
  deletedAt?: number;
}

export interface RunRecord extends RunLabels {
  id: string;
  /**
   * How often a worker has taken over the run (`takeRun`). A write under an earlier one is refused: that worker was
   * replaced, and what it knows of the run is old. Missing in records of earlier versions.
   */
  revision?: number;
  /** Chooses its colour and dash: see run-sign.ts. Missing in records of earlier versions. */
  sign?: number;
  createdAt: number;
  datasetId: string;
  datasetName: string;
  studentId: string;
  studentName: string;
  /** What it needs of its student, in `keptStudents`. Missing in records of earlier versions. */
  keptStudent?: string;
  /** SHA-256 of the whole student (`StudentRecord.sha256`): one that comes back is known by it. */
  studentSha256?: string;
  /** As `StudentRecord.hub`. */
  studentHub?: string;
  recipe: Recipe;
  /** How its rows were read; missing where files were read as they are, and in records of earlier versions. */
  reading?: KeptReading;
  /** Test rows used for accuracy and comparison; null for all. */
  testRows: number | null;
  /** What the person chose; null for “the best there is”. */
  engineChoice: EngineChoice | null;
  backend: BackendName | null;
  state: RunState;
  /** When the worker last said that it is alive. */
  heartbeatAt: number;
  engine: TrainerDescription | null;
  evaluations: Evaluation[];
  /** Of runs that measured accuracy on the way: what the student made of the same few questions. */
  watched?: { questions: WatchedQuestion[]; moments: WatchedMoment[] };
  /** Questions of the person's own that are asked beside them. */
  ownQuestions?: string[];
  comparison: Comparison | null;
  /** Steps taken so far. */
  step: number;
  /** Rows that it is trained on. */
  trainRows: number;
  /** The share of the training rows that it is trained on, drawn by its seed; missing where that is all of them. */
  fraction?: number;
  /** The experiment that it belongs to, in `experiments`. */
  experimentId?: string;
  /** SHA-256 of the training rows; null for runs from before it was kept. */
  rowsSha256: string | null;
  /** The step whose weights are stored; null for none. */
  savedStep: number | null;
  /** The step whose weights are compared and taken away, where that is an earlier one: see `weightsStep`. */
  takenStep?: number;
  /** Of runs that came as a file. Most have weights without moments, so that nobody resumes them. */
  imported?: { fileName: string; at: number; goesOn?: boolean };
}

/** A checkpoint that is whole: its files are named only once they are. */
export interface CheckpointRecord extends CheckpointFacts {
  runId: string;
  id: string;
  createdAt: number;
  /** Files of this origin, or slices in `checkpointSlices`. */
  where: 'files' | 'database';
  /** Test accuracy at this step; null where it was not measured. */
  accuracy: Tally | null;
  /** Loss of the step. */
  loss: number | null;
}

/** The step of the weights that are compared, asked and taken away; null where none are stored. */
export function weightsStep({
  takenStep,
  savedStep,
}: Pick<RunRecord, 'takenStep' | 'savedStep'>): number | null {
  return takenStep ?? savedStep;
}

/** Texts of a student's files, by name within a Hugging Face folder. */
export type KeptTexts = Record<string, string>;

/** What runs need of a student beside weights: see kept-students.ts. */
export interface KeptStudent {
  /** SHA-256 of `files`: runs refer to it. */
  digest: string;
  files: KeptTexts;
}

/** Many runs that differ in what is varied. Each of its runs is one of `runs` once it has begun. */
export interface ExperimentRecord {
  id: string;
  name: string;
  createdAt: number;
  datasetId: string;
  datasetName: string;
  /** SHA-256 of the training rows and of the test rows that it began with. */
  rowsSha256: string;
  testSha256: string;
  /** What `parseSpec` reads; students are named by their ids in `students`. */
  spec: string;
  /** As in `RunRecord`, for all of its runs. */
  testRows: number | null;
  engineChoice: EngineChoice | null;
  backend: BackendName | null;
  /** Whether its runs are to be trained, by whoever opens the studio next if necessary. */
  phase: 'running' | 'paused';
  /** Why it was paused, where no person did that. */
  problem?: string;
  /** In the order in which they are trained. */
  runs: QueuedRun[];
}
