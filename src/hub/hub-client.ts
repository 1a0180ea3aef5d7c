/** A hub asked over the network, through Hugging Face's own client: what is there, and the bytes of its files. */
import { InputError } from '../base/errors.ts';
import { z } from '../base/schemas.ts';
import { studentPaths } from '../student/folder.ts';
import type { HubFile } from './file-hash.ts';
import { partsOf, type DatasetPart } from './dataset-files.ts';
import { HubLine, MissingError, RevisionError, silenceMs, type HubAccess } from './hub-line.ts';
import { datasetPrefix, parquetRevision, type DatasetName, type HubName } from './hub-name.ts';

/** What is looked for: a student, or a language model as transformers.js reads it. */
export type HubKind = 'student' | 'onnx';

/** Files at a commit. */
export interface HubSource extends HubName {
  kind: 'model' | 'dataset';
  /** The commit that the revision is now. */
  commit: string;
  /** As the card has it. */
  license: string | null;
  files: HubFile[];
}

/** What the hub says of a model before anything of it is fetched: of its files those that it is read from. */
export type HubModel = HubSource & { kind: 'model' };

/** What the hub says of a dataset: all its files of rows, by configuration and split. */
export type HubDataset = HubSource & { kind: 'dataset'; parts: DatasetPart[] };

/** What a repository holds at its newest commit. */
export interface HubRepository {
  commit: string;
  files: HubFile[];
}

/** A model that a search found. */
export interface SearchedModel {
  name: string;
  downloads: number;
  /** As its safetensors say; null where they do not. */
  parameters: number | null;
  /** Read with a token alone, or once conditions were accepted. */
  isClosed: boolean;
}

/** What a repository is at a revision. */
type Told = Pick<HubSource, 'name' | 'commit' | 'license'>;

const commitSchema = z.string().regex(/^[0-9a-f]{40}$/);
const infoSchema = z.looseObject({
  name: z.string(),
  sha: commitSchema,
  cardData: z.looseObject({ license: z.unknown() }).nullish(),
});
const fileSchema = z.object({
  type: z.string(),
  path: z.string(),
  size: z.int().min(0),
  oid: commitSchema,
  lfs: z.object({ oid: z.string().regex(/^[0-9a-f]{64}$/), size: z.int().min(0) }).optional(),
});
const searchedSchema = z.looseObject({
  name: z.string().max(200),
  downloads: z.number().catch(0),
  private: z.boolean().catch(false),
  gated: z.unknown(),
  safetensors: z.looseObject({ total: z.number() }).nullish().catch(null),
});
/** A repository may hold any number of files; what is read here are few. */
const maxFiles = 10_000;
/** Model types that are read here, as the hub tags them; ByT5 and flan-T5 are `t5`. */
const searchedTypes = ['t5', 'mt5', 'umt5'] as const;
const foundPerType = 12;

export class HubClient {
  readonly line: HubLine;

  /** @throws InputError where the token is none of the hub's. */
  constructor(access: HubAccess) {
    this.line = new HubLine(access);
  }

  /** What messages call the hub. */
  get host(): string {
    return this.line.host;
  }

