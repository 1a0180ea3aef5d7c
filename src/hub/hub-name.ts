/** What a person calls a model on the hub: `google/flan-t5-small`, `google/flan-t5-small@0fc9ddf`. */
import { InputError } from '../base/errors.ts';

export interface HubName {
  /** `owner/model`; the oldest models have no owner. */
  name: string;
  /** A branch, a tag or a commit. */
  revision: string;
}

/** What stands before a hub's name where a folder could be meant. */
export const hubPrefix = 'hub:';

/** Where a person named no other hub. */
export const defaultEndpoint = 'https://huggingface.co';

// The hub's own rule for names; the first character keeps a name from being a path (`..`) or an option.
const namePattern = /^(?:[\w][\w.-]{0,95}\/)?[\w][\w.-]{0,95}$/;
// Of what git allows in a name, what the hub has: `main`, `v1.0`, `refs/pr/3`, a commit.
const revisionPattern = /^[\w][\w./-]{0,199}$/;

/** @throws InputError where it is no name on a hub. */
export function parseHubName(text: string): HubName {
  const given = text.startsWith(hubPrefix) ? text.slice(hubPrefix.length) : text;
  const at = given.indexOf('@');
  const name = at < 0 ? given : given.slice(0, at);
  const revision = at < 0 ? 'main' : given.slice(at + 1);
  if (!namePattern.test(name) || !revisionPattern.test(revision) || `${name}/${revision}`.includes('..')) {
    throw new InputError(
      `"${given}" is no name of a model on the hub.`,
      'Write OWNER/MODEL, or OWNER/MODEL@REVISION: google/flan-t5-small@main.',
    );
  }
  return { name, revision };
}

/** What a person calls rows on the hub: `datasets/cos_e@REV:v1.11/train`. */
export interface DatasetName {
  name: string;
  /** Null: the Parquet that the hub itself made of the dataset, else its main branch. */
  revision: string | null;
  /** Null where the dataset has one alone. */
  config: string | null;
  /** Null: whichever is asked for. */
  split: string | null;
}

export const datasetPrefix = 'datasets/';

/** The branch in which the hub keeps every dataset as Parquet. */
export const parquetRevision = 'refs/convert/parquet';

// As the hub has them: `v1.11`, `wikitext-103-raw-v1`, `en,fr`.
const partPattern = /^[\w][\w.,+-]{0,95}$/;

/** @throws InputError where it is no name of a dataset on a hub. */
export function parseDatasetName(text: string): DatasetName {
  const given = text.startsWith(hubPrefix) ? text.slice(hubPrefix.length) : text;
  const bare = given.startsWith(datasetPrefix) ? given.slice(datasetPrefix.length) : given;
  const colon = bare.indexOf(':');
  const [config, split, ...more] = colon < 0 ? [] : bare.slice(colon + 1).split('/');
  const place = colon < 0 ? bare : bare.slice(0, colon);
  const parts = [config, split].filter((part) => part !== undefined);
  if (more.length > 0 || !parts.every((part) => partPattern.test(part))) throw notADataset(text);
  try {
    const { name, revision } = parseHubName(place);
    const isSaid = place.includes('@');
    return { name, revision: isSaid ? revision : null, config: config ?? null, split: split ?? null };
  } catch {
    throw notADataset(text);
  }
}

function notADataset(text: string): InputError {
  return new InputError(
    `"${text}" is no name of a dataset on the hub.`,
    'Write NAME, NAME@REVISION or NAME@REVISION:CONFIG/SPLIT: cos_e:v1.11/train.',
  );
}

/** Whether a revision is a commit, whose files never change. */
export function isCommit(revision: string): boolean {
  return /^[0-9a-f]{40}$/.test(revision);
}

/**
 * The hub's address, without a slash at its end.
 * @param given As `HF_ENDPOINT` has it.
 * @throws InputError where it is no address of a web server.
 */
export function parseEndpoint(given: string | undefined): string {
  if (given === undefined || given === '') return defaultEndpoint;
  if (URL.canParse(given)) {
    const { protocol, username, search, hash, href } = new URL(given);
    if (/^https?:$/.test(protocol) && username === '' && search === '' && hash === '')
      return href.replace(/\/+$/, '');
  }
  throw new InputError(
    'The hub’s address (HF_ENDPOINT in a terminal) is none of a web server.',
    `Write it like ${defaultEndpoint}, or leave it out.`,
  );
}
