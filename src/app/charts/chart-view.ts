/** How curves are looked at: smoothing, axes, and the part of x that is shown. One view for all charts of a screen. */
import { useCallback, useRef, useState } from 'react';
import { keepChoice, readChoice } from '../state/choices.ts';
import { maxSmoothing } from './smoothing.ts';

export type XAxis = 'step' | 'time' | 'examples';

export interface ChartView {
  /** 0 for none. */
  smoothing: number;
  logY: boolean;
  x: XAxis;
}

export const plainView: ChartView = { smoothing: 0.6, logY: false, x: 'step' };

/** A stored view; what is not one of ours is left at its default. */
export function parseChartView(text: string | null): ChartView {
  if (text === null) return plainView;
  try {
    const { smoothing, logY, x } = JSON.parse(text) as Partial<Record<keyof ChartView, unknown>>;
    return {
      smoothing:
        typeof smoothing === 'number' && smoothing >= 0 && smoothing <= maxSmoothing
          ? smoothing
          : plainView.smoothing,
      logY: logY === true,
      x: x === 'time' || x === 'examples' ? x : 'step',
    };
  } catch {
    return plainView;
  }
}

/** The view that was chosen last in this browser, and the way to change it, which is always the same function. */
export function useChartView(): [ChartView, (part: Partial<ChartView>) => void] {
  const [view, setView] = useState(() => parseChartView(readChoice('chart-view')));
  const latest = useRef(view);
  const change = useCallback((part: Partial<ChartView>): void => {
    latest.current = { ...latest.current, ...part };
    setView(latest.current);
    keepChoice('chart-view', JSON.stringify(latest.current));
  }, []);
  return [view, change];
}
