/**
 * What the screens ask for. Commands go to the worker through StudioClient, records are read from the store, and both
 * end in the state that the screens draw from. Nothing is decided here about training; nothing here touches a GPU.
 */
import { parseRecipe, type RecipeKey } from '../../distill/recipe.ts';
import { isActive } from '../../distill/run-state.ts';
import { deleteDataset, listDatasets } from '../../store/datasets.ts';
import type { Split } from '../../store/records.ts';
import { listRuns, readMetrics, readRun } from '../../store/runs.ts';
import { deleteStudent, listStudents } from '../../store/students.ts';
import type { WrittenFloat } from '../../formats/safetensors.ts';
import type { StudioClient } from '../../worker/client.ts';
import { heldRuns } from '../../store/locks.ts';
import type { BenchReport, CommandOf, NewRun, ReductionWishes, Results } from '../../worker/protocol.ts';
import { keepChoice, readChoice, type ChoiceName } from './choices.ts';
import { staleLengths } from './stale-lengths.ts';
import { Requests } from './requests.ts';
import { hear, withLatePoints, withWhatIsKnown, type Told } from './run-feed.ts';
import { askToPersist, readRoom } from './room.ts';
import { currentDataset, liveRun, studioStore } from './studio-store.ts';
import { parseMachineChoice, type MachineChoice } from './machine-choice.ts';
import { newRun } from './new-run.ts';
import { draftOf, parseDraft, readDraft, type RecipeDraft } from '../recipe/recipe-draft.ts';

/** How often runs that another page may be at work on are looked up. */
const lookUpEveryMs = 4000;

export class Studio extends Requests {
  /** How often a run was made what it was at an earlier step. */
  #trims = 0;
  #importing: Promise<void> = Promise.resolve();
  /** The run that went on after its worker was taken away, and what was saved of it then. */
  #continued: { runId: string; savedStep: number } | null = null;
  /** What token lengths were last asked for, so that a failing request is not repeated for ever. */
  #measured = '';

