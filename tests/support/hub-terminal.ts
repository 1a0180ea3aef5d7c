/** What a test of the terminal’s words to a hub needs: the tests’ hub, its own folder, and what is said. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, vi } from 'vitest';
import { startHub, type HubRepository, type HubServer } from './hub-server.ts';

export interface HubTerminal {
  hub: HubServer;
  /** Empty, and gone after the test. */
  folder: string;
  /** What was written to the terminal, a line for each. */
  said: string[];
}

/**
 * Starts a hub for each test of a file, with the environment that names it; no cache but one in the test's folder.
 * @param writingToken What may make and change repositories, and is in HF_TOKEN; null for a terminal without a token.
 * @returns Filled before each test.
 */
export function hubTerminal(
  repositories: Readonly<Record<string, HubRepository>>,
  writingToken: string | null = null,
): HubTerminal {
  const terminal = {} as HubTerminal;
  beforeEach(async () => {
    terminal.hub = await startHub(repositories, false, writingToken);
    terminal.folder = mkdtempSync(join(tmpdir(), 'stillroom-hub-test-'));
    vi.stubEnv('HF_ENDPOINT', terminal.hub.url);
    vi.stubEnv('HF_TOKEN', writingToken ?? '');
    vi.stubEnv('HF_HUB_OFFLINE', '');
    vi.stubEnv('XDG_CACHE_HOME', join(terminal.folder, 'cache'));
    terminal.said = [];
    const hear = (text: unknown): void => void terminal.said.push(String(text));
    for (const method of ['log', 'error'] as const) vi.spyOn(console, method).mockImplementation(hear);
    vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
      hear(text);
      return true;
    });
  });
  afterEach(async () => {
    vi.restoreAllMocks();
    vi.unstubAllEnvs();
    await terminal.hub.close();
    rmSync(terminal.folder, { recursive: true, force: true });
  });
  return terminal;
}
