/** `npm start`, several times at once. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { expect, root, test } from './support.ts';

const build = join(root, 'build');

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** A start, with all that it says. */
function start(port: number): { child: ChildProcess; said: () => string } {
  const args = ['scripts/start.mjs', '--no-open', '--port', String(port)];
  const child = spawn(process.execPath, args, { cwd: root });
  let words = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (text: Buffer) => (words += String(text)));
  return { child, said: () => words };
}

/** Every file below a folder, with the time of its last change. */
const filesOf = (folder: string): string[] =>
  (readdirSync(folder, { recursive: true }) as string[])
    .map((name) => `${name} ${statSync(join(folder, name)).mtimeMs}`)
    .sort();

test(
  'of starts beside each other one serves, and the others open it and touch none of its files',
  { tag: '@long' },
  async ({ request }) => {
    const left = join(build, 'studio-of-999999999');
    mkdirSync(left, { recursive: true });
    writeFileSync(join(left, 'index.html'), 'of a process that is gone');
    const port = await freePort();
    const url = `http://localhost:${port}/`;
    const starts = [start(port), start(port), start(port)];
    try {
      const served = (): typeof starts =>
        starts.filter(({ said }) => said().includes(`Stillroom is at ${url}`));
      await expect.poll(() => served().length, { timeout: 240_000 }).toBe(1);
      const [first] = served();
      const folder = join(build, `studio-of-${first!.child.pid}`);
      const files = filesOf(folder);
      const others = starts.filter((one) => one !== first);
      for (const { child } of others) if (child.exitCode === null) await once(child, 'exit');
      const late = start(port);
      await once(late.child, 'exit');
      for (const { child, said } of [...others, late]) {
        expect(child.exitCode, said()).toBe(0);
        expect(said()).toContain(`Stillroom is served already, at ${url}`);
        expect(said()).not.toMatch(/Building|Error|at file:/);
      }
      expect(filesOf(folder)).toEqual(files);
      expect((await request.get(url)).status()).toBe(200);
      expect(existsSync(left)).toBe(false);
      first!.child.kill('SIGINT');
      await once(first!.child, 'exit');
      expect(existsSync(folder)).toBe(false);
      expect(existsSync(join(build, 'start.lock'))).toBe(false);
    } finally {
      for (const { child } of starts) child.kill('SIGKILL');
    }
  },
);
