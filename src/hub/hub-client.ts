/**
 * A hub asked over the network, through Hugging Face's own client. The token goes to the hub's own origin alone, and
 * in no message. What a refusal means is said in words.
 */
import { HubError, InputError } from '../base/errors.ts';
import { z } from '../base/schemas.ts';
import { studentPaths } from '../student/folder.ts';
import type { HubName } from './hub-name.ts';

/** What is looked for: a student, or a language model as transformers.js reads it. */
export type HubKind = 'student' | 'onnx';

export interface HubAccess {
  /** As `parseEndpoint` returns it. */
  endpoint: string;
  /** Held in memory only. Null: only what everybody may read. */
  token: string | null;
  /** How a person gives it, for messages: in the environment, or in a field of the page. */
  heldIn: 'environment' | 'field';
}

const givingWords = {
  environment: { give: 'set HF_TOKEN to', held: 'in HF_TOKEN', leave: 'leave HF_TOKEN out' },
  field: { give: 'paste', held: 'that you pasted', leave: 'leave the field empty' },
} as const;

export interface HubFile {
  path: string;
  sizeBytes: number;
  /** Of large files the SHA-256 of their bytes; of others what git calls the file by: SHA-1 of `blob SIZE\0` and bytes. */
  hash: { algorithm: 'sha256' | 'git-sha1'; hex: string };
}

/** What the hub says of a model before anything of it is fetched. */
export interface HubModel extends HubName {
  /** The commit that the revision is now. */
  commit: string;
  /** As the model's card has it. */
  license: string | null;
  /** The files that it is read from, config.json among them. */
  files: HubFile[];
}

/** A hub that says nothing for this long is gone. */
const silenceMs = 60_000;

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
/** A repository may hold any number of files; a student's are few. */
const maxFiles = 10_000;

export class HubClient {
  readonly #access: HubAccess;
  /** What messages call the hub. */
  readonly host: string;

  /** @throws InputError where the token is none of the hub's. */
  constructor(access: HubAccess) {
    // The client would refuse it with the words of a fault in the program.
    if (access.token !== null && !/^hf_[\x21-\x7e]+$/.test(access.token)) {
      throw new InputError(
        'The token is none of the hub’s: those begin with hf_.',
        `Copy it from the hub’s settings (Access tokens), or ${givingWords[access.heldIn].leave}.`,
      );
    }
    this.#access = access;
    this.host = new URL(access.endpoint).host;
  }

