import { RotateCw } from 'lucide-react';
import { formatCount } from '../../base/units.ts';
import { liveRun, useStudio } from '../state/studio-store.ts';
import { Button } from '../ui/button.tsx';
import { Notice } from '../ui/notice.tsx';

/** Says what becomes of this tab where another one has a newer, or an older, version of the studio. */
export function OtherVersion() {
  const other = useStudio((state) => state.otherVersion);
  const live = useStudio(liveRun);
  switch (other) {
    case null:
      return null;
    case 'waiting':
      return (
        <Notice kind="info" title="Waiting for another tab">
          <p>
            An older version of the studio is open there, and saves its run first. Close that tab if it takes
            long: a run resumes from its last checkpoint.
          </p>
        </Notice>
      );
    case 'superseded':
      return (
        <Notice kind="warning" title="A newer version of the studio is open in another tab">
          <p>
            It has the studio’s data now, so nothing more can be stored from here.{' '}
            {live === null
              ? 'Nothing is lost.'
              : live.state.phase === 'paused'
                ? `${live.name} was saved and paused at step ${formatCount(live.step)}; after a reload it can be resumed.`
                : `${live.name} is being saved and paused; wait for that, then reload and resume it.`}
          </p>
          <Button icon={RotateCw} onClick={() => location.reload()}>
            Reload this tab
          </Button>
        </Notice>
      );
    default:
      return other satisfies never;
  }
}
