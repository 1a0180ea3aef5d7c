import { EmptyState } from '../ui/empty-state.tsx';

/** Before the first run: what two curves will look like, faint. */
export function EmptyCurves() {
  return (
    <EmptyState
      picture={
        <svg viewBox="0 0 620 220" width="100%" fill="none" focusable="false">
          {[20, 70, 120, 170].map((y) => (
            <path key={y} d={`M20 ${y}h590`} stroke="var(--line)" />
          ))}
          <path d="M20 24C90 120 150 160 260 172S470 182 610 184" stroke="var(--answer)" strokeWidth="2.5" />
          <path
            d="M20 36C110 92 180 128 300 146S490 160 610 164"
            stroke="var(--rationale)"
            strokeWidth="2.5"
            strokeDasharray="7 5"
          />
        </svg>
      }
    >
      Here the answer’s loss and the rationale’s loss will fall, step by step, and the test accuracy rise
      below them.
    </EmptyState>
  );
}
