/** The numbers of one run as kernels see them: 24 words of a uniform buffer (`Run` in kernels/common.wgsl). */
import { pcg4d } from '../../base/random.ts';
import type { CountName, Counts, Run } from '../plan/plan.ts';

export const runBlockBytes = 96;

/** Order of the counts, which come first. */
export const countNames = [
  'encoderRows',
  'decoderRows',
  'answerRows',
  'encoderSequences',
  'decoderSequences',
  'encoderTiles',
  'decoderTiles',
  'distinctIds',
  'generationRows',
] as const satisfies readonly (keyof Counts)[];

/** Words after the counts, as constants of every kernel. */
export const runWords = {
  ACCUMULATE_WORD: 9,
  /** Encoder, then decoder. */
  FIRST_ROW_WORD: 10,
  POSITION_WORD: 12,
  /** pcg4d(seed, step, 0x5eed, 0): four words. */
  KEY_WORD: 13,
  THRESHOLD_WORD: 17,
  KEEP_SCALE_WORD: 18,
  STEP_SIZE_WORD: 19,
  DECAY_WORD: 20,
  ROOT_WORD: 21,
  MAX_NORM_WORD: 22,
} as const;

/** A dimension as kernels read it: a number, or the highest bit and the number of a count. */
export function extentWord(extent: number | CountName): number {
  return typeof extent === 'number' ? extent : (0x8000_0000 | countNames.indexOf(extent)) >>> 0;
}

/** Writes a run; the host computes in double precision what AdamW needs of it (see operations.ts). */
export function writeRunBlock(view: DataView, run: Run): void {
  const word = (index: number, value: number) => view.setUint32(4 * index, value, true);
  const float = (index: number, value: number) => view.setFloat32(4 * index, value, true);
  countNames.forEach((name, index) => word(index, run.counts[name]));
  word(runWords.ACCUMULATE_WORD, Number(run.accumulate));
  word(runWords.FIRST_ROW_WORD, run.firstEncoderRow);
  word(runWords.FIRST_ROW_WORD + 1, run.firstDecoderRow);
  word(runWords.POSITION_WORD, run.position);
  const key = new Uint32Array(4);
  pcg4d(run.seed, run.step, 0x5eed, 0, key);
  key.forEach((value, index) => word(runWords.KEY_WORD + index, value));
  // bits ≥ rate · 2³² for whole bits.
  word(runWords.THRESHOLD_WORD, Math.ceil(run.dropout * 0x1_0000_0000));
  float(runWords.KEEP_SCALE_WORD, 1 / (1 - run.dropout));
  float(runWords.STEP_SIZE_WORD, run.learningRate / (1 - 0.9 ** run.step));
  float(runWords.DECAY_WORD, 1 - run.learningRate * run.weightDecay);
  float(runWords.ROOT_WORD, Math.sqrt(1 - 0.999 ** run.step));
  float(runWords.MAX_NORM_WORD, run.maxGradNorm);
}
