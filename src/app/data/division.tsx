import { formatPercent } from '../../base/units.ts';
import type { DatasetRecord } from '../../store/records.ts';
import { studio } from '../state/studio.ts';
import { CheckField } from '../ui/check-field.tsx';
import { SelectField } from '../ui/field.tsx';
import styles from './division.module.css';

/** What is set aside where no file has such rows. */
const offered = { share: 0.1, seed: 0 } as const;
/** Parts of the training rows that are offered; the research code's own are halves of halves. */
const parts = [0.5, 0.25, 0.125] as const;

/** Which rows are for what, beyond what files say: a column, drawn rows, a part of them. */
export function Division({ dataset }: { dataset: DatasetRecord }) {
  const { reading = {}, splits } = dataset;
  if (dataset.sample || !splits.train?.rows) return null;
  const { holdOut, validation, subsample, splitColumn } = reading;
  const hasFile = (split: 'validation' | 'test'): boolean =>
    dataset.files.some((file) => file.split === split);
  const isOf = (split: 'validation' | 'test'): boolean => splits[split]?.from === 'column';
  const followed = isOf('test') || isOf('validation');
  return (
    <div className={styles['division']}>
      {(followed || splitColumn === null) && (
        <CheckField
          label="Follow the column with splits"
          checked={splitColumn !== null}
          onChange={(wanted) => void studio.changeReading({ splitColumn: wanted ? undefined : null })}
          meaning="Each row says what it is for. Without it, all rows are trained on."
        />
      )}
      {!hasFile('test') && !isOf('test') && (
        <CheckField
          label={`Hold out ${formatPercent((holdOut ?? offered).share, 0)} for test`}
          checked={holdOut !== undefined}
          onChange={(wanted) => void studio.changeReading({ holdOut: wanted ? offered : undefined })}
          meaning={
            holdOut === undefined
              ? 'No file has test rows. Without them there is no comparison, and the student’s accuracy is not known.'
              : drawnWords(holdOut.seed)
          }
        />
      )}
      {!hasFile('validation') && !isOf('validation') && (
        <CheckField
          label={`Hold out ${formatPercent((validation ?? offered).share, 0)} for validation`}
          checked={validation !== undefined}
          onChange={(wanted) => void studio.changeReading({ validation: wanted ? offered : undefined })}
          meaning={
            validation === undefined
              ? 'Rows to watch while it trains, and to choose the best step by, so that test rows choose nothing.'
              : drawnWords(validation.seed)
          }
        />
      )}
      <SelectField
        label="Train on"
        value={subsample === undefined ? '1' : String(subsample.share)}
        onChange={(share) =>
          void studio.changeReading({
            subsample: share === '1' ? undefined : { share: Number(share), seed: subsample?.seed ?? 0 },
          })
        }
        options={[
          { value: '1', label: 'all training rows' },
          ...[...new Set([...parts, ...(subsample === undefined ? [] : [subsample.share])])]
            .filter((share) => share < 1)
            .map((share) => ({
              value: String(share),
              label: `${Number((share * 100).toFixed(2))} % of them`,
            })),
        ]}
        {...(subsample === undefined
          ? {}
          : { meaning: `Drawn by seed ${subsample.seed}, as the research code’s subsample draws them.` })}
      />
    </div>
  );
}

function drawnWords(seed: number): string {
  return `Drawn by seed ${seed}, labels shared out evenly where they are few, no input on both sides.`;
}
