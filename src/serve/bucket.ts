/** A model's folder in Cloud Storage, over its JSON API (cloud.google.com/storage/docs/json_api). */
import { InputError } from '../base/errors.ts';
import { z } from '../base/schemas.ts';
import type { StudentFiles } from '../student/student-files.ts';

export interface BucketOptions {
  /** Where the API is, as in `https://storage.googleapis.com`. */
  origin: string;
  /** The header that says who asks; null for an emulator, which asks for none. */
  authorization: () => Promise<string | null>;
  /** MD5 in Base64, as Cloud Storage writes it: it says what a file is to be. */
  md5: (bytes: Uint8Array) => string;
  fetch: typeof fetch;
}

const listing = z.object({
  items: z
    .array(z.object({ name: z.string(), size: z.coerce.number(), md5Hash: z.string().optional() }))
    .default([]),
  nextPageToken: z.string().optional(),
});

/** Objects that are read of a folder's list: a model has some tens. */
const mostObjects = 10_000;

/**
 * The files below `gs://bucket/path`. They are read when they are asked for.
 * @throws InputError where the folder cannot be listed, or a file cannot be read.
 */
export async function openBucketFolder(uri: string, options: BucketOptions): Promise<StudentFiles> {
  const [bucket, ...parts] = uri.slice('gs://'.length).replace(/\/+$/, '').split('/');
  const prefix = parts.length === 0 ? '' : `${parts.join('/')}/`;
  const api = `${options.origin}/storage/v1/b/${encodeURIComponent(bucket!)}/o`;
  /** Composite objects have no MD5. */
  const files = new Map<string, { size: number; md5Hash?: string | undefined }>();
  let page: string | undefined;
  do {
    const query = new URLSearchParams({ prefix, ...(page === undefined ? {} : { pageToken: page }) });
    const response = await get(`${api}?${query.toString()}`, uri, options);
    const found = listing.safeParse(await response.json().catch(() => null));
    if (!found.success) throw notRead(uri, 'the answer is not a list of objects');
    for (const { name, size, md5Hash } of found.data.items) {
      if (!name.endsWith('/')) files.set(name.slice(prefix.length), { size, md5Hash });
    }
    if (files.size > mostObjects) throw notRead(uri, `there are more than ${mostObjects} objects below it`);
    page = found.data.nextPageToken;
  } while (page !== undefined);
  if (files.size === 0) throw notRead(uri, 'there is nothing below it');
  return {
    names: () => [...files.keys()],
    sizeBytes: (name) => files.get(name)?.size ?? 0,
    read: async (name) => {
      const object = `${api}/${encodeURIComponent(prefix + name)}?alt=media`;
      const response = await get(object, `${uri}/${name}`, options);
      const bytes = new Uint8Array(await response.arrayBuffer().catch(() => new ArrayBuffer(0)));
      const { size, md5Hash } = files.get(name) ?? { size: 0 };
      if (bytes.length !== size) throw notRead(`${uri}/${name}`, `${bytes.length} of ${size} bytes came`);
      if (md5Hash === undefined || options.md5(bytes) === md5Hash) return bytes;
      throw notRead(`${uri}/${name}`, 'its bytes are not those that were stored');
    },
  };
}

async function get(url: string, named: string, options: BucketOptions): Promise<Response> {
  const authorization = await options.authorization();
  let response: Response;
  try {
    response = await options.fetch(url, { headers: authorization === null ? {} : { authorization } });
  } catch (error) {
    throw notRead(named, error instanceof Error ? error.message : String(error));
  }
  if (response.ok) return response;
  throw notRead(named, `status ${response.status}`);
}

function notRead(uri: string, why: string): InputError {
  return new InputError(
    `it cannot be read from Cloud Storage (${why}).`,
    'Check the address, and that the service account may read it.',
    { file: uri },
  );
}

const tokenAddress =
  'http://metadata.google.internal/computeMetadata/v1/instance/service-accounts/default/token';

/**
 * Who a machine of Google's is, by its metadata server: `Bearer` and a token.
 * @throws InputError where there is no such server.
 */
export async function machineAuthorization(ask: typeof fetch): Promise<string> {
  try {
    const response = await ask(tokenAddress, { headers: { 'Metadata-Flavor': 'Google' } });
    const { access_token: token } = z.object({ access_token: z.string() }).parse(await response.json());
    return `Bearer ${token}`;
  } catch {
    throw new InputError(
      'This machine has no service account to read Cloud Storage with.',
      'Run it on Google Cloud, set STORAGE_EMULATOR_HOST, or name a folder on the disk.',
    );
  }
}
