/** What a run tells the kernels, as the 32 words that assembly/command.ts reads. */
import { pcg4d } from '../../base/random.ts';
import { adamConstants } from '../plan/adam.ts';
import type { Run } from '../plan/plan.ts';
import { countNames } from './commands.ts';

export const runBlockBytes = 128;

/** Where each thread's scratch memory is. */
export interface Scratch {
  address: number;
  bytes: number;
}

export function writeRunBlock(view: DataView, run: Run, scratch: Scratch): void {
  countNames.forEach((name, index) => view.setInt32(4 * index, run.counts[name], true));
  view.setInt32(36, Number(run.accumulate), true);
  view.setInt32(40, run.firstEncoderRow, true);
  view.setInt32(44, run.firstDecoderRow, true);
  view.setInt32(48, Number(run.dropout > 0), true);
  // Kept where bits ≥ rate · 2³²; bits are whole numbers.
  view.setUint32(52, Math.min(0xffff_ffff, Math.ceil(run.dropout * 0x1_0000_0000)), true);
  view.setFloat32(56, 1 / (1 - run.dropout), true);
  const key = new Uint32Array(4);
  pcg4d(run.seed, run.step, 0x5eed, 0, key);
  key.forEach((word, index) => view.setUint32(60 + 4 * index, word, true));
  view.setInt32(76, run.position, true);
  view.setFloat64(80, run.maxGradNorm, true);
  const { decay, stepSize, rootCorrection } = adamConstants(run, true);
  view.setFloat32(88, decay, true);
  view.setFloat32(92, stepSize, true);
  view.setFloat32(96, rootCorrection, true);
  view.setUint32(100, scratch.address, true);
  view.setUint32(104, scratch.bytes, true);
}
