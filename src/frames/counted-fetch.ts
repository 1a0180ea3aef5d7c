/**
 * `fetch` that tells how much of a body has been sent, to who asks for it as Hugging Face's client does: by a
 * `progressHint` beside the usual options. Of a browser's two ways to ask only XMLHttpRequest tells.
 */
interface Hint {
  /** Told shares of what is sent, from 0 to 1. */
  progressCallback: (share: number) => void;
  /** Where what is sent goes in parts: this one, and how many there are. */
  part?: number;
  numParts?: number;
}

type Init = RequestInit & { progressHint?: Hint };

export const countedFetch: typeof fetch = (input, init: Init = {}) => {
  const { progressHint: hint, body, signal } = init;
  const isWhole = typeof body === 'string' || body instanceof Blob || body instanceof ArrayBuffer;
  if (hint === undefined || !isWhole) return fetch(input, init);
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const abort = (): void => {
      request.abort();
      reject(signal!.reason as Error);
    };
    if (signal?.aborted) {
      reject(signal.reason as Error);
      return;
    }
    request.open(init.method ?? 'GET', String(input instanceof Request ? input.url : input));
    new Headers(init.headers).forEach((value, name) => request.setRequestHeader(name, value));
    request.upload.onprogress = ({ loaded, total }) => tell(hint, total === 0 ? 1 : loaded / total);
    request.onload = () => {
      signal?.removeEventListener('abort', abort);
      resolve(responseOf(request));
    };
    // As `fetch` has it: a browser says no more of what went wrong.
    request.onerror = () => {
      signal?.removeEventListener('abort', abort);
      reject(new TypeError('Failed to send'));
    };
    signal?.addEventListener('abort', abort);
    request.send(body);
  });
};

/** Shares of the parts that a callback is told of. */
const partsOf = new WeakMap<Hint['progressCallback'], Map<number, number>>();

function tell({ progressCallback, part, numParts = 1 }: Hint, share: number): void {
  if (part === undefined) {
    progressCallback(share);
    return;
  }
  const parts = partsOf.get(progressCallback) ?? new Map<number, number>();
  partsOf.set(progressCallback, parts.set(part, share));
  progressCallback([...parts.values()].reduce((sum, one) => sum + one, 0) / numParts);
}

function responseOf(request: XMLHttpRequest): Response {
  const { status, responseText } = request;
  const headers = new Headers();
  for (const line of request.getAllResponseHeaders().trim().split('\r\n')) {
    const at = line.indexOf(':');
    if (at > 0) headers.append(line.slice(0, at), line.slice(at + 1).trim());
  }
  // These have no body, not even an empty one.
  return new Response(status === 204 || status === 304 ? null : responseText, { status, headers });
}
