/** What a run tells the kernels, as the 32 words that assembly/command.ts reads. */
import { dropoutNumbers } from '../dropout.ts';
import { adafactorConstants, adamConstants } from '../plan/optimizer-constants.ts';
import { countNames, type Run } from '../plan/plan.ts';

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
  const { key, threshold, keepScale } = dropoutNumbers({ rate: run.dropout, seed: run.seed, step: run.step });
  view.setUint32(52, Math.min(0xffff_ffff, threshold), true);
  view.setFloat32(56, keepScale, true);
  key.forEach((word, index) => view.setUint32(60 + 4 * index, word, true));
  view.setInt32(76, run.position, true);
  view.setFloat64(80, run.maxGradNorm, true);
  const { decay, stepSize, rootCorrection } = adamConstants(run, true);
  view.setFloat32(88, decay, true);
  view.setFloat32(92, stepSize, true);
  view.setFloat32(96, rootCorrection, true);
  view.setUint32(100, scratch.address, true);
  view.setUint32(104, scratch.bytes, true);
  const { keep, grow, learningRate, weightDecay } = adafactorConstants(run);
  [keep, grow, learningRate, weightDecay].forEach((value, index) =>
    view.setFloat32(108 + 4 * index, value, true),
  );
}
