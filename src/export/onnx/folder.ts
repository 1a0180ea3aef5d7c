/** A student as the folder that transformers.js, optimum and ONNX runtimes open: graphs in `onnx/`, texts beside it. */
import { onnxFile, type OnnxGraph } from '../../formats/onnx.ts';
import type { T5Config, Weights } from '../../student/config.ts';
import type { WrittenFloat } from '../../formats/safetensors-writer.ts';
import { checkHalf, FolderFile, textFiles, type ExportableStudent } from '../model-folder.ts';
import { decoderGraph, encoderGraph } from './graphs.ts';
import type { OnnxStorage } from './matrices.ts';

/** What transformers.js calls each storage, and how it expects the files' names to end. */
export const onnxNames = {
  f32: { dtype: 'fp32', suffix: '' },
  f16: { dtype: 'fp16', suffix: '_fp16' },
  w8: { dtype: 'int8', suffix: '_int8' },
  q8: { dtype: 'q8', suffix: '_quantized' },
} as const satisfies Record<OnnxStorage, { dtype: string; suffix: string }>;

type BuildGraph = (config: T5Config, weights: Weights, storage: OnnxStorage) => OnnxGraph;

const graphs: Readonly<Record<string, BuildGraph>> = {
  encoder_model: encoderGraph,
  decoder_model_merged: decoderGraph,
};
const graphsWithPast: Readonly<Record<string, BuildGraph>> = {
  decoder_model: (...args) => decoderGraph(...args, 'first'),
  decoder_with_past_model: (...args) => decoderGraph(...args, 'past'),
};

export interface OnnxFolderOptions {
  storage: OnnxStorage;
  /** The text of `run.json`; null where there was no run. */
  runFile: string | null;
  /** Two decoders more, one for the first step and one for those with a past, as older programs look for them. */
  withPast?: boolean;
  /** How the weights for transformers are kept that lie beside the graphs, and whose configuration it then is too. */
  besideWeights?: WrittenFloat;
}

/**
 * The files of the folder. `config.json` says by `transformers.js_config` which of the files to load, so that nobody
 * has to name the storage again.
 * @throws InputError where f16 cannot hold a weight, a graph would be too large for a file, or `runFile` is no recipe.
 */
export function onnxFolder(
  student: ExportableStudent,
  weights: Weights,
  { storage, runFile, withPast = false, besideWeights }: OnnxFolderOptions,
): FolderFile[] {
  if (storage === 'f16') checkHalf(weights);
  const { dtype, suffix } = onnxNames[storage];
  const written = besideWeights ?? (storage === 'f16' ? 'f16' : 'f32');
  const all = { ...graphs, ...(withPast ? graphsWithPast : {}) };
  const models = Object.entries(all).map(([name, build]) => {
    const path = `onnx/${name}${suffix}.onnx`;
    return new FolderFile(path, onnxFile(build(student.config, weights, storage), path));
  });
  // transformers.js knows no UMT5. The graphs are all of the model, and are run alike.
  const known = besideWeights ? {} : { architectures: ['T5ForConditionalGeneration'], model_type: 't5' };
  return [
    ...textFiles(student, { dtype: written, runFile }, { ...known, 'transformers.js_config': { dtype } }),
    ...models,
  ];
}
