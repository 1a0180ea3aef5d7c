/** What a run needs to be done again elsewhere: names of files and numbers, never the data itself. */
import type { Recipe } from '../distill/recipe.ts';
import type { EngineChoice } from '../engine/choose.ts';
import type { BackendName } from '../engine/engine.ts';

/** The files of a dataset, by name. */
export interface JobData {
  train: string;
  trainRationales: string | null;
  test: string | null;
  testRationales: string | null;
  /** Rows to watch while it trains; left out where there are none. */
  validation?: string;
  validationRationales?: string;
}

/** For a student that is in no folder yet, as a comment of a shell or of Python. */
export const reducedNote =
  '# This student was made smaller in the studio: make it with `npm run headless -- reduce` first.';

export interface TrainJob {
  recipe: Recipe;
  /** The folder of the student; null for the bundled one. */
  student: string | null;
  /** True where the student was made in the studio, so that it is in no folder yet. */
  studentIsReduced: boolean;
  /** Null for the bundled sample. */
  data: JobData | null;
  /** Null for all. */
  testRows: number | null;
  /** What the person chose; null for the best there is. */
  engine: EngineChoice | null;
  backend: BackendName | null;
}
