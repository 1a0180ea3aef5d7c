/**
 * Lets the event loop take a turn. Work on the wasm and cpu backends resolves in microtasks only, so that a loop
 * without this would starve `pause` and `stop` messages for the whole run. Timers are not used: browsers slow them
 * down to once a second (or a minute) in hidden tabs.
 */
export function breathe(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
}
