import { formatCount } from '../../base/units.ts';
import { leavePredictions, type DroppedPredictions } from '../state/dropped-predictions.ts';
import { Button } from '../ui/button.tsx';
import { Notice } from '../ui/notice.tsx';
import { Ledger } from './ledger-view.tsx';
import { MetricsTable } from './metrics-table.tsx';
import { ThreeNumbers } from './three-numbers.tsx';

/** A comparison out of a file of predictions: counted again from the answers, kept nowhere. */
export function DroppedComparison({
  dropped: { fileName, predictions, accuracy },
}: {
  dropped: DroppedPredictions;
}) {
  return (
    <>
      <Notice kind="info" title={`The answers in ${fileName}`}>
        <p>
          {formatCount(predictions.length)} test rows, counted here from the answers in the file. They belong
          to no run in this browser and are not stored.
        </p>
        <p>
          <Button small onClick={leavePredictions}>
            Back to the runs of this browser
          </Button>
        </p>
      </Notice>
      <ThreeNumbers comparison={accuracy} recipe={null} predictions={predictions} />
      <MetricsTable comparison={accuracy} />
      <Ledger runId={fileName} predictions={predictions} />
    </>
  );
}
