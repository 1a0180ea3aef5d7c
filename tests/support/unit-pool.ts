/**
 * Processes for unit tests. Starting one takes longer than most files do, so a process that is through with a file takes the
 * next one, whose modules are evaluated again (fresh-modules.ts). Files that change more than modules have a process each.
 */
import { readFileSync } from 'node:fs';
import { ForksPoolWorker, type PoolOptions, type PoolWorker } from 'vitest/node';

/** Mocks, globals, clocks, a database in memory, and what of `testing/` and `tests/support/` has them. */
const changesItsProcess =
  /\bvi\.(mock|doMock|hoisted|stubGlobal|stubEnv|useFakeTimers)\(|\b(globalThis|process)\b|fake-indexeddb|opened-studio|web-locks|hub-terminal/;

const known = new Map<string, boolean>();

export function needsItsOwnProcess(file: string): boolean {
  const found = known.get(file) ?? changesItsProcess.test(readFileSync(file, 'utf8'));
  known.set(file, found);
  return found;
}

class UnitWorker extends ForksPoolWorker {
  override readonly name = 'unit';
  #isSpent = false;

  override send(message: Parameters<PoolWorker['send']>[0]): void {
    if (message.type === 'run') this.#isSpent ||= hasOwn(message.context);
    super.send(message);
  }

  canReuse({ context }: Parameters<NonNullable<PoolWorker['canReuse']>>[0]): boolean {
    return !this.#isSpent && !hasOwn(context);
  }
}

function hasOwn({ files }: { files: readonly { filepath: string }[] }): boolean {
  return files.some(({ filepath }) => needsItsOwnProcess(filepath));
}

export const unitPool = {
  name: 'unit',
  createPoolWorker: (options: PoolOptions): PoolWorker => new UnitWorker(options),
};
