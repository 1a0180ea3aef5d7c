/** `headless upload`: a student, or what a run trained, to a repository on a hub; what would be sent first, then, with --yes, sent. */
import { existsSync, createReadStream } from 'node:fs';
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { InputError } from '../base/errors.ts';
import { formatBytes, plural } from '../base/units.ts';
import { onnxFolder } from '../export/onnx/folder.ts';
import { onnxStorages } from '../export/onnx/matrices.ts';
import { torchDtypes } from '../formats/safetensors-writer.ts';
import { writtenFloats, type WrittenFloat } from '../formats/safetensors-writer.ts';
import { HubClient } from '../hub/hub-client.ts';
import { parseHubName } from '../hub/hub-name.ts';
import { planUpload, sendUpload, type SentFile, type UploadPlan } from '../hub/hub-upload.ts';
import type { Student } from '../student/folder.ts';
import { oneOf, readOptions } from './arguments.ts';
import { readText, writeNewFolder } from './files.ts';
import { hubOfEnvironment } from './hub-student.ts';
import { ProgressLine } from './progress-line.ts';
import { readStudent } from './read-student.ts';

export async function upload(args: string[]): Promise<void> {
  const options = readOptions('upload', args, {
    run: { type: 'string' },
    student: { type: 'string' },
    to: { type: 'string' },
    onnx: { type: 'string' },
    private: { type: 'boolean', default: false },
    yes: { type: 'boolean', default: false },
  });
  const { run, student, to } = options;
  if ((run === undefined) === (student === undefined)) {
    throw new InputError(
      run === undefined ? 'upload needs a run or a student.' : '--run and --student name two students.',
      'Name one of them: --run DIR or --student DIR.',
    );
  }
  if (to === undefined)
    throw new InputError(
      'upload needs a repository.',
      'Name it with --to OWNER/NAME; it is made if there is none.',
    );
  const { name } = parseHubName(to);
  const storage = oneOf('onnx', options.onnx, onnxStorages);
  const folder = run === undefined ? student! : join(run, 'model');
  if (!existsSync(folder)) {
    throw new InputError(
      run === undefined ? 'there is no such folder.' : 'this run has no model folder.',
      run === undefined ? 'Name a student’s folder.' : 'It is written when training has ended.',
      { file: folder },
    );
  }
  const beside = storage === null ? null : await mkdtemp(join(tmpdir(), 'stillroom-upload-'));
  try {
    const files = await filesOf(folder);
    const runFile = run === undefined ? null : join(run, 'run.json');
    if (runFile !== null && existsSync(runFile) && !files.has('run.json'))
      files.set('run.json', await sentFile('run.json', runFile));
    if (beside !== null && storage !== null) {
      const read = await readStudent(folder);
      const recipe = runFile !== null && existsSync(runFile) ? await readText(runFile) : null;
      const out = join(beside, basename(resolve(folder)));
      await writeNewFolder(
        out,
        onnxFolder(read, read.weights, { storage, runFile: recipe, besideWeights: storedFloat(read) }),
      );
      // Its config.json says how its weights are stored, beside all that it said; the card is the model's.
      for (const [path, file] of await filesOf(out)) if (path !== 'README.md') files.set(path, file);
    }
    await sendOrTell(hubOfEnvironment(), name, [...files.values()], options);
  } finally {
    if (beside !== null) await rm(beside, { recursive: true, force: true });
  }
}

async function sendOrTell(
  client: HubClient,
  name: string,
  files: readonly SentFile[],
  { private: isPrivate, yes }: { private: boolean; yes: boolean },
): Promise<void> {
  const plan = await planUpload(client, name, files);
  console.log(listing(client.host, plan, isPrivate));
  const sent = plan.files.filter(({ fate }) => fate !== 'same');
  if (plan.repository !== null && sent.length === 0) {
    console.log('There is nothing to send: all of it is there already.');
    return;
  }
  if (!yes) {
    console.log('Nothing was sent. The same command with --yes sends it.');
    return;
  }
  const line = new ProgressLine(process.stderr);
  const commit = await sendUpload(client.line, plan, {
    isPrivate,
    title: 'Upload a student distilled with Stillroom',
    signal: new AbortController().signal,
    onProgress: ({ what, doneBytes, totalBytes }) =>
      line.show(`${what}, ${formatBytes(doneBytes)} of ${formatBytes(totalBytes)}`),
  });
  line.say(`Sent: ${client.line.access.endpoint}/${name}, commit ${commit.slice(0, 7)}.`);
}

/** What would be sent, a file a line. */
function listing(host: string, { name, repository, files, kept }: UploadPlan, isPrivate: boolean): string {
  const sent = files.filter(({ fate }) => fate !== 'same');
  const totalBytes = sent.reduce((sum, { file }) => sum + file.sizeBytes, 0);
  const what =
    repository === null
      ? `${name} is to be made on ${host}, ${isPrivate ? 'private' : 'for everybody to read'}`
      : `${name} on ${host} is at ${repository.commit.slice(0, 7)}`;
  return [
    `${what}: ${plural(sent.length, 'file')} to send, ${formatBytes(totalBytes)}.`,
    ...files.map(
      ({ file, fate }) => `  ${fate.padEnd(8)}${formatBytes(file.sizeBytes).padStart(9)}  ${file.path}`,
    ),
    ...(kept.length === 0 ? [] : [`  Left as they are there: ${kept.join(', ')}.`]),
  ].join('\n');
}

/** The files of a folder and of those in it, by path; hidden ones stay here. */
async function filesOf(folder: string): Promise<Map<string, SentFile>> {
  const files = new Map<string, SentFile>();
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    const place = join(entry.parentPath, entry.name);
    const path = place.slice(join(folder, '/').length).replaceAll('\\', '/');
    if (!entry.isFile() || /(?:^|\/)\./.test(path)) continue;
    files.set(path, await sentFile(path, place));
  }
  return new Map([...files].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** How a folder says that it keeps its weights. */
function storedFloat({ rawConfig }: Student): WrittenFloat {
  const said = rawConfig['dtype'] ?? rawConfig['torch_dtype'];
  return writtenFloats.find((dtype) => torchDtypes[dtype] === said) ?? 'f32';
}

async function sentFile(path: string, place: string): Promise<SentFile> {
  return {
    path,
    sizeBytes: (await stat(place)).size,
    content: pathToFileURL(place),
    pieces: () => createReadStream(place) as AsyncIterable<Uint8Array>,
  };
}
