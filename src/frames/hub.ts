/** The frame that asks a model hub (hub.html): the one place where its token is. */
import { HubError } from '../base/errors.ts';
import { HubClient, type HubFile, type HubKind, type HubModel } from '../hub/hub-client.ts';
import { parseEndpoint, parseHubName, type HubName } from '../hub/hub-name.ts';
import { beFrame } from './inside.ts';

// A type, not an interface: it is a record of calls.
export type HubCalls = {
  /** Where the hub is. To be called first; the token is kept here, and is never said again. */
  open: { request: HubOpening; result: null; progress: never };
  describe: { request: HubName & { kind?: HubKind }; result: DescribedModel | Unreachable; progress: never };
  /** A file's bytes from `fromByte` on, piece by piece. */
  read: { request: HubReading; result: { kind: 'read' } | Unreachable; progress: Uint8Array };
};

export interface HubOpening {
  endpoint: string;
  token: string | null;
}

export interface HubReading {
  model: HubModel;
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
  read: ({ model, file, fromByte }, { signal, progress }) =>
    orUnreachable(async () => {
      for await (const piece of opened().read(model, file, fromByte)) {
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