  /**
   * Asks what a model is: for the commit, and for its files.
   * @throws InputError where there is no such model, it may not be read, or it has not the files of its kind; HubError where the
   * hub does not answer.
   */
  async describe(asked: HubName, kind: HubKind = 'student'): Promise<HubModel> {
    const { modelInfo, listFiles } = await import('@huggingface/hub');
    const common = { ...this.#common(), fetch: this.#fetch(asked, AbortSignal.timeout(silenceMs)) };
    const info = infoSchema.safeParse(
      await this.#told(() => modelInfo({ ...common, ...asked, additionalFields: ['sha', 'cardData'] })),
    );
    if (!info.success) throw this.#notAHub();
    const { name, sha: commit, cardData } = info.data;
    const listed = new Map<string, HubFile>();
    await this.#told(async () => {
      for await (const found of listFiles({
        ...common,
        ...{ repo: name, revision: commit, recursive: kind === 'onnx' },
      })) {
        if (found.type !== 'file') continue;
        const file = fileSchema.safeParse(found);
        if (!file.success || listed.size >= maxFiles) throw this.#notAHub();
        const { path, size, oid, lfs } = file.data;
        if (!pathsOf[kind].test(path)) continue;
        listed.set(path, {
          path,
          sizeBytes: lfs?.size ?? size,
          hash: lfs ? { algorithm: 'sha256', hex: lfs.oid } : { algorithm: 'git-sha1', hex: oid },
        });
      }
    });
    const license = cardData?.license;
    return {
      name,
      revision: asked.revision,
      commit,
      license: typeof license === 'string' ? license.slice(0, 80) : null,
      files: kind === 'student' ? filesOfStudent(listed, name) : filesOfOnnx(listed, name),
    };
  }

  /**
   * A file's bytes from `fromByte` on, as they come.
   * @throws InputError where it may not be read; HubError where the line breaks or the hub is silent.
   */
  async *read(model: HubModel, file: HubFile, fromByte: number): AsyncGenerator<Uint8Array> {
    const { downloadFile } = await import('@huggingface/hub');
    const { endpoint } = this.#access;
    const silence = new AbortController();
    const silent = (): void => silence.abort(new Error(`nothing came for ${silenceMs / 1000} s`));
    let timer = setTimeout(silent, silenceMs);
    // The client's stream hands on the words of a failure alone, so the failure is kept here.
    let failure: unknown = null;
    let skipBytes = 0;
    const answered = this.#fetch(model, silence.signal);
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
        ...this.#common(),
        fetch,
        repo: model.name,
        path: file.path,
        revision: model.commit,
        // One origin and plain ranges; the client's other way asks further servers and has no ranges to resume by.
        xet: false,
        // Known from the list: saves a request for each file.
        downloadInfo: {
          size: file.sizeBytes,
          etag: file.hash.hex,
          url: `${endpoint}/${model.name}/resolve/${model.commit}/${file.path}`,
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
      throw this.#inWords(failure ?? error);
    } finally {
      clearTimeout(timer);
    }
  }

  #common() {
    const { endpoint, token } = this.#access;
    return { hubUrl: endpoint, ...(token === null ? {} : { accessToken: token }) };
  }

  /** `fetch` that throws what a refusal means, and sends the token to the hub's origin alone. */
  #fetch(asked: HubName, signal: AbortSignal): typeof fetch {
    const { origin } = new URL(this.#access.endpoint);
    return async (input, init) => {
      const url = new URL(input instanceof Request ? input.url : input);
      const headers = new Headers(init?.headers);
      // The next page of a list, and what a mirror sends on, may name any address.
      if (url.origin !== origin) headers.delete('Authorization');
      const response = await fetch(url, { ...init, headers, signal });
      if (!response.ok) {
        await response.body?.cancel();
        throw this.#refusal(asked, response);
      }
      return response;
    };
  }

  #refusal({ name, revision }: HubName, { status, headers }: Response): InputError | HubError {
    const { host } = this;
    const hasToken = this.#access.token !== null;
    const { give, held } = givingWords[this.#access.heldIn];
    const where = { file: name };
    switch (status) {
      case 401:
        return new InputError(
          `${host} shows no such model${hasToken ? ' to this token' : ''} (401): there is none of this name, or it is private.`,
          hasToken
            ? `Check the name, and that the token ${held} is still good and may read this model.`
            : `Check the name. For a private model ${give} an access token that may read it.`,
          where,
        );
      case 403:
        return new InputError(
          `${host} keeps this model for those who accepted its conditions (403).`,
          `Accept them at ${this.#access.endpoint}/${name}, then ${give} an access token of yours that may read it.`,
          where,
        );
      case 404:
        return headers.get('X-Error-Code') === 'RevisionNotFound'
          ? new InputError(
              `the model has no revision ${revision} (404).`,
              'Check its spelling, or leave it out for main.',
              where,
            )
          : new InputError(
              `${host} has no such model or file (404).`,
              'Check the name: OWNER/MODEL, as the model’s page has it.',
              where,
            );
      default:
        return new HubError(
          status === 429
            ? `${host} was asked too often (429).`
            : `${host} answers ${status} where ${name} was asked for.`,
          'Try again in a while.',
        );
    }
  }

  async #told<T>(ask: () => Promise<T>): Promise<T> {
    try {
      return await ask();
    } catch (error) {
      throw this.#inWords(error);
    }
  }

  #inWords(error: unknown): Error {
    if (error instanceof InputError || error instanceof HubError) return error;
    return new HubError(
      `${this.host} cannot be reached (${reasonOf(error)}).`,
      'Check the network, and the hub’s address if you gave one.',
    );
  }

  #notAHub(): HubError {
    return new HubError(
      `${this.host} does not answer as a hub does.`,
      'Check the hub’s address, or leave it out.',
    );
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

/** Why a request failed: the system's own code where there is one. Never an address, which may hold a signature. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'the line broke';
  if (error.name === 'TimeoutError') return `no answer within ${silenceMs / 1000} s`;
  const { cause } = error;
  if (cause instanceof Error && 'code' in cause) return String(cause.code);
  return 'the line broke';
}
