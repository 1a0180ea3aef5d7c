/** The frame that asks a model hub (hub.html): the one place where its token is. */
import type { HubFile } from '../hub/file-hash.ts';
import { HubError } from '../base/errors.ts';
import {
  HubClient,
  type HubDataset,
  type HubKind,
  type HubModel,
  type HubSource,
  type SearchedModel,
} from '../hub/hub-client.ts';
import { parseEndpoint, parseHubName, type DatasetName, type HubName } from '../hub/hub-name.ts';
import {
  planUpload,
  sendUpload,
  type PlannedFile,
  type SentFile,
  type UploadPlan,
  type UploadProgress,
} from '../hub/hub-upload.ts';
import { countedFetch } from './counted-fetch.ts';
import { beFrame } from './inside.ts';

// A type, not an interface: it is a record of calls.
export type HubCalls = {
  /** Where the hub is. To be called first; the token is kept here, and is never said again. */
  open: { request: HubOpening; result: null; progress: never };
  describe: { request: HubName & { kind?: HubKind }; result: DescribedModel | Unreachable; progress: never };
  /** T5s whose names have these words. */
  search: {
    request: { words: string };
    result: { kind: 'searched'; models: SearchedModel[] } | Unreachable;
    progress: never;
  };
  'describe-dataset': {
    request: DatasetName;
    result: { kind: 'dataset'; dataset: HubDataset } | Unreachable;
    progress: never;
  };
  /** A file's bytes from `fromByte` on, piece by piece. */
  read: { request: HubReading; result: { kind: 'read' } | Unreachable; progress: Uint8Array };
  /** What sending these files would do. Nothing of them is sent. */
  'plan-upload': {
    request: { name: string; files: readonly BlobFile[] };
    result: { kind: 'planned'; plan: ToldPlan } | Unreachable;
    progress: never;
  };
  /** Sends what was planned last. */
  'send-upload': {
    request: { isPrivate: boolean };
    result: { kind: 'sent'; commit: string } | Unreachable;
    progress: UploadProgress;
  };
};

export interface HubOpening {
  endpoint: string;
  token: string | null;
}

export interface HubReading {
  source: HubSource;
  file: HubFile;
  fromByte: number;
}

/** A file that is to be sent. */
export interface BlobFile {
  path: string;
  blob: Blob;
}

/** A plan, in what can be posted. */
export interface ToldPlan {
  name: string;
  /** Where the repository is now; null where it is to be made. */
  commit: string | null;
  files: { path: string; sizeBytes: number; fate: PlannedFile['fate'] }[];
  kept: string[];
}

/** What may be otherwise at the next try. (An error's class does not cross; its kind does.) */
export interface Unreachable {
  kind: 'unreachable';
  problem: string;
  remedy: string;
}

/** A model, and the text of its config.json. */
export interface DescribedModel {
  kind: 'described';
  model: HubModel;
  configText: string;
}

/** A configuration has a few kilobytes. */
const maxConfigBytes = 1_000_000;

let client: HubClient | null = null;
let planned: UploadPlan | null = null;

beFrame<HubCalls>({
  open({ endpoint, token }) {
    client = new HubClient({
      endpoint: parseEndpoint(endpoint),
      token,
      heldIn: 'field',
      fetch: countedFetch,
    });
    return Promise.resolve(null);
  },
  describe: ({ name, revision, kind }) =>
    orUnreachable(async () => {
      const hub = opened();
      const model = await hub.describe(parseHubName(`${name}@${revision}`), kind);
      const file = model.files.find(({ path }) => path === 'config.json')!;
      const pieces: Uint8Array<ArrayBuffer>[] = [];
      let gotBytes = 0;
      for await (const piece of hub.read(model, file, 0)) {
        gotBytes += piece.length;
        if (gotBytes > maxConfigBytes) break;
        pieces.push(piece.slice());
      }
      return { kind: 'described' as const, model, configText: await new Blob(pieces).text() };
    }),
  search: ({ words }, { signal }) =>
    orUnreachable(async () => ({
      kind: 'searched' as const,
      models: await opened().search(words, signal),
    })),
  'describe-dataset': (asked) =>
    orUnreachable(async () => ({
      kind: 'dataset' as const,
      dataset: await opened().describeDataset(asked),
    })),
  read: ({ source, file, fromByte }, { signal, progress }) =>
    orUnreachable(async () => {
      for await (const piece of opened().read(source, file, fromByte)) {
        if (signal.aborted) break;
        progress(piece);
      }
      return { kind: 'read' as const };
    }),
  'plan-upload': ({ name, files }, { signal }) =>
    orUnreachable(async () => {
      planned = await planUpload(opened(), name, files.map(sentFile), signal);
      const { repository, kept, files: all } = planned;
      const told = all.map(({ file: { path, sizeBytes }, fate }) => ({ path, sizeBytes, fate }));
      return {
        kind: 'planned' as const,
        plan: { name, commit: repository?.commit ?? null, files: told, kept },
      };
    }),
  'send-upload': ({ isPrivate }, { signal, progress }) =>
    orUnreachable(async () => {
      if (planned === null) throw new TypeError('No upload was planned.');
      const title = 'Upload a student distilled with Stillroom';
      const sending = { isPrivate, title, signal, onProgress: progress };
      return { kind: 'sent' as const, commit: await sendUpload(opened().line, planned, sending) };
    }),
});

/** So much of a file is in memory at once while its hash is taken. */
const pieceBytes = 4_000_000;

function sentFile({ path, blob }: BlobFile): SentFile {
  return {
    path,
    sizeBytes: blob.size,
    content: blob,
    async *pieces() {
      for (let at = 0; at < blob.size; at += pieceBytes)
        yield new Uint8Array(await blob.slice(at, at + pieceBytes).arrayBuffer());
    },
  };
}

async function orUnreachable<Result>(ask: () => Promise<Result>): Promise<Result | Unreachable> {
  try {
    return await ask();
  } catch (error) {
    if (!(error instanceof HubError)) throw error;
    return { kind: 'unreachable', problem: error.problem, remedy: error.remedy };
  }
}

function opened(): HubClient {
  if (client === null) throw new TypeError('No hub was named.');
  return client;
}
