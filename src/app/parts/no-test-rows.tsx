import { formatPercent } from '../../base/units.ts';
import { studio } from '../state/studio.ts';
import { currentDataset, useStudio } from '../state/studio-store.ts';
import { Button } from '../ui/button.tsx';
import { Notice } from '../ui/notice.tsx';

const offered = { share: 0.1, seed: 0 } as const;

/** Said before a run where the rows have none to test with, with the way to some. */
export function NoTestRows() {
  const dataset = useStudio(currentDataset);
  const busy = useStudio((state) => state.requests.data.busy);
  if (dataset === null || !dataset.splits.train?.rows || dataset.splits.test?.rows) return null;
  return (
    <Notice kind="warning" title={`${dataset.name} has no test rows`}>
      <p>
        A run on it ends without a comparison, and nobody knows how often the student is right. Add a file
        with test rows under Data, or set some of the training rows aside.
      </p>
      <p>
        <Button
          small
          reason={busy ? 'The files are being read.' : null}
          onClick={() => void studio.changeReading({ holdOut: offered })}
        >
          Hold out {formatPercent(offered.share, 0)} for test
        </Button>
      </p>
    </Notice>
  );
}
