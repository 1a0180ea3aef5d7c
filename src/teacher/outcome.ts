/** What became of one request to a teacher, and what a refusal means. */
import type { Feature, Reply } from './provider.ts';

export type Outcome =
  | { kind: 'answered'; reply: Reply }
  /** The server asks for a slower pace; `waitMs` is null where it does not say how long. */
  | { kind: 'slower'; waitMs: number | null; words: string }
  /** Something went wrong that may not go wrong again. `isBilled`: it may have cost tokens. */
  | { kind: 'fault'; isBilled: boolean; words: string }
  /** The server does not take a part of the request. Without it, it may. */
  | { kind: 'unsupported'; feature: Feature; words: string }
  /** This row is not answered, however often it is asked. */
  | { kind: 'refused'; isBilled: boolean; words: string }
  /** No row would be answered now. */
  | { kind: 'ended'; problem: string; remedy: string };

export interface Response {
  status: number;
  headers: { get(name: string): string | null };
  /** Its body as text. */
  body: string;
}

/** The longest wait for a server: the run ends with words instead, and resumes later. */
const longestWaitMs = 5 * 60_000;

/** Quotas that do not come back within minutes, whatever wait is named beside them. */
const longQuota = /credit balance|per[_ -]?day|daily|\b[RT]PD\b|monthly|per month/i;
/** Words that limits for a minute have too: they end a run only where the server names no wait. */
const openQuota = /insufficient[_ ]quota|exceeded your current quota/i;

/** What a response that is no answer means. @param nowMs The time, in milliseconds since 1970, for dates in headers. */
export function outcomeOf({ status, headers, body }: Response, nowMs: number): Outcome {
  const message = messageIn(body);
  const words = `${status}${message === '' ? '' : `: ${message}`}`;
  const ended = (problem: string, remedy: string): Outcome => ({
    kind: 'ended',
    problem: `${problem} (${words}).`,
    remedy,
  });
  switch (status) {
    case 401:
      return ended(
        'The teacher does not take the key',
        'Check the key, and that it is meant for this address.',
      );
    case 402:
      return ended('The teacher wants to be paid first', 'Add credit to the account, then resume.');
    case 403:
      return ended(
        'The teacher refuses access',
        'Check what the key may do, and whether it may use this model.',
      );
    case 404:
      return ended('The teacher knows no such address or model', 'Check the address and the model’s name.');
    case 429:
    case 503:
    case 529: {
      const waitMs = waitIn(headers, body, nowMs);
      if (status === 429 && (longQuota.test(body) || (waitMs === null && openQuota.test(body)))) {
        return ended('The teacher’s quota is used up', 'Resume when there is quota again.');
      }
      if (waitMs === null || waitMs <= longestWaitMs) return { kind: 'slower', waitMs, words };
      const minutes = Math.ceil(waitMs / 60_000);
      return ended(`The teacher asks to wait for ${minutes} minutes`, 'Resume after that time.');
    }
    case 400:
    case 422: {
      // Google's way to refuse a key.
      if (/API key not valid|API_KEY_INVALID/.test(body)) {
        return ended(
          'The teacher does not take the key',
          'Check the key, and that it is meant for this address.',
        );
      }
      const feature = unsupportedIn(message);
      return feature === null
        ? { kind: 'refused', isBilled: false, words }
        : { kind: 'unsupported', feature, words };
    }
    default:
      return status >= 500 || status === 408 || status === 409 || status === 425
        ? { kind: 'fault', isBilled: false, words }
        : { kind: 'refused', isBilled: false, words };
  }
}

/** How long a server asks to wait: from its headers, else from its words; null where neither says. */
function waitIn(headers: Response['headers'], body: string, nowMs: number): number | null {
  const exact = Number(headers.get('retry-after-ms') ?? Number.NaN);
  if (exact >= 0) return exact;
  const after = headers.get('retry-after');
  if (after !== null) {
    const seconds = Number(after);
    if (seconds >= 0) return seconds * 1000;
    const date = Date.parse(after);
    if (!Number.isNaN(date)) return Math.max(0, date - nowMs);
  }
  const said =
    /(?:again|retry|wait)(?: in| after)?(?: about)? ((?:\d+(?:\.\d+)? ?[a-z]+ ?)+)/i.exec(body)?.[1] ??
    /"retryDelay": ?"([^"]+)"/.exec(body)?.[1];
  if (said === undefined) return null;
  const unitMs: Readonly<Record<string, number>> = { ms: 1, mi: 1, s: 1000, m: 60_000, h: 3_600_000 };
  let waitMs: number | null = null;
  for (const [, number, unit] of said.matchAll(/(\d+(?:\.\d+)?) ?(ms|milli|[smh])/gi)) {
    const each = unitMs[unit!.toLowerCase().slice(0, /^mi/i.test(unit!) ? 2 : undefined)]!;
    waitMs = (waitMs ?? 0) + Number(number) * each;
  }
  return waitMs;
}

/** What a server says that it does not take. */
function unsupportedIn(message: string): Feature | null {
  if (/max_completion_tokens/.test(message)) return 'max_tokens';
  if (
    !/support|unknown|unrecognized|not permitted|not allowed|invalid|extra|only the default/i.test(message)
  ) {
    return null;
  }
  if (/temperature/.test(message)) return 'temperature';
  if (/stream_options/.test(message)) return 'stream_options';
  if (/response_format|json_schema|schema|output_config|\bformat\b/i.test(message)) return 'schema';
  if (/\bstop(?:_?sequences)?\b/i.test(message)) return 'stop';
  return /\bn\b|candidateCount|candidate_count/.test(message) ? 'n' : null;
}

/** The message in a body: `{error: {message}}`, `{error}`, `{message}`, `{detail}`, or the text, shortened. */
export function messageIn(body: string): string {
  let words = body;
  try {
    const value: unknown = JSON.parse(body);
    words = wordsOf(value) ?? body;
  } catch {
    // No JSON: a page of a proxy, as a rule.
    if (body.trimStart().startsWith('<')) return '';
  }
  const line = words.replace(/\s+/g, ' ').trim();
  return line.length > 300 ? `${line.slice(0, 300)}…` : line;
}

function wordsOf(value: unknown): string | null {
  if (typeof value === 'string') return value;
  if (Array.isArray(value)) return wordsOf(value[0]);
  if (typeof value !== 'object' || value === null) return null;
  const { error, message, detail, msg } = value as Record<string, unknown>;
  return wordsOf(error ?? message ?? detail ?? msg ?? null);
}
