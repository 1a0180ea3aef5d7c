/**
 * What the teacher's station asks for. It continues when the station is left: one desk for the page. The key passes
 * through to the frame and is kept nowhere here.
 */
import { reportError, type ErrorReport } from '../../base/errors.ts';
import type { Example } from '../../data/example.ts';
import { Desk, type Task, type TeachEnd } from '../../desk/desk.ts';
import { verdictOf } from '../../desk/judge.ts';
import { probe } from '../../desk/probe.ts';
import { firstSetup, readSetup, teacherIdOf, type Setup } from '../../desk/setup.ts';
import { FrameError } from '../../frames/calls.ts';
import {
  openModelFolder,
  type ModelFile,
  type ModelFolder,
  type Precision,
} from '../../in-tab/model-folder.ts';
import { chooseDevice, nameOf } from '../../in-tab/tab-model.ts';
import { readExamples } from '../../store/datasets.ts';
import { holdTeacher } from '../../store/locks.ts';
import { listTeachers, writeTeacher } from '../../store/teachers.ts';
import type { Mark } from '../../teacher/answers.ts';
import { machineClock } from '../../teacher/pace.ts';
import { studio } from '../state/studio.ts';
import { LostKeyError, placeOf, teacherConnection, type Asker } from '../state/teacher-connection.ts';
import { teacherStore, type OtherTeacher, type TeacherState } from '../state/teacher-store.ts';
import { nameless, sentence, wordsOfAnswers, wordsOfEnd } from './words.ts';

/** What is being typed, kept under no teacher's name. */
const draftId = ' draft';
/** The screens are drawn so often while answers come. */
const drawEveryMs = 200;
/** After the last letter of a setup, what is on the desk is looked up again. */
const settleMs = 250;

class TeacherDesk {
  #examples: readonly Example[] = [];
  #desk: Desk | null = null;
  readonly #connection = teacherConnection;
  #stop = new AbortController();
  #abort = new AbortController();
  /** Opening is done by the last who asked for it. */
  #opening = 0;
  #settling: ReturnType<typeof setTimeout> | undefined;
  #drawing: ReturnType<typeof setTimeout> | undefined;
  #folder: ModelFolder | null = null;

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
    if (moved) this.#connection.closeFrame();
    if (next.where !== 'tab' && setup.where === 'tab') this.#closeTab();
    this.#set({
      setup: next,
      ended: null,
      ...(moved ? { abilities: null, models: [], keyHeld: false } : { keyHeld }),
      ...(teacherIdOf(next) === teacherIdOf(setup) ? {} : { abilities: null }),
    });
    clearTimeout(this.#settling);
    this.#settling = setTimeout(() => {
      this.#keepDraft(datasetId, next);
      this.#lookUp()
        .then(() => this.#readOthers())
        .catch((error: unknown) => this.#fail(error));
    }, settleMs);
  }

  /** Asks what the teacher can do. @param key What was typed into the field; empty for none, or the one that is held. */
  async check(key: string): Promise<void> {
    const { setup, datasetId } = this.#state;
    if (setup === null || this.#busy) return;
    this.#begin('checking');
    try {
      const asker = await this.#connect(key);
      const { signal } = this.#abort;
      const models = await asker.models(signal);
      // With what opening the frame noted in it.
      const now = this.#state.setup ?? setup;
      const named = now.model === '' && models.length > 0 ? { ...now, model: models[0]! } : now;
      this.#set({ models, setup: named });
      if (named.model === '') throw nameless();
      // What was typed a moment ago counts after a reload, too.
      if (datasetId !== null) this.#keepDraft(datasetId, named);
      const abilities = await probe(named, (ask, hear) => asker.ask(ask, signal, hear));
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
      const asker = await this.#connect(key);
      letGo = await holdTeacher(datasetId, teacherIdOf(setup));
      await this.#keepSetup(datasetId, this.#state.setup ?? setup);
      // Another tab may have asked meanwhile.
      await this.#reopen();
      let end = await this.#run(task, asker);
      if (end.kind === 'done' && task.pass === 'first' && setup.mode === 'label' && setup.thenRationalise) {
        this.#set({ pass: 'given' });
        end = await this.#run({ pass: 'given' }, asker);
      }
      this.#set({ ended: wordsOfEnd(end, this.#state.progress) });
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
        const brought = await this.#desk!.takeAnswers(file.name, await file.text());
        this.#set({ told: wordsOfAnswers(file.name, brought) });
      } finally {
        letGo();
      }
    } catch (error) {
      this.#fail(error);
    }
    this.#set({ phase: 'ready' });
    this.#draw();
  }

  /** Reads a model's folder, and opens the model in this tab. */
  async openFolder(files: readonly ModelFile[]): Promise<void> {
    if (this.#busy) return;
    try {
      this.#folder = await openModelFolder(files);
      await this.openPrecision(null);
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Opens the folder's model as one of its files keeps it; null for the one that suits this machine. */
  async openPrecision(wish: Precision | null): Promise<void> {
    const folder = this.#folder;
    if (folder === null || this.#busy) return;
    this.#begin('checking');
    this.#set({ abilities: null, tab: { phase: 'opening', name: folder.name, readBytes: 0 } });
    try {
      const device = await chooseDevice();
      const show = (readBytes: number): void =>
        this.#set({ tab: { phase: 'opening', name: folder.name, readBytes } });
      const model = await this.#connection.openTab(folder, device, wish, show);
      const { variant, converses } = model;
      const setup = this.#state.setup!;
      this.#set({
        tab: { phase: 'open', folder, variant, device: model.device, threads: model.threads },
        setup: { ...setup, api: converses ? 'chat' : 'completions', model: nameOf(model), hadKey: false },
      });
    } catch (error) {
      this.#set({ tab: { phase: 'none' } });
      this.#fail(error);
    }
    this.#set({ phase: 'ready' });
    await this.#lookUp().catch((error: unknown) => this.#fail(error));
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

  async #run(task: Task, asker: Asker): Promise<TeachEnd> {
    const { end } = await this.#desk!.run(task, {
      ask: (ask, signal, row) =>
        asker.ask(ask, signal, (text) => this.#set({ arriving: { row, text: text.slice(-200) } })),
      clock: machineClock,
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

  async #reopen(): Promise<void> {
    const { datasetId, setup } = this.#state;
    this.#desk = await Desk.open(datasetId!, this.#examples, setup!);
    this.#draw();
  }

  #keepDraft(datasetId: string, setup: Setup): void {
    void writeTeacher({ datasetId, teacherId: draftId, usedAt: Date.now(), setup }).catch(() => undefined);
  }

  async #keepSetup(datasetId: string, setup: Setup): Promise<void> {
    await writeTeacher({ datasetId, teacherId: teacherIdOf(setup), usedAt: Date.now(), setup });
  }

  /** Who answers, as the setup has it. @param key What was typed into the field. */
  async #connect(key: string): Promise<Asker> {
    const setup = this.#state.setup!;
    try {
      const asker = await this.#connection.open(setup, key);
      this.#set({ keyHeld: asker.hasKey, setup: { ...setup, hadKey: asker.hasKey } });
      return asker;
    } catch (error) {
      if (error instanceof LostKeyError) this.#set({ setup: { ...setup, hadKey: false } });
      throw error;
    }
  }

  #closeTab(): void {
    this.#connection.closeTab();
    this.#folder = null;
    this.#set({ tab: { phase: 'none' } });
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

export const teacherDesk = new TeacherDesk();
