import { formatPercent } from '../../base/units.ts';
import type { DatasetRecord } from '../../store/records.ts';
import { studio } from '../state/studio.ts';
import { CheckField } from '../ui/check-field.tsx';

/** What is set aside where no file has test rows. */
const offered = { share: 0.1, seed: 0 } as const;

/** Where no file has test rows: some of the training rows can be set aside. */
export function HoldOutOffer({ dataset }: { dataset: DatasetRecord }) {
  const { holdOut } = dataset.reading ?? {};
  const fromFiles = dataset.files.some(({ split }) => split === 'test');
  if (dataset.sample || fromFiles || !dataset.splits.train?.rows) return null;
  const { share, seed } = holdOut ?? offered;
  return (
    <CheckField
      label={`Hold out ${formatPercent(share, 0)} for test`}
      checked={holdOut !== undefined}
      onChange={(wanted) =>
        void (wanted ? studio.changeReading({ holdOut: offered }) : studio.holdOutNothing())
      }
      meaning={
        holdOut === undefined
          ? 'No file has test rows. Without them there is no comparison, and the student’s accuracy is not known.'
          : `Drawn by seed ${seed}, labels shared out evenly where they are few, no input on both sides.`
      }
    />
  );
}
