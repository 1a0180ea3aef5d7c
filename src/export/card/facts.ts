/** What a model card says of a run, and how texts of others are in it. */
import type { KeptReading } from '../../data/kept-reading.ts';
import type { ComparedAccuracy } from '../../distill/compare.ts';
import type { Recipe } from '../../distill/recipe.ts';
import type { Evaluation, MetricsPoint, Prediction } from '../../distill/run-state.ts';
import type { TrainerDescription } from '../../engine/engine.ts';
import type { WrittenFloat } from '../../formats/safetensors-writer.ts';
import type { OnnxStorage } from '../onnx/matrices.ts';
import type { CardAbout } from '../../data/about.ts';

/** Losses of one step. */
export type CardLosses = Pick<MetricsPoint, 'step' | 'answerLoss' | 'rationaleLoss'>;

/** What stands beside the card: a folder for transformers, for ONNX runtimes, both behind a server, or a repository on a hub. */
export type CardForm =
  | { kind: 'model' }
  | { kind: 'onnx'; storage: OnnxStorage }
  | { kind: 'server'; storage: OnnxStorage }
  /** Of graphs there may be none. */
  | { kind: 'hub'; repository: string; storage: OnnxStorage | null };

export interface ModelCardFacts {
  /** What the student is called now: the card's title. */
  name: string;
  form: CardForm;
  /** The student that was distilled. */
  baseStudent: string;
  /** Its name on a hub, where it is from there. */
  baseModel?: string | null;
  parameters: number;
  recipe: Recipe;
  datasetName: string;
  /** Rows trained on. */
  trainRows: number;
  /** How they were read; missing where the files were read as they are. */
  reading?: KeptReading;
  /** What was noticed of the training rows, in words; null where that is no longer known. */
  notes?: readonly string[] | null;
  /** What a person says of licence and data. */
  about?: CardAbout;
  /** Steps taken; fewer than the recipe's where the run was stopped. */
  steps: number;
  /** True where it ended before the last step since the measurements got no better. */
  early?: boolean;
  /** The step of these weights, where they are not the last; and what chose them. */
  takenStep?: number | null;
  chosenBy?: 'validation' | 'test';
  /** All on the same test rows; null where nothing was tested. */
  accuracy: ComparedAccuracy | null;
  /** The first and the last step; null where none was taken. */
  losses: { first: CardLosses; last: CardLosses } | null;
  /** The steps and measurements that the curves are drawn of. */
  curves: { points: readonly MetricsPoint[]; evaluations: readonly Evaluation[] };
  elapsedMs: number;
  /** Every test row and what was made of it; none where nothing was tested. */
  predictions: readonly Prediction[];
  engine: Pick<TrainerDescription, 'engine' | 'backend' | 'adapter'> | null;
  dtype: WrittenFloat;
  /** What rounding to `dtype` does to answers; left out where it was not measured. */
  rounding?: { rows: number; differing: number } | null;
}

/** Text from files and people as Markdown that shows it literally, on one line. */
export function escapeMarkdown(text: string): string {
  return text
    .replace(/\s+/g, ' ')
    .trim()
    .replace(/[\\`*_[\]#|~$:@]/g, '\\$&')
    .replace(/www\./gi, (match) => `${match.slice(0, 3)}\\.`)
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;');
}

/** Text in a code block whose fence is longer than any in it. */
export function codeBlock(text: string, language = 'text'): string[] {
  const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map(([ticks]) => ticks.length));
  const fence = '`'.repeat(longest + 1);
  return [`${fence}${language}`, text, fence];
}
