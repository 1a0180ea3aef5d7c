import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { InputError } from '../base/errors.ts';
import { serve } from './serve.ts';

let folder = '';
let said: string[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'stillroom-serve-test-'));
  said = [];
  vi.spyOn(console, 'error').mockImplementation((text) => void said.push(String(text)));
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true });
});

/** A server on a port that the system chose. */
async function taken() {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return { port, close: () => new Promise((resolve) => server.close(resolve)) };
}
const at = (port: number) => ['--host', '127.0.0.1', '--port', String(port)];

it.each([
  [[], 'serve needs a student.'],
  [['--student', 'a', '--run', 'b'], '--student and --run are both given.'],
  [['--student', 'a', '--port', '65536'], '--port 65536 is not a whole number'],
  [['--student', 'a', '--threads', '257'], '--threads 257 is not a whole number'],
])('%j is refused before a port is opened', async (args, words) => {
  await expect(serve(args)).rejects.toThrow(words);
  expect(said).toEqual([]);
});

it.each([
  ['--student', ''],
  ['--run', 'model'],
])(
  'ends with the reason where what %s names cannot be loaded, and lets its port go',
  async (option, within) => {
    const { port, close } = await taken();
    await expect(serve([option, folder, ...at(port)])).rejects.toThrow(
      `Port ${port} of 127.0.0.1 cannot be listened on`,
    );
    await close();
    const ended = serve([option, folder, ...at(port)]);
    await expect(ended).rejects.toThrow(InputError);
    await expect(ended).rejects.toThrow(join(folder, within));
    expect(said).toEqual([`Listening on http://127.0.0.1:${port}.`]);
    const again = createServer();
    await new Promise<void>((resolve) => again.listen(port, '127.0.0.1', resolve));
    await new Promise((resolve) => again.close(resolve));
  },
);
