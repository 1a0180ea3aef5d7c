/**
 * Where a studio is served on this machine: its port, and whether one is there already. Uses nothing but Node itself: it
 * is in the package too (scripts/package.mjs).
 */
import { spawnSync } from 'node:child_process';
import { createServer } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { parseArgs } from 'node:util';

/** The studio's own: what a browser stores belongs to the port, and Vite's would be shared with other projects. */
export const ownPort = 7876;
const portsToTry = 20;
const settleMs = 500;

/** `--port N` and `--no-open`. Ends the process with words where they are no such options. */
export function studioOptions(args = process.argv.slice(2)) {
  try {
    const { values } = parseArgs({
      args,
      options: {
        port: { type: 'string', default: String(ownPort) },
        'no-open': { type: 'boolean', default: false },
      },
    });
    const port = Number(values.port);
    if (!Number.isInteger(port) || port < 1 || port > 65535)
      throw new Error(`--port ${values.port} is not a port. Give a whole number from 1 to 65535.`);
    const hasDisplay =
      process.platform !== 'linux' || Boolean(process.env.DISPLAY ?? process.env.WAYLAND_DISPLAY);
    return { wanted: port, opens: hasDisplay && !values['no-open'] };
  } catch (error) {
    console.error(error.message);
    process.exit(error.code === undefined ? 1 : 2);
  }
}

/**
 * The first free port from the wanted one on. A studio that is served on the way is opened instead, and the process ends:
 * beside it a second one, at another address, would have its own store and show none of the runs.
 */
export async function findPort({ wanted, opens }) {
  for (let port = wanted; ; port += 1) {
    if (await isFree(port)) return port;
    let isThere = await isStudio(port);
    if (!isThere) {
      // Another start that looks whether it is free has it for a moment, and a studio that opens does not answer yet.
      await setTimeout(settleMs);
      if (await isFree(port)) return port;
      isThere = await isStudio(port);
    }
    if (isThere) {
      const url = `http://localhost:${port}/`;
      console.log(`Stillroom is served already, at ${url}. End that one first to start this copy of it.`);
      if (opens) openInBrowser(url);
      process.exit(0);
    }
    if (port === wanted + portsToTry) {
      console.error(`The ports ${wanted} to ${port} are all in use. Name a free one with --port N.`);
      process.exit(1);
    }
  }
}

/**
 * Serves at the first free port. One that was taken since it was found free is looked at again.
 * @param serve Serves at a port, or throws where it is taken.
 */
export async function listening(options, serve) {
  for (let tries = 1; ; tries += 1) {
    const port = await findPort(options);
    try {
      return { port, served: await serve(port) };
    } catch (error) {
      const isTaken = error.code === 'EADDRINUSE' || /is already in use/.test(error.message);
      if (isTaken && tries < portsToTry) continue;
      console.error(
        `The studio cannot be served at port ${port} (${error.message}). Name another with --port N.`,
      );
      process.exit(1);
    }
  }
}

/** Whether nothing listens on a port of this machine, by either kind of address. */
async function isFree(candidate) {
  for (const host of ['127.0.0.1', '::1']) {
    const taken = await new Promise((resolve) => {
      const probe = createServer();
      probe.once('error', (error) => resolve(error.code === 'EADDRINUSE' || error.code === 'EACCES'));
      probe.listen(candidate, host, () => probe.close(() => resolve(false)));
    });
    if (taken) return false;
  }
  return true;
}

/** Whether a studio answers there. */
async function isStudio(candidate) {
  try {
    const response = await fetch(`http://localhost:${candidate}/manifest.webmanifest`, {
      signal: AbortSignal.timeout(2000),
    });
    return response.ok && (await response.json()).name === 'Stillroom';
  } catch {
    return false;
  }
}

export function openInBrowser(url) {
  const [program, ...args] =
    process.platform === 'darwin'
      ? ['open', url]
      : process.platform === 'win32'
        ? ['cmd', '/c', 'start', '""', url]
        : ['xdg-open', url];
  spawnSync(program, args, { stdio: 'ignore' });
}
