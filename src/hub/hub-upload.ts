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
  signal?: AbortSignal,
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
  for (const file of files) {
    signal?.throwIfAborted();
    planned.push({ file, fate: await fateOf(file, there.get(file.path)) });
  }
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

/** How far a sending is. */
export interface UploadProgress {
  /** The file, or what else is done, in words. */
  what: string;
  /** Of the files that are sent: read while they are hashed, sent afterwards. */
  doneBytes: number;
  totalBytes: number;
  /** Whether bytes are on their way. */
  isSent: boolean;
  /** The last request of all is out: whether it was carried out is known when it is answered. */
  isCommitting: boolean;
}

export interface Sending {
  /** Of a repository that is to be made. */
  isPrivate: boolean;
  /** The commit's title. */
  title: string;
  signal: AbortSignal;
  onProgress: (now: UploadProgress) => void;
}

type Operations = { operation: 'addOrUpdate'; path: string; content: Blob | URL }[];

/**
 * Makes the repository where there is none, and sends what is new or changed as one commit: all of it is there then, or
 * nothing.
 * @returns The commit.
 * @throws InputError where the token may not; HubError where the hub breaks off, or somebody changed the repository since it was
 * looked at; the signal's reason.
 */
export async function sendUpload(line: HubLine, plan: UploadPlan, sending: Sending): Promise<string> {
  const { name, repository } = plan;
  const { isPrivate, title, signal } = sending;
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
  const sent = plan.files.flatMap(({ fate, file }) => (fate === 'same' ? [] : [file]));
  const operations: Operations = sent.map(({ path, content }) => ({
    operation: 'addOrUpdate',
    path,
    content,
  }));
  const course = new Course(sent, sending.onProgress);
  let isMade = false;
  try {
    if (repository === null) {
      course.tell('making the repository');
      await createRepo({ ...common, visibility: isPrivate ? 'private' : 'public' });
      isMade = true;
    } else if (operations.length === 0) return repository.commit;
    const parent = repository === null ? {} : { parentCommit: repository.commit };
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
      course.hear(next.value);
    }
  } catch (error) {
    signal.throwIfAborted();
    throw inWords(line, error, { isMade, isCommitting: course.isCommitting });
  }
}

/** What went wrong, with what there is now of the repository. */
function inWords(
  line: HubLine,
  error: unknown,
  { isMade, isCommitting }: { isMade: boolean; isCommitting: boolean },
): Error {
  const isRefused = error instanceof InputError || error instanceof HubError;
  const told = isRefused ? error : line.inWords(error);
  if (!(told instanceof InputError) && !(told instanceof HubError)) return told;
  const { problem, remedy } = told;
  const empty = isMade ? ' The repository was made, and is empty.' : '';
  if (told instanceof InputError) return isMade ? new InputError(problem, remedy + empty) : told;
  // A refusal says itself that nothing was published.
  const outcome = isRefused
    ? ''
    : isCommitting
      ? ' It broke off while the commit was made: look whether it is there.'
      : ' Nothing was published.';
  return new HubError(problem + outcome, remedy + empty);
}

type CommitEvent =
  | { event: 'phase'; phase: 'preuploading' | 'uploadingLargeFiles' | 'committing' }
  | { event: 'fileProgress'; path: string; progress: number; state: 'hashing' | 'uploading' | 'error' };

/** Follows the client's events, and says how many bytes they come to. */
class Course {
  readonly #sizes: ReadonlyMap<string, number>;
  readonly #totalBytes: number;
  readonly #report: Sending['onProgress'];
  readonly #done = { hashing: new Map<string, number>(), uploading: new Map<string, number>() };
  isCommitting = false;

  constructor(files: readonly SentFile[], report: Sending['onProgress']) {
    this.#sizes = new Map(files.map(({ path, sizeBytes }) => [path, sizeBytes]));
    this.#totalBytes = files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
    this.#report = report;
  }

  tell(what: string, doneBytes = 0, isSent = false): void {
    const { isCommitting } = this;
    this.#report({ what, doneBytes, totalBytes: this.#totalBytes, isSent, isCommitting });
  }

  hear(event: CommitEvent): void {
    if (event.event === 'phase') {
      this.isCommitting = event.phase === 'committing';
      this.tell(phaseWords[event.phase], this.#bytesOf('uploading'), this.isCommitting);
      return;
    }
    const { state, path, progress } = event;
    if (state === 'error') return;
    this.#done[state].set(path, progress * (this.#sizes.get(path) ?? 0));
    this.tell(`${stateWords[state]} ${path}`, this.#bytesOf(state), state === 'uploading');
  }

  #bytesOf(state: 'hashing' | 'uploading'): number {
    return [...this.#done[state].values()].reduce((sum, bytes) => sum + bytes, 0);
  }
}

const stateWords = { hashing: 'reading', uploading: 'sending' } as const;

const phaseWords = {
  preuploading: 'announcing the files',
  uploadingLargeFiles: 'sending large files',
  committing: 'making the commit',
} as const;
