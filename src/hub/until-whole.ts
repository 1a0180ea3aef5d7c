/** A file fetched until it is whole: after a break it resumes from what has come. */
import { HubError } from '../base/errors.ts';

export interface Coming {
  sizeBytes: number;
  /** What has come and is kept. */
  gotBytes: () => number | Promise<number>;
  /** Keeps what comes from a byte on. @throws HubError where the line breaks. */
  readOn: (fromByte: number) => Promise<void>;
}

/**
 * Before each further try after a break; after a try that got further, the count begins again. The first follows at once:
 * most breaks are a line that was cut.
 */
export const usualWaitsMs: readonly number[] = [0, 1000, 3000, 8000];

/**
 * Resolves when as many bytes have come as the file has, or more: whether they are the right ones its hash says.
 * @throws HubError of the last try, what came being kept; whatever else `readOn` throws.
 */
export async function untilWhole(
  { sizeBytes, gotBytes, readOn }: Coming,
  waitsMs: readonly number[] = usualWaitsMs,
): Promise<void> {
  let haveBytes = await gotBytes();
  for (let failures = 0; haveBytes < sizeBytes;) {
    const before = haveBytes;
    let broke = new HubError('The line broke.', 'Try again.');
    try {
      await readOn(before);
    } catch (error) {
      if (!(error instanceof HubError)) throw error;
      broke = error;
    }
    haveBytes = await gotBytes();
    if (haveBytes >= sizeBytes) return;
    failures = haveBytes > before ? 0 : failures + 1;
    const waitMs = waitsMs[failures];
    if (waitMs === undefined) throw broke;
    await new Promise((resolve) => setTimeout(resolve, waitMs));
  }
}
