/** A browser with a profile on disk, that can be killed like any process and opened again with what it had stored. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, expect, test as base, type BrowserContext, type Page } from '@playwright/test';
import { chromiumArgs, executablePath } from '../playwright.config.ts';
import { rememberGain } from '../e2e/kernel-gain.ts';
import { goTo, writeTinyStudent } from '../e2e/support.ts';

export class World {
  readonly #profile: string;
  readonly #baseURL: string;
  #context: BrowserContext | null = null;

  /** @param profile Its own folder. @param baseURL Where the studio is served. */
  constructor(profile: string, baseURL: string) {
    this.#profile = profile;
    this.#baseURL = baseURL;
  }

  get context(): BrowserContext {
    if (this.#context === null) throw new Error('The browser is not open.');
    return this.#context;
  }

  /** Opens the browser, and the studio in it. */
  async open(): Promise<Page> {
    this.#context = await chromium.launchPersistentContext(this.#profile, {
      ...(executablePath === undefined ? {} : { executablePath }),
      args: chromiumArgs,
      baseURL: this.#baseURL,
      viewport: { width: 1280, height: 800 },
    });
    const page = this.#context.pages()[0] ?? (await this.#context.newPage());
    await page.goto('/');
    await expect(page.getByRole('button', { name: 'Train on the sample' })).toBeVisible();
    await rememberGain(page, 1);
    return page;
  }

  /** SIGKILL, without a word before: the browser's own process, whose children end with it. */
  async kill(): Promise<void> {
    for (const pid of processes(`--user-data-dir=${this.#profile}`, (line) => !line.includes('--type='))) {
      process.kill(pid, 'SIGKILL');
    }
    await this.#context?.close().catch(() => undefined);
    this.#context = null;
    await expect.poll(() => processes(this.#profile).length, { timeout: 20_000 }).toBe(0);
  }

  /** SIGKILL for the process that drives the GPU: a driver that crashed. */
  killGpuProcess(): void {
    for (const pid of processes(`--user-data-dir=${this.#profile}`, (line) =>
      line.includes('--type=gpu-process'),
    )) {
      process.kill(pid, 'SIGKILL');
    }
  }

  async close(): Promise<void> {
    await this.#context?.close();
    this.#context = null;
  }
}

/** A test that has its own browser, to be opened and killed. */
export const test = base.extend<{ world: World }>({
  world: async ({ baseURL }, provide) => {
    const profile = mkdtempSync(join(tmpdir(), 'stillroom-faults-'));
    const world = new World(profile, baseURL!);
    await provide(world);
    await world.close();
    rmSync(profile, { recursive: true, force: true });
  },
});

export { expect };

/** Ids of processes whose command line has these words. */
function processes(words: string, also: (line: string) => boolean = () => true): number[] {
  if (process.platform !== 'linux') {
    const found = execFileSync('ps', ['-axo', 'pid=,command='], { encoding: 'utf8' }).split('\n');
    return found
      .filter((line) => line.includes(words) && also(line))
      .map((line) => Number.parseInt(line, 10));
  }
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        const line = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
        return line.includes(words) && also(line);
      } catch {
        return false; // It has ended meanwhile.
      }
    })
    .map(Number);
}

/** Brings the smallest student, which a GPU in software compiles its kernels for in seconds, and takes it into use. */
export async function bringTiny(page: Page): Promise<void> {
  await goTo(page, 'student');
  const folder = writeTinyStudent(test.info().outputPath('tiny-student'));
  await page.getByTestId('student-files').setInputFiles(folder);
  await expect(page.getByRole('heading', { level: 1 })).toContainText('tiny-student');
}