  /** Reads what is stored, starts the worker, and on the very first visit brings student and sample. */
  async open(start: () => StudioClient): Promise<void> {
    try {
      await this.#readRecords();
      this.#restoreChoices();
    } catch (error) {
      this.fail('studio', error);
    }
    this.set({ ready: true });
    try {
      this.#startWorker(start);
    } catch (error) {
      this.fail('studio', error);
      return;
    }
    setInterval(() => void this.#lookUp(), lookUpEveryMs);
    // A worker that was reloaded away lets go of its run a moment later.
    setTimeout(() => void this.#lookUp(), 500);
    void this.selectRun(this.state.runId);
    void this.request('machine', { type: 'probe' }).then((machine) => {
      if (machine) this.set({ machine });
    });
    await this.#bringStudent();
    if (this.state.datasets.length === 0 && readChoice('sample-offered') === null) await this.useSample();
    void this.measureLengths();
  }

  // ── Data ────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Adds files to the person's dataset; beside the sample they begin a new one. */
  importFiles(files: readonly File[], split: Split | null = null): Promise<void> {
    // One drop after the other: the second belongs to the dataset that the first has made.
    this.#importing = this.#importing.then(() => this.#importInTurn(files, split));
    return this.#importing;
  }

  async #importInTurn(files: readonly File[], split: Split | null): Promise<void> {
    if (files.length === 0) return;
    void askToPersist();
    const known = currentDataset(this.state);
    const datasetId = known === null || known.sample ? null : known.id;
    const result = await this.request('data', {
      type: 'import-files',
      datasetId,
      files: files.map((file) => ({ file, split })),
    });
    if (!result) return;
    await this.#showDataset(result.datasetId);
  }

  async removeFile(fileId: string): Promise<void> {
    const { datasetId } = this.state;
    if (datasetId === null) return;
    const dataset = currentDataset(this.state);
    if (dataset?.files.length === 1) return this.removeDataset();
    if (await this.succeeds('data', { type: 'remove-file', datasetId, fileId }))
      await this.#showDataset(datasetId);
  }

  async assignSplit(fileId: string, split: Split): Promise<void> {
    const { datasetId } = this.state;
    if (datasetId === null) return;
    if (await this.succeeds('data', { type: 'assign-split', datasetId, fileId, split })) {
      await this.#showDataset(datasetId);
    }
  }

  async useSample(): Promise<void> {
    const result = await this.request('data', { type: 'load-sample' });
    if (!result) return;
    keepChoice('sample-offered', 'yes');
    await this.#showDataset(result.datasetId);
  }

  async selectDataset(datasetId: string): Promise<void> {
    await this.#showDataset(datasetId);
  }

  /** Removes the dataset that is shown. Runs keep their curves and answers; comparing anew needs the dataset. */
  async removeDataset(): Promise<void> {
    const { datasetId } = this.state;
    if (datasetId === null) return;
    try {
      await deleteDataset(datasetId);
      await this.#readRecords();
      this.#choose('dataset', null);
    } catch (error) {
      this.fail('data', error);
    }
  }

  /** Counts tokens anew where dataset, student or the recipe's limits changed since. */
  async measureLengths(): Promise<void> {
    const command = staleLengths(this.state);
    const wanted = JSON.stringify(command);
    if (command === null || wanted === this.#measured) return;
    this.#measured = wanted;
    const { rows: _rows, ...limits } = command;
    if (await this.succeeds('lengths', { type: 'measure-lengths', ...limits })) await this.#readRecords();
  }

  // ── Student ─────────────────────────────────────────────────────────────────────────────────────────────────────

  async importStudent(files: readonly { path: string; file: File }[]): Promise<void> {
    if (files.length === 0) return;
    void askToPersist();
    const result = await this.request('student', { type: 'import-student', files: [...files] });
    if (!result) return;
    await this.#readRecords();
    this.selectStudent(result.studentId);
  }

  /** Makes a smaller copy of the student in use, takes it, and measures what that cost. */
  async reduceStudent(wishes: ReductionWishes): Promise<void> {
    const { studentId, datasetId } = this.state;
    if (studentId === null) return;
    const result = await this.request('reduce', { type: 'reduce-student', studentId, datasetId, wishes });
    if (!result) return;
    await this.#readRecords();
    this.selectStudent(result.studentId);
    await this.measureReduction();
  }

  /** Measures the loss of the reduced student in use, and of what it was made from. */
  async measureReduction(): Promise<void> {
    const { studentId, datasetId } = this.state;
    const { recipe } = readDraft(this.state.draft);
    if (studentId === null || datasetId === null || recipe === null) return;
    await this.request('reduce', { type: 'measure-reduction', studentId, datasetId, recipe });
    await this.#readRecords().catch((error: unknown) => this.fail('reduce', error));
  }

  /** Work of a training step for each configuration; null where the worker cannot say. */
  async estimateSteps(command: Omit<CommandOf<'estimate-steps'>, 'type'>): Promise<number[] | null> {
    return this.send({ type: 'estimate-steps', ...command }).catch(() => null);
  }

  selectStudent(studentId: string): void {
    this.#choose('student', studentId);
    void this.measureLengths();
  }

  async removeStudent(studentId: string): Promise<void> {
    try {
      await deleteStudent(studentId);
      await this.#readRecords();
    } catch (error) {
      this.fail('student', error);
      return;
    }
    if (this.state.studentId === studentId) {
      this.#choose('student', this.state.students[0]?.id ?? null);
      void this.measureLengths();
    }
  }

  // ── Train ───────────────────────────────────────────────────────────────────────────────────────────────────────

  setField(key: RecipeKey, text: string): void {
    this.setDraft({ ...this.state.draft, [key]: text });
  }

  setDraft(draft: RecipeDraft): void {
    this.set({ draft });
    keepChoice('recipe', JSON.stringify(draft));
    void this.measureLengths();
  }

  /** Takes the recipe of a `run.json`. */
  async importRecipe(file: File): Promise<void> {
    try {
      this.setDraft(draftOf(parseRecipe(await file.text(), file.name)));
      this.dismiss('run');
    } catch (error) {
      this.fail('run', error);
    }
  }

  setTestRows(text: string): void {
    this.set({ testRows: text });
    keepChoice('test-rows', text === '' ? null : text);
  }

  setBackend(backend: MachineChoice | null): void {
    this.set({ backend });
    keepChoice('backend', backend);
  }

  /** Starts a run with what is chosen. What forbids it is told by `startObstacle`, before. */
  async startRun(): Promise<void> {
    const run = newRun(this.state);
    if (run === null) return;
    const result = await this.request('run', { type: 'start-run', run });
    if (!result) return;
    this.set({ liveRunId: result.runId });
    await this.#readRecords();
    await this.selectRun(result.runId);
  }

  /** Goes on with a run from its newest checkpoint that is whole; on another engine, where one is named. */
  async resumeRun(runId: string, engine: NewRun['engine'] = null, fromStart = false): Promise<void> {
    const result = await this.request('run', { type: 'resume-run', runId, engine, fromStart });
    if (!result) {
      await this.#lookUp();
      return;
    }
    if (result.kind === 'nothing-whole') {
      this.set({ nothingWhole: { runId, engine, words: result.words } });
      await this.#lookUp();
      return;
    }
    this.set({ liveRunId: runId, resumed: result });
    await this.#readRecords();
    await this.selectRun(runId);
  }

  /** Ends the question whether a run begins again with step 1. */
  forgetNothingWhole(): void {
    this.set({ nothingWhole: null });
  }

  forgetResumed(): void {
    this.set({ resumed: null });
  }

  /** Lets an interrupted run be, with what its last checkpoint holds. */
  async leaveStopped(runId: string): Promise<void> {
    if (await this.succeeds('run', { type: 'leave-stopped', runId })) await this.#readRecords();
  }

  /** The page may be about to go: what was learnt is kept. */
  save(): void {
    // Nobody waits for the answer: the page may be gone by then.
    if (this.state.liveRunId !== null) this.send({ type: 'save' }).catch(() => undefined);
  }

  pause(): void {
    this.set({ asked: 'pause' });
    void this.request('run', { type: 'pause' });
  }

  resume(): void {
    this.set({ asked: null });
    void this.request('run', { type: 'resume' });
  }

  stop(): void {
    this.set({ asked: 'stop' });
    void this.request('run', { type: 'stop' });
  }

  skipEvaluation(): void {
    void this.request('run', { type: 'skip-evaluation' });
  }

  // ── Runs, comparison, export ────────────────────────────────────────────────────────────────────────────────────

  /** Shows a run: its curve is read from the store. */
  async selectRun(runId: string | null): Promise<void> {
    this.#choose('run', runId);
    const version = this.state.metrics.version + 1;
    if (this.state.metrics.runId !== runId) this.set({ metrics: { runId, points: [], version } });
    if (runId !== null) await this.#readCurve(runId);
  }

  async compare(runId: string, testRows: number | null): Promise<void> {
    await this.request('compare', { type: 'compare', runId, testRows });
    await this.#readRecords().catch((error: unknown) => this.fail('compare', error));
  }

  /** The model as a zip, ready to be saved; null where that failed. */
  exportModel(runId: string, dtype: WrittenFloat): Promise<Results['export-model'] | null> {
    return this.request('export', { type: 'export-model', runId, dtype });
  }

  /** Measures every engine of this browser; what it finds is shown on the Benchmark screen. */
  async bench(model: BenchReport['model']): Promise<void> {
    this.set({ bench: null });
    const bench = await this.request('bench', { type: 'bench', model });
    if (bench) this.set({ bench });
  }

  /** Reads the records again, for whoever changed them otherwise. What went away is chosen no longer. */
  async refresh(): Promise<void> {
    await this.#readRecords();
    const { runs, runId, datasets, datasetId, students, studentId } = this.state;
    if (!datasets.some(({ id }) => id === datasetId)) this.#choose('dataset', null);
    if (!students.some(({ id }) => id === studentId)) this.#choose('student', students[0]?.id ?? null);
    if (!runs.some(({ id }) => id === runId)) await this.selectRun(runs[0]?.id ?? null);
  }

  // ── The worker ──────────────────────────────────────────────────────────────────────────────────────────────────

  #startWorker(start: () => StudioClient): void {
    this.startWorker(
      start,
      (events) => this.#draw(events),
      () => void this.#replaceWorker(start),
    );
  }

  /** The worker was taken away: another one goes on with its run, unless that got nowhere last time. */
  async #replaceWorker(start: () => StudioClient): Promise<void> {
    this.#startWorker(start);
    const live = liveRun(this.state);
    this.set({ liveRunId: null, asked: null });
    if (live === null) return;
    const last = this.#continued;
    const savedStep = (await readRun(live.id))?.savedStep ?? 0;
    this.#continued = { runId: live.id, savedStep };
    if (last !== null && last.runId === live.id && last.savedStep >= savedStep) await this.#lookUp();
    else await this.resumeRun(live.id);
  }

