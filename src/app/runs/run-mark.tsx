import type { RunRecord } from '../../store/records.ts';
import { runLook } from '../charts/run-look.ts';

/** A run's colour and dash as a short line: the sign by which it is known in every list and chart. */
export function RunMark({ run }: { run: Pick<RunRecord, 'id' | 'sign'> }) {
  const { token, dash } = runLook(run);
  return (
    <svg width="24" height="8" viewBox="0 0 24 8" aria-hidden="true" focusable="false">
      <path
        d="M1 4h22"
        fill="none"
        stroke={`var(${token})`}
        strokeWidth="2.5"
        strokeDasharray={dash.length === 0 ? undefined : dash.map((part) => part * 0.75).join(' ')}
      />
    </svg>
  );
}
