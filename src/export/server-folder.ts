/** A folder that answers over HTTP by itself: the model, a server in Python, and what makes a container of both. */
import { InputError } from '../base/errors.ts';
import type { Weights } from '../student/config.ts';
import { FolderFile, modelFolder, type ExportableStudent } from './model-folder.ts';
import { onnxFolder } from './onnx/folder.ts';
import type { OnnxStorage } from './onnx/matrices.ts';
import compose from './server/compose.yaml?raw';
import dockerfile from './server/Dockerfile?raw';
import dockerignore from './server/dockerignore?raw';
import cloudRun from './server/deploy/cloud-run.yaml?raw';
import kubernetes from './server/deploy/kubernetes.yaml?raw';
import deployRequirements from './server/deploy/requirements.txt?raw';
import vertex from './server/deploy/vertex.py?raw';
import readme from './server/README.md?raw';
import requirements from './server/requirements.txt?raw';
import init from './server/serve/__init__.py?raw';
import main from './server/serve/__main__.py?raw';
import batcher from './server/serve/batcher.py?raw';
import beamSearch from './server/serve/beam_search.py?raw';
import bucket from './server/serve/bucket.py?raw';
import health from './server/serve/health.py?raw';
import metrics from './server/serve/metrics.py?raw';
import model from './server/serve/model.py?raw';
import requests from './server/serve/requests.py?raw';
import settings from './server/serve/settings.py?raw';

const texts: Readonly<Record<string, string>> = {
  'README.md': readme,
  Dockerfile: dockerfile,
  '.dockerignore': dockerignore,
  'compose.yaml': compose,
  'requirements.txt': requirements,
  'deploy/cloud-run.yaml': cloudRun,
  'deploy/kubernetes.yaml': kubernetes,
  'deploy/requirements.txt': deployRequirements,
  'deploy/vertex.py': vertex,
  'serve/__init__.py': init,
  'serve/__main__.py': main,
  'serve/batcher.py': batcher,
  'serve/beam_search.py': beamSearch,
  'serve/bucket.py': bucket,
  'serve/health.py': health,
  'serve/metrics.py': metrics,
  'serve/model.py': model,
  'serve/requests.py': requests,
  'serve/settings.py': settings,
};

/** Storages that a server can have. (With q8 an answer depends on its neighbours in the batch.) */
export const servedStorages = ['f32', 'f16', 'w8'] as const satisfies readonly OnnxStorage[];

export type ServedStorage = (typeof servedStorages)[number];

export interface ServerFolderOptions {
  storage: ServedStorage;
  /** The text of `run.json`; null where there was no run. */
  runFile: string | null;
  /** The model's card and what it speaks of, beside the model. */
  card: readonly FolderFile[];
}

/**
 * The files of the folder; `model/` is an ONNX folder with `model.safetensors` in it.
 * @throws InputError as `onnxFolder`, and for a student without tokenizer.json (ByT5).
 */
export function serverFolder(
  student: ExportableStudent,
  weights: Weights,
  { storage, runFile, card }: ServerFolderOptions,
): FolderFile[] {
  if (student.tokenizerFiles['tokenizer.json'] === undefined) {
    throw new InputError(
      'This student has no tokenizer.json, which the server in Python needs.',
      'Serve it with `headless serve`, which reads its bytes.',
    );
  }
  const dtype = storage === 'f16' ? 'f16' : 'f32';
  const huggingFace = modelFolder(student, weights, { dtype, runFile, card: null });
  const models = [
    ...card,
    ...onnxFolder(student, weights, { storage, runFile, besideWeights: dtype }),
    ...huggingFace.filter(({ path }) => path === 'model.safetensors'),
  ];
  const encoder = new TextEncoder();
  return [
    ...Object.entries(texts).map(([path, text]) => new FolderFile(path, encoder.encode(text))),
    ...models.map((file) => new FolderFile(`model/${file.path}`, file)),
  ];
}
