/** Instances of the kernels: one for each thread, all over one memory. */

/** What the program exports; see assembly/index.ts. Addresses are in bytes. */
export interface KernelExports {
  scratchBytes: (maxKeys: number, distances: number, columns: number) => number;
  join(part: number, parts: number): void;
  run(commands: number, count: number, runBlock: number, control: number): void;
  runShare(command: number, runBlock: number, part: number, parts: number): void;
  announce(commands: number, count: number, runBlock: number, control: number): void;
  dismiss(control: number): void;
  serve(control: number, job: number): void;
  testExp(values: number, count: number): void;
  testGate(values: number, count: number, gate: number): void;
}

/** Word of the control block that is 1 once a thread has failed. */
export const failedWord = 7;

/** How a thread sleeps and is woken, on words of the control block. */
function makeSleep(memory: WebAssembly.Memory, control: number) {
  // The control block stays where it is when the memory grows.
  const words = new Int32Array(memory.buffer, control, 16);
  return {
    sleep: (address: number, value: number): boolean => {
      Atomics.wait(words, (address - control) / 4, value, 1000);
      return Atomics.load(words, failedWord) !== 0;
    },
    wake: (address: number): void => {
      Atomics.notify(words, (address - control) / 4);
    },
  };
}

/** @param control Address of the control block. */
export function instantiate(
  module: WebAssembly.Module,
  memory: WebAssembly.Memory,
  control: number,
): KernelExports {
  const env = { memory, ...makeSleep(memory, control) };
  return new WebAssembly.Instance(module, { env }).exports as unknown as KernelExports;
}

/** After a trap: lets the other threads go, which would wait for this one for ever. */
export function reportFailure(memory: WebAssembly.Memory, control: number): void {
  const words = new Int32Array(memory.buffer, control, 16);
  Atomics.store(words, failedWord, 1);
  for (let word = 0; word < failedWord; word += 1) Atomics.notify(words, word);
}
