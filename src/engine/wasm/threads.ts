/** How an executor gets its threads: workers that share its memory. Node and browsers start them differently. */

/** What a worker is given. */
export interface ThreadOrder {
  module: WebAssembly.Module;
  memory: WebAssembly.Memory;
  /** Which thread it is, from 1 (the executor's own is 0), and how many there are. */
  part: number;
  parts: number;
  /** Address of the control block, and the number of the last job announced. */
  control: number;
  job: number;
}

/** One started worker. */
export interface Thread {
  terminate(): void;
}

/** Starts a worker; resolves when it waits for jobs. */
export type StartThread = (order: ThreadOrder) => Promise<Thread>;
