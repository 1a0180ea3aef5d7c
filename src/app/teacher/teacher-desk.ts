/**
 * What the teacher's station asks for. It goes on when the station is left: one desk for the page. The key passes
 * through to the frame and is kept nowhere here.
 */
import { reportError, InputError, type ErrorReport } from '../../base/errors.ts';
import { formatCount } from '../../base/units.ts';
import { Desk, type Task, type TeachEnd } from '../../desk/desk.ts';
import { verdictOf } from '../../desk/judge.ts';
import { probe } from '../../desk/probe.ts';
import { firstSetup, readSetup, teacherIdOf, type Setup } from '../../desk/setup.ts';
import { openFrame, type ClosedFrame } from '../../frames/closed-frame.ts';
import { FrameError } from '../../frames/calls.ts';
import type { DeskCalls } from '../../frames/desk.ts';
import { originToReach } from '../../frames/reach.ts';
import { readExamples } from '../../store/datasets.ts';
import { holdTeacher } from '../../store/locks.ts';
import { listTeachers, writeTeacher } from '../../store/teachers.ts';
import type { Mark } from '../../teacher/answers.ts';
import type { Clock } from '../../teacher/pace.ts';
import type { Ask } from '../../teacher/provider.ts';
import { checkEndpoint } from '../../teacher/transport.ts';
import type { Example } from '../../data/example.ts';
import { studio } from '../state/studio.ts';
import { teacherStore, type OtherTeacher, type TeacherState } from '../state/teacher-store.ts';

/** What is being typed, kept under no teacher's name. */
const draftId = ' draft';
/** The screens are drawn so often while answers come. */
const drawEveryMs = 200;
/** After the last letter of a setup, what is on the desk is looked up again. */
const settleMs = 250;

const clock: Clock = {
  nowMs: () => performance.now(),
  random: () => Math.random(),
  sleep: (waitMs, signal) =>
    new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', done);
        resolve();
      };
      const timer = setTimeout(done, waitMs);
      signal.addEventListener('abort', done);
    }),
};

class TeacherDesk {
  #examples: readonly Example[] = [];
  #desk: Desk | null = null;
  #frame: { frame: ClosedFrame<DeskCalls>; place: string } | null = null;
  #stop = new AbortController();
  #abort = new AbortController();
  /** Opening is done by the last who asked for it. */
  #opening = 0;
  #settling: ReturnType<typeof setTimeout> | undefined;
  #drawing: ReturnType<typeof setTimeout> | undefined;

