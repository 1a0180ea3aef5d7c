/** How rows were read, beyond what their files say of themselves. */
import { formatColumnMap, type ColumnMap } from './column-map.ts';

/** As it is kept with a run: keys and words are those of the terminal's `job.json`. */
export interface KeptReading {
  /** Which column is what, as `--map` takes it. */
  map?: string;
}

/** What to keep of a dataset's reading; null where its files were read as they are. */
export function keptReading(files: readonly { split: string | null; map?: ColumnMap }[]): KeptReading | null {
  const mapped = files.filter(({ map }) => map !== undefined);
  const train = mapped.find(({ split }) => split === 'train') ?? mapped[0];
  const kept: KeptReading = train?.map === undefined ? {} : { map: formatColumnMap(train.map) };
  return Object.keys(kept).length === 0 ? null : kept;
}
