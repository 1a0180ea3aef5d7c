/**
 * The body of `POST /predict`: `{"instances": ["…"]}` or `{"instances": [{"input": "…"}]}`, and `parameters`. Checked
 * whole before anything is computed; each refusal names the place.
 */
import { Refusal } from './refusal.ts';

export interface PredictRequest {
  texts: string[];
  /** Whether rationales are asked for beside the answers. */
  rationale: boolean;
  /** Null where the request leaves it to the model. */
  numBeams: number | null;
  /** New tokens at most; null where the request leaves it to the model. */
  maxNewTokens: number | null;
}

export interface RequestLimits {
  maxInstances: number;
  maxNewTokens: number;
}

const mostBeams = 8;

/** @throws Refusal with 400 where the bytes are not such a body. */
export function readPredictRequest(bytes: Uint8Array, limits: RequestLimits): PredictRequest {
  const body = parseJson(bytes);
  const instances = isObject(body) ? body['instances'] : undefined;
  if (!isObject(body) || !Array.isArray(instances)) {
    throw new Refusal(
      400,
      'The body is not an object with a list "instances".',
      'Send {"instances": ["…"]}.',
    );
  }
  if (instances.length < 1 || instances.length > limits.maxInstances) {
    throw new Refusal(
      400,
      `"instances" has ${instances.length} entries.`,
      `Send 1 to ${limits.maxInstances} in one request.`,
    );
  }
  const texts = instances.map(textOf);
  return { texts, ...readParameters(body['parameters'], limits) };
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    throw new Refusal(400, 'The body is not JSON in UTF-8.', 'Send {"instances": ["…"]}.');
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function textOf(instance: unknown, index: number): string {
  const text = isObject(instance) ? instance['input'] : instance;
  const refuse = (what: string, remedy: string) => new Refusal(400, `instances[${index}] ${what}.`, remedy);
  if (typeof text !== 'string') {
    throw refuse('is not a text', 'Each one is a text, or an object with a text "input".');
  }
  if (text.trim() === '') throw refuse('is empty', 'Leave it out, or send a text.');
  if (/\p{Surrogate}/u.test(text)) {
    throw refuse('has half of a surrogate pair', 'Send text that can be written in UTF-8.');
  }
  return text;
}

function readParameters(value: unknown, limits: RequestLimits): Omit<PredictRequest, 'texts'> {
  // Vertex AI sends null where the client gave none.
  const parameters = value ?? {};
  if (!isObject(parameters)) {
    throw new Refusal(400, '"parameters" is not an object.', 'Send one, or leave it out.');
  }
  const known = ['rationale', 'beams', 'max_tokens'];
  const unknown = Object.keys(parameters).findIndex((name) => !known.includes(name));
  if (unknown >= 0) {
    throw new Refusal(400, '"parameters" has a name that is not known.', `Known are ${known.join(', ')}.`);
  }
  const { rationale = null, beams = null, max_tokens: maxTokens = null } = parameters;
  if (rationale !== null && typeof rationale !== 'boolean') {
    throw new Refusal(400, 'parameters.rationale is not true or false.', 'Send one of them.');
  }
  return {
    rationale: rationale ?? false,
    numBeams: wholeOf('beams', beams, mostBeams),
    maxNewTokens: wholeOf('max_tokens', maxTokens, limits.maxNewTokens),
  };
}

function wholeOf(name: string, value: unknown, most: number): number | null {
  if (value === null) return null;
  if (typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= most) return value;
  throw new Refusal(400, `parameters.${name} is not a whole number from 1 to ${most}.`, 'Send one.');
}
