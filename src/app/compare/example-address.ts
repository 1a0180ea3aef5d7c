/** The address of one example: `#/compare/<run>/<row>`. It names things of this browser and holds no data. */
import { hashOf } from '../routes.ts';

export interface ExampleAddress {
  runId: string;
  /** Row of the test file, from 0. */
  row: number;
}

/** Null where the address names no example. */
export function parseExampleAddress(hash: string): ExampleAddress | null {
  const [, runId, row] = /^#\/compare\/([^/?]+)\/(\d{1,9})$/.exec(hash) ?? [];
  return runId === undefined || row === undefined ? null : { runId, row: Number(row) };
}

export function exampleHash({ runId, row }: ExampleAddress): string {
  return `${hashOf('compare')}/${runId}/${row}`;
}

/** Writes an example, or none, into the address bar. No screen is opened by that, and no step of the history made. */
export function noteAddress(example: ExampleAddress | null): void {
  history.replaceState(history.state, '', example === null ? hashOf('compare') : exampleHash(example));
}