  // ── Within ──────────────────────────────────────────────────────────────────────────────────────────────────────

  async #readRecords(): Promise<void> {
    const heldRunIds = await heldRuns();
    const [datasets, students, runs] = await Promise.all([listDatasets(), listStudents(), listRuns()]);
    this.set({ heldRunIds, datasets, students, runs: withWhatIsKnown(runs, this.state) });
    // What changed them took room, or left some.
    void readRoom();
  }

  #restoreChoices(): void {
    const { datasets, students, runs } = this.state;
    const known = (records: readonly { id: string }[], name: ChoiceName): string | null => {
      const chosen = readChoice(name);
      return records.some((record) => record.id === chosen) ? chosen : (records[0]?.id ?? null);
    };
    this.set({
      datasetId: known(datasets, 'dataset'),
      studentId: known(students, 'student'),
      runId: known(runs, 'run'),
      draft: parseDraft(readChoice('recipe')) ?? this.state.draft,
      testRows: readChoice('test-rows') ?? '',
      backend: parseMachineChoice(readChoice('backend')),
    });
  }

  #choose(name: 'dataset' | 'student' | 'run', id: string | null): void {
    this.set(name === 'dataset' ? { datasetId: id } : name === 'student' ? { studentId: id } : { runId: id });
    keepChoice(name, id);
  }

  async #bringStudent(): Promise<void> {
    const result = await this.request('student', { type: 'load-bundled-student' });
    if (!result) return;
    await this.#readRecords();
    if (this.state.studentId === null) this.#choose('student', result.studentId);
  }

  async #showDataset(datasetId: string): Promise<void> {
    await this.#readRecords();
    this.#choose('dataset', datasetId);
    void this.measureLengths();
  }

  async #readCurve(runId: string): Promise<void> {
    try {
      const trims = this.#trims;
      const stored = await readMetrics(runId);
      const { metrics } = this.state;
      if (metrics.runId !== runId) return;
      // Read before its later points went: what is stored now is another curve.
      if (trims !== this.#trims) {
        await this.#readCurve(runId);
        return;
      }
      const points = withLatePoints(stored, metrics.points);
      if (points.length === metrics.points.length) return;
      this.set({ metrics: { runId, points, version: metrics.version + 1 } });
      this.set({ runs: withWhatIsKnown(this.state.runs, this.state) });
    } catch (error) {
      this.fail('runs', error);
    }
  }

  /** Another page may be at work on a run, or may have ended: its record tells. */
  async #lookUp(): Promise<void> {
    const { runs, liveRunId, runId } = this.state;
    if (!runs.some((run) => run.id !== liveRunId && isActive(run.state))) return;
    try {
      const heldRunIds = await heldRuns();
      this.set({ heldRunIds, runs: withWhatIsKnown(await listRuns(), this.state) });
      if (runId !== null && runId !== liveRunId) await this.#readCurve(runId);
    } catch (error) {
      this.fail('runs', error);
    }
  }

  #draw(events: readonly Told[]): void {
    if (events.some(({ event }) => event.type === 'trimmed')) this.#trims += 1;
    const { stale, ...heard } = hear(this.state, events, Date.now());
    this.set(heard);
    if (stale) void this.#readRecords().catch((error: unknown) => this.fail('runs', error));
  }
}

export const studio = new Studio(studioStore);
