/**
 * What the screens ask for: the actions of every slice as one object, and the opening of the studio. Commands go to the
 * worker through StudioClient, records are read from the store, and both end in the state that the screens draw from.
 * Nothing is decided here about training; nothing here touches a GPU.
 */
import type { StoreApi } from 'zustand/vanilla';
import { watchVersions } from '../../store/database.ts';
import { holdPage } from '../../store/holders.ts';
import { readRun } from '../../store/runs.ts';
import type { StudioClient } from '../../worker/client.ts';
import { isActive } from '../../distill/run-state.ts';
import { dataActions } from './data-actions.ts';
import { machineActions } from './machine-actions.ts';
import { paceOf } from './pace.ts';
import { recordActions } from './records.ts';
import { createRequests } from './requests.ts';
import { shownRunActions } from './shown-run-actions.ts';
import { patienceMs, Silence, silenceTickMs } from './silence.ts';
import { studentActions } from './student-actions.ts';
import { wasTrained } from './run-feed.ts';
import { liveRun, studioStore, type StudioState } from './studio-store.ts';
import { trainActions } from './train-actions.ts';

/** How often runs that another page may be at work on are looked up. */
const lookUpEveryMs = 4000;
/** A page that was loaded again a moment ago has a worker that still lets go of its run. */
const lookAgainEveryMs = 500;

export function createStudio(store: StoreApi<StudioState>) {
  const requests = createRequests(store);
  const { get, set, fail } = requests;
  const records = recordActions(requests);
  const data = dataActions(requests, records);
  const student = studentActions(requests, records, data);
  const runs = shownRunActions(requests, records);
  const train = trainActions(requests, records, data, runs);
  const machine = machineActions(requests);
  /** The run that was resumed after its worker was taken away, and what was saved of it then. */
  let resumed: { runId: string; savedStep: number } | null = null;

  const silence = new Silence(performance.now());
  const startWorker = (start: () => StudioClient): void =>
    requests.startWorker(
      start,
      runs.draw,
      () => void replaceWorker(start),
      () => {
        silence.heard();
        if (get().silentMs !== null) set({ silentMs: null });
      },
    );

  /** Tells where the worker of a run at work has given no sign for too long. */
  const listen = (): void => {
    const state = liveRun(get())?.state ?? null;
    // A paused run has nothing to say.
    if (state === null || !isActive(state) || state.phase === 'paused') silence.heard();
    const silentMs = silence.tick(performance.now());
    const { metrics, liveRunId, silentMs: told } = get();
    const points = metrics.runId === liveRunId ? metrics.points : [];
    const pace = paceOf(points, Infinity);
    const tooLong = silentMs > patienceMs(pace === null ? null : 1000 / pace.stepsPerSecond);
    if (tooLong || told !== null) set({ silentMs: tooLong ? silentMs : null });
  };

  /**
   * The worker was taken away: another one resumes its run, unless that got nowhere last time, the run was not training,
   * or a person has asked for something else.
   */
  const replaceWorker = async (start: () => StudioClient): Promise<void> => {
    startWorker(start);
    const live = liveRun(get());
    const { asked } = get();
    set({ liveRunId: null, asked: null, silentMs: null });
    silence.heard();
    if (live === null) return;
    const stored = await readRun(live.id);
    if (stored === null || asked === 'pause' || !wasTrained(stored.state, live.state)) {
      await runs.refresh();
      return;
    }
    if (asked === 'stop') {
      await train.leaveStopped(live.id);
      return;
    }
    const last = resumed;
    const savedStep = stored.savedStep ?? 0;
    resumed = { runId: live.id, savedStep };
    if (last !== null && last.runId === live.id && last.savedStep >= savedStep) await runs.lookUp();
    else await train.resumeRun(live.id);
  };

  return {
    ...requests,
    ...data,
    ...student,
    ...runs,
    ...train,
    ...machine,

    /** Ends a worker that gives no sign; its run resumes with another one, whatever was asked of it before. */
    endWorker: (): void => {
      set({ asked: null });
      requests.endWorker();
    },

    /** Reads what is stored, starts the worker, and on the very first visit brings student and sample. */
    open: async (start: () => StudioClient, startAside?: () => StudioClient): Promise<void> => {
      holdPage();
      if (startAside !== undefined) requests.readAside(startAside);
      watchVersions({
        onNewer: () => {
          set({ otherVersion: 'superseded' });
          return Promise.resolve();
        },
        onWaiting: (isWaiting) => set({ otherVersion: isWaiting ? 'waiting' : null }),
      });
      try {
        await records.readRecords();
        records.restoreChoices();
      } catch (error) {
        fail('studio', error);
      }
      set({ ready: true });
      try {
        startWorker(start);
      } catch (error) {
        fail('studio', error);
        requests.notBegun();
        return;
      }
      setInterval(() => void runs.lookUp(), lookUpEveryMs);
      setInterval(() => {
        if (runs.isUnsure()) void runs.lookUp();
      }, lookAgainEveryMs);
      setInterval(listen, silenceTickMs);
      void runs.selectRun(get().runId);
      void machine.probe();
      await student.bringStudent();
      await data.offerSample();
      void data.measureLengths();
    },
  };
}

export const studio = createStudio(studioStore);