  /**
   * Asks what a model is: for the commit, and for its files.
   * @throws InputError where there is no such model, it may not be read, or it has not the files of its kind; HubError
   * where the hub does not answer.
   */
  async describe(asked: HubName, wanted: HubKind = 'student'): Promise<HubModel> {
    const { name, ...told } = await this.#look('model', asked);
    const place = { name, revision: told.commit };
    const listed = new Map(
      (await this.#list('model', place, pathsOf[wanted], wanted === 'onnx')).map((file) => [file.path, file]),
    );
    const files = wanted === 'student' ? filesOfStudent(listed, name) : filesOfOnnx(listed, name);
    return { kind: 'model', name, revision: asked.revision, ...told, files };
  }

  /**
   * Asks what a dataset has: as the Parquet that the hub made of it, else as it is itself.
   * @throws As `describe`.
   */
  async describeDataset({ name: asked, revision }: DatasetName): Promise<HubDataset> {
    const looked = async (): Promise<[string, Told]> => {
      if (revision !== null) return [revision, await this.#look('dataset', { name: asked, revision })];
      try {
        return [parquetRevision, await this.#look('dataset', { name: asked, revision: parquetRevision })];
      } catch (error) {
        if (!(error instanceof RevisionError)) throw error;
        return ['main', await this.#look('dataset', { name: asked, revision: 'main' })];
      }
    };
    const [found, { name, ...told }] = await looked();
    const files = await this.#list('dataset', { name, revision: told.commit }, /^[\w.,+/-]+$/);
    return { kind: 'dataset', name, revision: found, ...told, files, parts: partsOf(files) };
  }

  /** T5s whose names have these words, the most used first. @throws HubError where the hub answers no search. */
  async search(words: string, signal: AbortSignal): Promise<SearchedModel[]> {
    const { listModels } = await import('@huggingface/hub');
    const asked = { what: 'search', name: words, revision: '' } as const;
    const fetch = this.line.fetch(asked, AbortSignal.any([signal, AbortSignal.timeout(silenceMs)]));
    const ofType = async (tag: string): Promise<SearchedModel[]> => {
      const found: SearchedModel[] = [];
      const models = listModels({
        ...this.line.common(),
        fetch,
        limit: foundPerType,
        sort: 'downloads',
        search: { query: words, tags: [tag] },
        additionalFields: ['safetensors'],
      });
      for await (const one of models) {
        const model = searchedSchema.safeParse(one);
        if (!model.success) throw this.line.notAHub();
        const { name, downloads, private: isPrivate, gated, safetensors } = model.data;
        const isClosed = isPrivate || (gated !== false && gated !== undefined);
        found.push({ name, downloads, parameters: safetensors?.total ?? null, isClosed });
      }
      return found;
    };
    const found = await this.line.told(() => Promise.all(searchedTypes.map(ofType)));
    const byName = new Map(found.flat().map((model) => [model.name, model]));
    return [...byName.values()].sort((a, b) => b.downloads - a.downloads).slice(0, foundPerType);
  }

  /** What a repository of a model holds now, whatever it is; null where there is none that the token may know of. */
  async repository(name: string): Promise<HubRepository | null> {
    try {
      const { commit } = await this.#look('model', { name, revision: 'main' });
      return { commit, files: await this.#list('model', { name, revision: commit }, /^[\w./-]+$/, true) };
    } catch (error) {
      if (error instanceof MissingError) return null;
      throw error;
    }
  }

  async #look(kind: HubSource['kind'], asked: HubName): Promise<Told> {
    const { modelInfo, datasetInfo } = await import('@huggingface/hub');
    const fetch = this.line.fetch({ what: kind, ...asked }, AbortSignal.timeout(silenceMs));
    const given = { ...this.line.common(), fetch, ...asked };
    const info = infoSchema.safeParse(
      await this.line.told(() =>
        kind === 'model'
          ? modelInfo({ ...given, additionalFields: ['sha', 'cardData'] })
          : datasetInfo({ ...given, additionalFields: ['sha', 'cardData'] }),
      ),
    );
    if (!info.success) throw this.line.notAHub();
    const { name, sha: commit, cardData } = info.data;
    const license = cardData?.license;
    return { name, commit, license: typeof license === 'string' ? license.slice(0, 80) : null };
  }

  /** The files whose paths are sound, of a model those without folders. */
  async #list(
    kind: HubSource['kind'],
    { name, revision }: HubName,
    sound: RegExp,
    isDeep = kind === 'dataset',
  ): Promise<HubFile[]> {
    const { listFiles } = await import('@huggingface/hub');
    const fetch = this.line.fetch({ what: kind, name, revision }, AbortSignal.timeout(silenceMs));
    const given = { ...this.line.common(), fetch, repo: { type: kind, name }, revision };
    const listed: HubFile[] = [];
    await this.line.told(async () => {
      for await (const found of listFiles({ ...given, recursive: isDeep })) {
        if (found.type !== 'file') continue;
        const file = fileSchema.safeParse(found);
        if (!file.success || listed.length >= maxFiles) throw this.line.notAHub();
        const { path, size, oid, lfs } = file.data;
        if (!sound.test(path) || path.includes('..')) continue;
        listed.push({
          path,
          sizeBytes: lfs?.size ?? size,
          hash: lfs ? { algorithm: 'sha256', hex: lfs.oid } : { algorithm: 'git-sha1', hex: oid },
        });
      }
    });
    return listed;
  }

  /**
   * A file's bytes from `fromByte` on, as they come.
   * @throws InputError where it may not be read; HubError where the line breaks or the hub is silent.
   */
  async *read(source: HubSource, file: HubFile, fromByte: number): AsyncGenerator<Uint8Array> {
    const { downloadFile } = await import('@huggingface/hub');
    const { kind, name, commit } = source;
    const place = `${this.line.access.endpoint}/${kind === 'dataset' ? datasetPrefix : ''}${name}`;
    const silence = new AbortController();
    const silent = (): void => silence.abort(new Error(`nothing came for ${silenceMs / 1000} s`));
    let timer = setTimeout(silent, silenceMs);
    // The client's stream hands on the words of a failure alone, so the failure is kept here.
    let failure: unknown = null;
    let skipBytes = 0;
    const answered = this.line.fetch({ what: kind, name, revision: commit }, silence.signal);
    const fetch: typeof globalThis.fetch = async (...asked) => {
      try {
        const response = await answered(...asked);
        // A server without ranges sends the whole file again.
        if (response.status !== 206) skipBytes = fromByte;
        return response;
      } catch (error) {
        failure = error;
        throw error;
      }
    };
    try {
      const blob = await downloadFile({
        ...this.line.common(),
        fetch,
        repo: { type: kind, name },
        path: file.path,
        revision: commit,
        // One origin and plain ranges; the client's other way asks further servers and has no ranges to resume by.
        xet: false,
        // Known from the list: saves a request for each file.
        downloadInfo: {
          size: file.sizeBytes,
          etag: file.hash.hex,
          url: `${place}/resolve/${commit}/${file.path}`,
        },
      });
      if (blob === null) return;
      const reader = (fromByte === 0 ? blob : blob.slice(fromByte)).stream().getReader();
      try {
        for (;;) {
          const { done, value } = await reader.read();
          if (done) return;
          clearTimeout(timer);
          timer = setTimeout(silent, silenceMs);
          const skipped = Math.min(skipBytes, value.length);
          skipBytes -= skipped;
          if (skipped < value.length) yield value.subarray(skipped);
        }
      } finally {
        // Where the reader of this wants no more, the line is closed.
        silence.abort();
        reader.releaseLock();
      }
    } catch (error) {
      throw this.line.inWords(failure ?? error);
    } finally {
      clearTimeout(timer);
    }
  }
}

/** Paths that files of a kind can have. */
const pathsOf: Readonly<Record<HubKind, RegExp>> = {
  student: /^[\w.-]+$/,
  onnx: /^(?:onnx\/model[\w.-]*|config\.json|generation_config\.json|tokenizer(?:_config)?\.json|chat_template\.jinja)$/,
};

/** @throws InputError where there is no such model in the repository. */
function filesOfOnnx(listed: ReadonlyMap<string, HubFile>, file: string): HubFile[] {
  for (const [path, what] of [
    ['config.json', 'config.json'],
    ['tokenizer.json', 'tokenizer.json'],
    [/^onnx\/model.*\.onnx$/, 'onnx/model.onnx, nor one of its smaller forms'],
  ] as const) {
    if (typeof path === 'string' ? listed.has(path) : [...listed.keys()].some((one) => path.test(one)))
      continue;
    throw new InputError(
      `there is no ${what} in it.`,
      'Choose a model that was exported to ONNX; onnx-community has many.',
      { file },
    );
  }
  return [...listed.values()];
}

/** Of a repository's files those that a student is read from. @throws InputError where it is none. */
function filesOfStudent(listed: ReadonlyMap<string, HubFile>, name: string): HubFile[] {
  const read = (): Promise<Uint8Array> => Promise.reject(new RangeError('only listed'));
  const paths = studentPaths({ names: () => [...listed.keys()], read }, name);
  return [...paths].map((path) => listed.get(path)!);
}
