/** A folder on its way to a hub: what would be sent, and, once a person has said so, sent as one commit. */
import { HubError, InputError } from '../base/errors.ts';
import type { HubClient, HubRepository } from './hub-client.ts';
import type { HubLine } from './hub-line.ts';
import { hashOfFile, type HubFile } from './file-hash.ts';

export interface SentFile {
  /** Within the repository. */
  path: string;
  sizeBytes: number;
  /** The bytes, read once for their hash and once where they are sent. */
  pieces: () => AsyncIterable<Uint8Array>;
  content: Blob | URL;
}

export interface PlannedFile {
  file: SentFile;
  fate: 'new' | 'changed' | 'same';
}

/** What a commit would do; nothing of it has been sent. */
export interface UploadPlan {
  name: string;
  /** Null: it is to be made. */
  repository: HubRepository | null;
  files: PlannedFile[];
  /** Files there that stay as they are. */
  kept: string[];
}

/**
 * Looks at what is there, and compares by the hub's hashes.
 * @throws InputError where the name has no owner or a file's path is none; HubError where the hub does not answer.
 */
export async function planUpload(
  client: HubClient,
  name: string,
  files: readonly SentFile[],
): Promise<UploadPlan> {
  if (!name.includes('/')) {
    throw new InputError(
      `"${name}" names no owner, and a repository is somebody’s.`,
      'Write OWNER/NAME, the owner being you or an organisation of yours.',
    );
  }
  const repository = await client.repository(name);
  const there = new Map((repository?.files ?? []).map((file) => [file.path, file]));
  const planned: PlannedFile[] = [];
  for (const file of files) planned.push({ file, fate: await fateOf(file, there.get(file.path)) });
  const sent = new Set(files.map(({ path }) => path));
  return { name, repository, files: planned, kept: [...there.keys()].filter((path) => !sent.has(path)) };
}

async function fateOf(
  { sizeBytes, pieces }: SentFile,
  there: HubFile | undefined,
): Promise<PlannedFile['fate']> {
  if (there === undefined) return 'new';
  if (there.sizeBytes !== sizeBytes) return 'changed';
  return (await hashOfFile(pieces(), there)) === there.hash.hex ? 'same' : 'changed';
}

export interface Sending {
  /** Of a repository that is to be made. */
  isPrivate: boolean;
  /** The commit's title. */
  title: string;
  signal: AbortSignal;
  /** @param what The file, or what else is done. */
  onProgress: (what: string, done: number, total: number) => void;
}

/**
 * Makes the repository where there is none, and sends what is new or changed as one commit: all of it is there then, or
 * nothing.
 * @returns The commit.
 * @throws InputError where the token may not; HubError where the hub breaks off, or somebody changed the repository since it was
 * looked at; the signal's reason.
 */
export async function sendUpload(line: HubLine, plan: UploadPlan, sending: Sending): Promise<string> {
  const { name, repository } = plan;
  const { isPrivate, title, signal, onProgress } = sending;
  const { createRepo, commitIter } = await import('@huggingface/hub');
  const { token } = line.access;
  if (token === null) {
    throw new InputError(
      'Nothing is sent without an access token that may write.',
      line.access.heldIn === 'field' ? 'Paste one.' : 'Set HF_TOKEN to it.',
    );
  }
  const fetch = line.fetch({ what: 'repository', name, revision: 'main' }, signal);
  const common = { ...line.common(), accessToken: token, repo: { type: 'model', name }, fetch } as const;
  const operations = plan.files
    .filter(({ fate }) => fate !== 'same')
    .map(({ file: { path, content } }) => ({ operation: 'addOrUpdate', path, content }) as const);
  try {
    if (repository === null) {
      onProgress('making the repository', 0, operations.length);
      await createRepo({ ...common, visibility: isPrivate ? 'private' : 'public' });
    } else if (operations.length === 0) return repository.commit;
    const parent = repository === null ? {} : { parentCommit: repository.commit };
    const done = new Set<string>();
    // Plain requests to one origin more, as downloads have it; the client's other way asks further servers.
    const events = commitIter({
      ...common,
      ...parent,
      title,
      operations,
      useXet: false,
      abortSignal: signal,
    });
    for (;;) {
      const next = await events.next();
      if (next.done) return next.value?.commit.oid ?? '';
      const { value } = next;
      if (value.event === 'phase') onProgress(phaseWords[value.phase], done.size, operations.length);
      else {
        if (value.state === 'uploading' && value.progress === 1) done.add(value.path);
        onProgress(`${value.state} ${value.path}`, done.size, operations.length);
      }
    }
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof InputError || error instanceof HubError) throw error;
    throw line.inWords(error);
  }
}

const phaseWords = {
  preuploading: 'announcing the files',
  uploadingLargeFiles: 'sending large files',
  committing: 'committing',
} as const;
