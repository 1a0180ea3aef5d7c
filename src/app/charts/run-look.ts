/** How a run is drawn, everywhere: a colour, and a dash as the second sign for those who cannot tell the colours apart. */
import { signOf } from '../../store/run-sign.ts';
import type { RunRecord } from '../../store/records.ts';
import type { LineSeries, RunToken } from './chart.ts';

const tokens: readonly RunToken[] = [
  '--run-1',
  '--run-2',
  '--run-3',
  '--run-4',
  '--run-5',
  '--run-6',
  '--run-7',
  '--run-8',
];
const dashes: readonly number[][] = [[], [8, 4], [2, 3], [10, 3, 2, 3], [4, 2], [14, 4]];
/** Both lists come back together after so many signs: the dashes are moved by one then. */
const round = 24;

export type RunLook = Required<Pick<LineSeries, 'token' | 'dash'>>;

/** Each sign below `signCount` looks like no other. */
export function runLook(run: Pick<RunRecord, 'id' | 'sign'>): RunLook {
  const sign = signOf(run);
  return {
    token: tokens[sign % tokens.length]!,
    dash: dashes[(sign + Math.floor(sign / round)) % dashes.length]!,
  };
}
