/** A studio over a database in memory, whose worker a test plays. */
import 'fake-indexeddb/auto';
import { vi } from 'vitest';
import { createStore } from 'zustand/vanilla';
import { withWebLocks } from '../../../../tests/support/web-locks.ts';
import { smallRecipe } from '../../../distill/recipe.ts';
import { openDatabase } from '../../../store/database.ts';
import type { DatasetRecord, RunRecord, StudentRecord } from '../../../store/records.ts';
import { StudioClient } from '../../../worker/client.ts';
import type { Command, PageMessage, WorkerMessage } from '../../../worker/protocol.ts';
import { createStudio } from '../studio.ts';
import { initialState, studioStore, type StudioState } from '../studio-store.ts';

withWebLocks();

/** The other end of the wire: what was asked of it, and the answers that a test gives. */
export class Wire {
  onmessage: ((event: MessageEvent<WorkerMessage>) => void) | null = null;
  onerror: unknown = null;
  readonly asked: Command[] = [];
  answer: (command: Command) => unknown = () => null;

  postMessage(message: PageMessage): void {
    if (message.type !== 'command') return;
    const { id, command } = message;
    this.asked.push(command);
    void (async () => {
      try {
        this.tell({ type: 'result', id, result: (await this.answer(command)) as never });
      } catch (error) {
        const { message: words } = error as Error;
        this.tell({ type: 'failed', id, error: { name: 'DataError', message: words, stack: null } as never });
      }
    })();
  }

  terminate(): void {
    this.onmessage = null;
  }

  tell(message: WorkerMessage): void {
    this.onmessage?.({ data: message } as MessageEvent<WorkerMessage>);
  }

  /** What was asked of one type, without the type. */
  of<Type extends Command['type']>(type: Type): Omit<Extract<Command, { type: Type }>, 'type'>[] {
    return this.asked.flatMap((command) => {
      if (command.type !== type) return [];
      const { type: _type, ...rest } = command as Extract<Command, { type: Type }>;
      return [rest];
    });
  }
}

/** What the browser would keep of choices, by name. */
export const kept = new Map<string, string>();
vi.stubGlobal('localStorage', {
  getItem: (key: string) => kept.get(key) ?? null,
  setItem: (key: string, value: string) => void kept.set(key, value),
  removeItem: (key: string) => void kept.delete(key),
});

export const dataset = (id: string, part: Partial<DatasetRecord> = {}): DatasetRecord =>
  ({
    id,
    name: id,
    createdAt: 1,
    sample: false,
    files: [{ id: 'one' }, { id: 'two' }],
    problems: [],
    splits: {},
    lengths: {},
    ...part,
  }) as unknown as DatasetRecord;

export const student = (id: string, part: Partial<StudentRecord> = {}): StudentRecord =>
  ({ id, name: id, createdAt: 1, ...part }) as StudentRecord;

export const run = (id: string, part: Partial<RunRecord> = {}): RunRecord =>
  ({
    id,
    name: id,
    createdAt: 1,
    recipe: smallRecipe,
    evaluations: [],
    step: 0,
    savedStep: 0,
    state: { phase: 'done', stopped: false, step: 0 },
    ...part,
  }) as unknown as RunRecord;

export async function emptyStore(): Promise<void> {
  kept.clear();
  const database = await openDatabase();
  for (const store of database.objectStoreNames) await database.clear(store);
}

export async function stored(
  store: 'datasets' | 'students' | 'runs',
  ...records: { id: string }[]
): Promise<void> {
  const database = await openDatabase();
  for (const record of records) await database.put(store, record as never);
}

/** A studio over what is stored, with a worker that answers as `answer` says. */
export async function opened(answer: Wire['answer'] = () => null) {
  const store = createStore<StudioState>(initialState);
  const studio = createStudio(store);
  const wire = new Wire();
  wire.answer = answer;
  await studio.open(() => new StudioClient(wire as unknown as Worker, `worker-${Math.random()}`));
  return { studio, state: () => store.getState(), wire };
}

/** The page's own studio, for what speaks to it by name. */
export async function openedPage(answer: Wire['answer'] = () => null) {
  const { studio } = await import('../studio.ts');
  studioStore.setState(initialState(), true);
  const wire = new Wire();
  wire.answer = answer;
  await studio.open(() => new StudioClient(wire as unknown as Worker, `worker-${Math.random()}`));
  return { studio, state: () => studioStore.getState(), wire };
}
