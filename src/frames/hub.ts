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

beFrame<HubCalls>({
  open({ endpoint, token }) {
    client = new HubClient({ endpoint: parseEndpoint(endpoint), token, heldIn: 'field' });
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
});

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