  get #state(): TeacherState {
    return teacherStore.getState();
  }

  #set(part: Partial<TeacherState>): void {
    teacherStore.setState(part);
  }

  get #busy(): boolean {
    return this.#state.phase !== 'ready' && this.#state.phase !== 'closed';
  }

  /** Puts a dataset's training rows on the desk, with the teacher that was last asked for them. */
  async open(datasetId: string): Promise<void> {
    if (this.#busy && this.#state.phase !== 'opening') return;
    const turn = ++this.#opening;
    this.#set({ phase: 'opening' });
    try {
      const [examples, records] = await Promise.all([
        readExamples(datasetId, 'train'),
        listTeachers(datasetId),
      ]);
      const known = records.map(({ setup }) => readSetup(setup)).find((setup) => setup !== null);
      if (turn !== this.#opening) return;
      this.#examples = examples;
      const { setup: before, datasetId: beforeId } = this.#state;
      const setup = beforeId === datasetId && before !== null ? before : (known ?? this.#carried());
      this.#set({ datasetId, setup });
      if (beforeId !== datasetId) {
        this.#set({ others: [], told: [], ended: null, progress: null, error: null });
      }
      await this.#lookUp(turn);
      void this.#readOthers();
    } catch (error) {
      if (turn === this.#opening) this.#set({ phase: 'ready', error: reportError(error) });
    }
  }

  /** Another dataset is asked like the one before, but for its demonstrations. */
  #carried(): Setup {
    const { setup } = this.#state;
    return setup === null ? firstSetup : { ...setup, demonstrations: [], template: '{input}' };
  }

  async #lookUp(turn = ++this.#opening): Promise<void> {
    const { datasetId, setup } = this.#state;
    if (datasetId === null || setup === null) return;
    const desk = await Desk.open(datasetId, this.#examples, setup);
    if (turn !== this.#opening) return;
    this.#desk = desk;
    this.#set({ phase: 'ready' });
    this.#draw();
  }

  change(part: Partial<Setup>): void {
    const { setup, datasetId, keyHeld } = this.#state;
    if (setup === null || datasetId === null || this.#busy) return;
    const next = { ...setup, ...part };
    const moved = placeOf(next) !== placeOf(setup);
    if (moved) this.#closeFrame();
    this.#set({
      setup: next,
      ended: null,
      ...(moved ? { abilities: null, models: [], keyHeld: false } : { keyHeld }),
      ...(teacherIdOf(next) === teacherIdOf(setup) ? {} : { abilities: null }),
    });
    clearTimeout(this.#settling);
    this.#settling = setTimeout(() => {
      void writeTeacher({ datasetId, teacherId: draftId, usedAt: Date.now(), setup: next }).catch(
        () => undefined,
      );
      this.#lookUp().catch((error: unknown) => this.#fail(error));
    }, settleMs);
  }

  /** Asks what the teacher can do. @param key What was typed into the field; empty for none, or the one that is held. */
  async check(key: string): Promise<void> {
    const { setup } = this.#state;
    if (setup === null || this.#busy) return;
    this.#begin('checking');
    try {
      const frame = await this.#openFrame(key);
      const { signal } = this.#abort;
      const models = await frame.call('models', null, { signal });
      // With what opening the frame noted in it.
      const now = this.#state.setup ?? setup;
      const named = now.model === '' && models.length > 0 ? { ...now, model: models[0]! } : now;
      this.#set({ models, setup: named });
      if (named.model === '') throw nameless();
      const abilities = await probe(named, (ask, hear) =>
        frame.call('ask', ask, { signal, onProgress: hear }),
      );
      this.#set({ abilities });
      if (abilities.silent !== null) this.#set({ ended: sentence(abilities.silent) });
    } catch (error) {
      if (!this.#abort.signal.aborted) this.#fail(error);
    }
    this.#set({ phase: 'ready' });
    await this.#lookUp().catch((error: unknown) => this.#fail(error));
  }

  /** Asks for rows until all have an answer, or something ends it. */
  async ask(task: Task, key: string): Promise<void> {
    const { setup, datasetId } = this.#state;
    if (setup === null || datasetId === null || this.#busy) return;
    this.#begin('asking');
    this.#set({ pass: task.pass, progress: null });
    let letGo: () => void = () => undefined;
    try {
      if (setup.model === '') throw nameless();
      const frame = await this.#openFrame(key);
      letGo = await holdTeacher(datasetId, teacherIdOf(setup));
      await this.#keepSetup(datasetId, this.#state.setup ?? setup);
      // Another tab may have asked meanwhile.
      await this.#reopen();
      let end = await this.#run(task, frame);
      if (end.kind === 'done' && task.pass === 'first' && setup.mode === 'label' && setup.thenRationalise) {
        this.#set({ pass: 'given' });
        end = await this.#run({ pass: 'given' }, frame);
      }
      this.#set({ ended: wordsOfEnd(end, this.#state) });
    } catch (error) {
      this.#fail(error);
    } finally {
      letGo();
      clearTimeout(this.#drawing);
      this.#drawing = undefined;
      this.#set({ phase: 'ready', arriving: null });
      this.#draw();
    }
  }

  /** Sends no more; what is in flight is waited for. */
  pause(): void {
    if (this.#state.phase !== 'asking') return;
    this.#set({ phase: 'pausing' });
    this.#stop.abort();
  }

  /** Ends what is in flight too. What came is kept. */
  stop(): void {
    this.#stop.abort();
    this.#abort.abort(new Error('stopped'));
  }

  async mark(row: number, mark: Mark | null): Promise<void> {
    try {
      await this.#desk?.mark(row, mark);
      this.#draw();
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Rows that a task would ask. */
  openRows(task: Task): number {
    return this.#desk?.openRows(task) ?? 0;
  }

  /** The answers become the dataset's reasons. */
  async useReasons(): Promise<void> {
    const { setup } = this.#state;
    if (this.#desk === null || setup === null) return;
    const rows = this.#desk
      .reasons()
      .map(({ row: { input, label }, reason }) => ({ input, label, ...reason }));
    await studio.takeReasons(setup.model, rows);
  }

  /** `{rationale, label}` for each training row, as the method's authors keep theirs. */
  authorsFile(): string {
    const reasons = new Map(this.#desk?.reasons().map(({ row, reason }) => [row.row, reason]));
    return this.#examples
      .map(({ row }) => {
        const { rationale = null, teacherLabel = '' } = reasons.get(row) ?? {};
        return `${JSON.stringify({ rationale: rationale ?? '', label: teacherLabel })}\n`;
      })
      .join('');
  }

  async prompts(): Promise<string> {
    const { setup, datasetId } = this.#state;
    if (setup === null || datasetId === null || this.#busy) return '';
    await this.#keepSetup(datasetId, setup);
    // What was typed a moment ago counts.
    await this.#reopen();
    return (await this.#desk?.prompts())?.map((line) => `${line}\n`).join('') ?? '';
  }

  async takeAnswers(file: File): Promise<void> {
    const { datasetId, setup } = this.#state;
    if (datasetId === null || setup === null || this.#busy) return;
    this.#begin('opening');
    try {
      const letGo = await holdTeacher(datasetId, teacherIdOf(setup));
      try {
        await this.#reopen();
        const { added, foreign, unread } = await this.#desk!.takeAnswers(file.name, await file.text());
        this.#set({
          told: [
            `${formatCount(added)} answers are new.`,
            ...(foreign > 0 ? [`${formatCount(foreign)} lines answer other prompts and were left out.`] : []),
            ...unread.slice(0, 5).map(({ line, why }) => `${file.name}, line ${line} was left out: ${why}.`),
          ],
        });
      } finally {
        letGo();
      }
    } catch (error) {
      this.#fail(error);
    }
    this.#set({ phase: 'ready' });
    this.#draw();
  }

  dismiss(): void {
    this.#set({ error: null });
  }

  fail(error: unknown): void {
    this.#fail(error);
  }

  // ── Within ────────────────────────────────────────────────────────────────────────────────────────────────────

  #begin(phase: 'checking' | 'asking' | 'opening'): void {
    clearTimeout(this.#settling);
    this.#opening += 1;
    this.#stop = new AbortController();
    this.#abort = new AbortController();
    this.#set({ phase, error: null, ended: null, told: [], arriving: null });
  }

  async #run(task: Task, frame: ClosedFrame<DeskCalls>): Promise<TeachEnd> {
    const { end } = await this.#desk!.run(task, {
      ask: (ask, signal) => frame.call('ask', ask, { signal, onProgress: (text) => this.#hear(ask, text) }),
      clock,
      stop: this.#stop.signal,
      abort: this.#abort.signal,
      report: (progress) => {
        this.#set({ progress });
        this.#drawing ??= setTimeout(() => {
          this.#drawing = undefined;
          this.#draw();
        }, drawEveryMs);
      },
      tell: (words) => this.#set({ told: [...this.#state.told, words] }),
    });
    return end;
  }

  #hear({ prompt }: Ask, text: string): void {
    const asked = prompt.kind === 'text' ? prompt.text : (prompt.turns.at(-1)?.content ?? '');
    const row = this.#examples.find(({ input }) => asked.includes(input))?.row ?? -1;
    this.#set({ arriving: { row, text: text.slice(-200) } });
  }

  async #reopen(): Promise<void> {
    const { datasetId, setup } = this.#state;
    this.#desk = await Desk.open(datasetId!, this.#examples, setup!);
    this.#draw();
  }

  async #keepSetup(datasetId: string, setup: Setup): Promise<void> {
    await writeTeacher({ datasetId, teacherId: teacherIdOf(setup), usedAt: Date.now(), setup });
  }

  /** A frame that reaches the setup's address alone, with the key. A new key, or address, takes a new frame. */
  async #openFrame(key: string): Promise<ClosedFrame<DeskCalls>> {
    const setup = this.#state.setup!;
    const place = placeOf(setup);
    if (this.#frame !== null && this.#frame.place === place && key === '') return this.#frame.frame;
    if (key === '' && setup.hadKey && this.#frame === null) {
      this.#set({ setup: { ...setup, hadKey: false } });
      throw new InputError(
        'This teacher had a key, and the key went with the page that knew it.',
        'Give the key again, or ask without one by pressing the button once more.',
      );
    }
    this.#closeFrame();
    const endpoint = checkEndpoint(setup.endpoint);
    const frame = await openFrame<DeskCalls>('desk.html', [originToReach(endpoint)]);
    try {
      const { api, idleSeconds } = setup;
      await frame.call('open', {
        ...{ endpoint: endpoint.href, api, idleMs: idleSeconds * 1000 },
        key: key === '' ? null : key,
      });
    } catch (error) {
      frame.close();
      throw error;
    }
    this.#frame = { frame, place };
    this.#set({ keyHeld: key !== '', setup: { ...setup, hadKey: key !== '' } });
    return frame;
  }

  #closeFrame(): void {
    this.#frame?.frame.close();
    this.#frame = null;
  }

  #draw(): void {
    if (this.#desk === null) return;
    const { spent, cost, rows, stored } = this.#desk;
    this.#set({ rows, stored, spent: { ...spent, cost }, version: this.#state.version + 1 });
  }

  /** What other teachers said of these rows, from the store. */
  async #readOthers(): Promise<void> {
    const { datasetId, setup } = this.#state;
    if (datasetId === null || setup === null) return;
    const others: OtherTeacher[] = [];
    for (const record of await listTeachers(datasetId)) {
      const other = readSetup(record.setup);
      if (record.teacherId === draftId || other === null || record.teacherId === teacherIdOf(setup)) continue;
      const { rows } = await Desk.open(datasetId, this.#examples, other);
      const labels = new Map(
        rows.flatMap(({ row, said }) =>
          said?.read?.ok === true ? [[row.row, said.read.label] as const] : [],
        ),
      );
      const right = rows.filter((one) => verdictOf(one) === 'right').length;
      if (labels.size > 0) others.push({ teacherId: record.teacherId, labels, right });
    }
    this.#set({ others });
  }

  #fail(error: unknown): void {
    const report: ErrorReport = error instanceof FrameError ? error.report : reportError(error);
    this.#set({ error: report });
  }
}

function placeOf({ endpoint, api, idleSeconds }: Setup): string {
  return JSON.stringify([endpoint, api, idleSeconds]);
}

function nameless(): InputError {
  return new InputError(
    'The teacher’s model has no name yet.',
    'Give the name by which its server knows it.',
  );
}

function sentence(words: string): string {
  const text = words.charAt(0).toUpperCase() + words.slice(1);
  return /[.!?]$/.test(text) ? text : `${text}.`;
}

function wordsOfEnd(end: TeachEnd, { progress }: TeacherState): string | null {
  const { done = 0, total = 0 } = progress ?? {};
  const far = `${formatCount(done)} of ${formatCount(total)} rows`;
  switch (end.kind) {
    case 'done':
      return null;
    case 'stopped':
      return `Stopped at ${far}. Every answer that came is kept; nothing is asked twice.`;
    case 'budget':
      return `Stopped at ${far}: the next question might pass the limit of ${end.limit}. Raise it to go on.`;
    case 'failed':
      return `Stopped at ${far}. ${end.error.message}`;
    default:
      return end satisfies never;
  }
}

export const teacherDesk = new TeacherDesk();
