/** The numbers of one run as kernels see them: 28 words of a uniform buffer (`Run` in kernels/common.wgsl). */
import { dropoutNumbers } from '../dropout.ts';
import { adafactorConstants, adamConstants } from '../plan/optimizer-constants.ts';
import { countNames, type Extent, type Run } from '../plan/plan.ts';

export const runBlockBytes = 112;

/** Words after the counts (`countNames`), as constants of every kernel. */
export const runWords = {
  ACCUMULATE_WORD: 9,
  /** Encoder, then decoder. */
  FIRST_ROW_WORD: 10,
  POSITION_WORD: 12,
  /** Of dropout: four words. */
  KEY_WORD: 13,
  THRESHOLD_WORD: 17,
  KEEP_SCALE_WORD: 18,
  STEP_SIZE_WORD: 19,
  DECAY_WORD: 20,
  ROOT_WORD: 21,
  MAX_NORM_WORD: 22,
  /** Adafactor's. */
  KEEP_WORD: 23,
  GROW_WORD: 24,
  RATE_WORD: 25,
  WEIGHT_DECAY_WORD: 26,
} as const;

/** A dimension as kernels read it: a number, or the highest bit and the number of a count. */
export function extentWord(extent: Extent): number {
  return typeof extent === 'number' ? extent : (0x8000_0000 | countNames.indexOf(extent)) >>> 0;
}

/** Writes a run; the host computes in double precision what the optimiser needs of it (see operations.ts). */
export function writeRunBlock(view: DataView, run: Run): void {
  const word = (index: number, value: number) => view.setUint32(4 * index, value, true);
  const float = (index: number, value: number) => view.setFloat32(4 * index, value, true);
  countNames.forEach((name, index) => word(index, run.counts[name]));
  word(runWords.ACCUMULATE_WORD, Number(run.accumulate));
  word(runWords.FIRST_ROW_WORD, run.firstEncoderRow);
  word(runWords.FIRST_ROW_WORD + 1, run.firstDecoderRow);
  word(runWords.POSITION_WORD, run.position);
  const { key, threshold, keepScale } = dropoutNumbers({ rate: run.dropout, seed: run.seed, step: run.step });
  key.forEach((value, index) => word(runWords.KEY_WORD + index, value));
  word(runWords.THRESHOLD_WORD, threshold);
  float(runWords.KEEP_SCALE_WORD, keepScale);
  const { decay, stepSize, rootCorrection } = adamConstants(run, true);
  float(runWords.STEP_SIZE_WORD, stepSize);
  float(runWords.DECAY_WORD, decay);
  float(runWords.ROOT_WORD, rootCorrection);
  float(runWords.MAX_NORM_WORD, run.maxGradNorm);
  const { keep, grow, learningRate, weightDecay } = adafactorConstants(run);
  float(runWords.KEEP_WORD, keep);
  float(runWords.GROW_WORD, grow);
  float(runWords.RATE_WORD, learningRate);
  float(runWords.WEIGHT_DECAY_WORD, weightDecay);
}
