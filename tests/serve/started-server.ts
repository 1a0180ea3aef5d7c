/** A server as a process: started with an environment, asked over HTTP, and ended. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

export interface StartedServer {
  url: string;
  /** What it has printed so far, on both streams. */
  output: () => string;
  kill: (signal: NodeJS.Signals) => void;
  ended: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
}

/** Starts a command; the port is given as `AIP_HTTP_PORT`, a free one unless `env` names it. Whoever starts it ends it. */
export async function startServer(
  command: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<StartedServer> {
  const port = env['AIP_HTTP_PORT'] ?? (await freePort());
  const child = spawn(command, args, {
    env: { ...process.env, STILLROOM_HOST: '127.0.0.1', ...env, AIP_HTTP_PORT: String(port) },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  return {
    url: `http://127.0.0.1:${port}`,
    output: () => output,
    kill: (signal) => void child.kill(signal),
    ended: once(child, 'close').then(([code, signal]) => ({
      code: code as number | null,
      signal: signal as NodeJS.Signals | null,
    })),
  };
}

async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** Waits until an address answers with a status. @throws Error with what the server printed where it does not. */
export async function waitForStatus(server: StartedServer, path: string, status: number): Promise<Response> {
  let last = 'nothing listens';
  for (let tries = 0; tries < 600; tries += 1) {
    try {
      const response = await fetch(server.url + path);
      if (response.status === status) return response;
      last = `status ${response.status}`;
      await response.arrayBuffer();
    } catch {
      // It does not listen yet.
    }
    await sleep(50);
  }
  throw new Error(`${path} did not answer ${status} (${last}). The server printed:\n${server.output()}`);
}
