/**
 * What the server is told by its environment. The names are shared by both servers (this one and the exported one in
 * Python); `AIP_*` are Vertex AI's (cloud.google.com/vertex-ai/docs/predictions/custom-container-requirements).
 */
import { InputError } from '../base/errors.ts';

export interface ServeSettings {
  host: string;
  port: number;
  healthRoute: string;
  predictRoute: string;
  /** A folder in Cloud Storage that holds the model, `gs://bucket/path`; null where it is on the disk. */
  storageUri: string | null;
  /** Where Cloud Storage's JSON API is: an emulator's address, or Google's. */
  storageOrigin: string;
  /** What a client must send as `Authorization: Bearer …`; null lets all in. */
  token: string | null;
  /** Rows that go through the student together, of one request or several. */
  batchRows: number;
  /** How long a batch waits for more rows. */
  batchWaitMs: number;
  /** Rows that may wait; a request that would make them more is refused. */
  queueRows: number;
  maxBodyBytes: number;
  /** How long a client may take to send its body. */
  bodyWaitMs: number;
  maxInstances: number;
  /** Tokens of one text, prefix and end token included; null leaves it to the model's recipe. */
  maxInputTokens: number | null;
  /** The most that a request may ask for as `max_tokens`. */
  maxNewTokens: number;
  threads: number;
}

export type Environment = Readonly<Record<string, string | undefined>>;

const google = 'https://storage.googleapis.com';

/**
 * @param env Variables that are empty count as not set: a compose file passes them so.
 * @throws InputError naming the variable and what it may be.
 */
export function readSettings(env: Environment): ServeSettings {
  const aipPort = given(env, 'AIP_HTTP_PORT');
  const inContainer = aipPort !== null || given(env, 'PORT') !== null;
  const settings: ServeSettings = {
    // A container is reached from outside; a program on somebody's machine is not, unless it is told so.
    host: given(env, 'STILLROOM_HOST') ?? (inContainer ? '0.0.0.0' : '127.0.0.1'),
    port: aipPort === null ? whole(env, 'PORT', 7080, 0, 65535) : whole(env, 'AIP_HTTP_PORT', 7080, 0, 65535),
    healthRoute: route(env, 'AIP_HEALTH_ROUTE', '/health'),
    predictRoute: route(env, 'AIP_PREDICT_ROUTE', '/predict'),
    storageUri: given(env, 'AIP_STORAGE_URI'),
    storageOrigin: originOf(given(env, 'STORAGE_EMULATOR_HOST')),
    token: given(env, 'STILLROOM_TOKEN'),
    batchRows: whole(env, 'STILLROOM_BATCH_ROWS', 16, 1, 256),
    batchWaitMs: whole(env, 'STILLROOM_BATCH_WAIT_MS', 4, 0, 10_000),
    queueRows: whole(env, 'STILLROOM_QUEUE_ROWS', 1024, 1, 65_536),
    maxBodyBytes: whole(env, 'STILLROOM_MAX_BODY_BYTES', 1 << 20, 1024, 1 << 26),
    bodyWaitMs: whole(env, 'STILLROOM_BODY_WAIT_MS', 30_000, 100, 3_600_000),
    maxInstances: whole(env, 'STILLROOM_MAX_INSTANCES', 128, 1, 4096),
    maxInputTokens:
      given(env, 'STILLROOM_MAX_INPUT_TOKENS') === null
        ? null
        : whole(env, 'STILLROOM_MAX_INPUT_TOKENS', 512, 8, 8192),
    maxNewTokens: whole(env, 'STILLROOM_MAX_TOKENS', 512, 1, 4096),
    threads: whole(env, 'STILLROOM_THREADS', 1, 1, 256),
  };
  checkTogether(settings);
  return settings;
}

function checkTogether({ healthRoute, predictRoute, storageUri }: ServeSettings): void {
  for (const path of [healthRoute, predictRoute]) {
    if (path !== metricsRoute) continue;
    throw new InputError(`The route ${path} is that of the metrics.`, 'Choose another one.');
  }
  if (storageUri !== null && !/^gs:\/\/[a-z0-9][a-z0-9._-]+(?:\/|$)/.test(storageUri)) {
    throw new InputError(
      `AIP_STORAGE_URI is "${storageUri}", which is no address in Cloud Storage.`,
      'It begins with gs:// and a bucket’s name, as in gs://bucket/path.',
    );
  }
}

/** Fixed: Vertex AI has no name for it. */
export const metricsRoute = '/metrics';

function given(env: Environment, name: string): string | null {
  const value = env[name]?.trim();
  return value === undefined || value === '' ? null : value;
}

function whole(env: Environment, name: string, fallback: number, least: number, most: number): number {
  const value = given(env, name);
  if (value === null) return fallback;
  const number = Number(value);
  if (/^\d+$/.test(value) && number >= least && number <= most) return number;
  throw new InputError(
    `${name} is "${value}", which is not a whole number from ${least} to ${most}.`,
    `Give one, or leave it out for ${fallback}.`,
  );
}

function route(env: Environment, name: string, fallback: string): string {
  const value = given(env, name) ?? fallback;
  if (/^\/[^\s?#]*$/.test(value)) return value;
  throw new InputError(`${name} is "${value}", which is no path.`, 'It begins with /, as in /predict.');
}

/** As Google's client libraries read it: with or without a scheme. */
function originOf(emulator: string | null): string {
  if (emulator === null) return google;
  const address = /^https?:\/\//.test(emulator) ? emulator : `http://${emulator}`;
  try {
    return new URL(address).origin;
  } catch {
    throw new InputError(
      `STORAGE_EMULATOR_HOST is "${emulator}", which is no address.`,
      'Give host and port, as in localhost:9023.',
    );
  }
}
