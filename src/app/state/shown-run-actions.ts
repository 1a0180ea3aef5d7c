/** Which run is shown and what is known of it, from the store and from the worker. */
import type { Recipe } from '../../distill/recipe.ts';
import { isActive } from '../../distill/run-state.ts';
import type { ServedStorage } from '../../export/server-folder.ts';
import type { WrittenFloat } from '../../formats/safetensors-writer.ts';
import { readMetrics } from '../../store/runs.ts';
import type { CommandOf, Results } from '../../worker/protocol.ts';
import type { RecordActions } from './records.ts';
import type { Requests } from './requests.ts';
import { holdOf } from '../held-runs.ts';
import { hear, withLatePoints, withWhatIsKnown, type Told } from './run-feed.ts';

export type ShownRunActions = ReturnType<typeof shownRunActions>;

export function shownRunActions(
  { get, set, request, fail }: Requests,
  { readRecords, choose }: RecordActions,
) {
  /** How often a run was made what it was at an earlier step. */
  let trims = 0;

  const readCurve = async (runId: string): Promise<void> => {
    try {
      const before = trims;
      const stored = await readMetrics(runId);
      const { metrics } = get();
      if (metrics.runId !== runId) return;
      // Read before its later points went: what is stored now is another curve.
      if (before !== trims) {
        await readCurve(runId);
        return;
      }
      const points = withLatePoints(stored, metrics.points);
      if (points.length === metrics.points.length) return;
      set({ metrics: { runId, points, version: metrics.version + 1 } });
      set({ runs: withWhatIsKnown(get().runs, get()) });
    } catch (error) {
      fail('runs', error);
    }
  };

  /** Shows a run: its curve is read from the store. */
  const selectRun = async (runId: string | null): Promise<void> => {
    choose('run', runId);
    const { metrics } = get();
    if (metrics.runId !== runId) set({ metrics: { runId, points: [], version: metrics.version + 1 } });
    if (runId !== null) await readCurve(runId);
  };

  return {
    selectRun,

    /** Another page may be at work on a run, or may have ended: its record tells. */
    lookUp: async (): Promise<void> => {
      const { runs, liveRunId, runId, otherVersion } = get();
      if (otherVersion !== null) return;
      if (!runs.some((run) => run.id !== liveRunId && isActive(run.state))) return;
      try {
        await readRecords();
        if (runId !== null && runId !== liveRunId) await readCurve(runId);
      } catch (error) {
        fail('runs', error);
      }
    },

    /** Whether some run may still be at work, in the last step of a page that has gone. */
    isUnsure: (): boolean => {
      const state = get();
      return state.runs.some((run) => holdOf(run, state, Date.now()) === 'unsure');
    },

    /** Takes in what the worker told of runs. */
    draw: (events: readonly Told[]): void => {
      if (events.some(({ event }) => event.type === 'trimmed')) trims += 1;
      const { liveRunId, runId } = get();
      const { stale, ...heard } = hear(get(), events, Date.now());
      // What was seen of it stays where it has ended: files or a student may have been chosen meanwhile.
      const hasEnded = liveRunId !== null && liveRunId === runId && heard.liveRunId !== liveRunId;
      set(hasEnded ? { ...heard, trainView: 'run' } : heard);
      if (stale) void readRecords().catch((error: unknown) => fail('runs', error));
    },

    /** Reads the records again, for whoever changed them otherwise. What went away is no longer chosen. */
    refresh: async (): Promise<void> => {
      await readRecords();
      const { runs, runId, datasets, datasetId, students, studentId } = get();
      if (!datasets.some(({ id }) => id === datasetId)) choose('dataset', null);
      if (!students.some(({ id }) => id === studentId)) choose('student', students[0]?.id ?? null);
      if (!runs.some(({ id }) => id === runId)) await selectRun(runs[0]?.id ?? null);
    },

    compare: async (
      runId: string,
      testRows: number | null,
      generation: Recipe['generation'],
    ): Promise<void> => {
      await request('compare', { type: 'compare', runId, testRows, generation });
      await readRecords().catch((error: unknown) => fail('compare', error));
    },

    /** The model as a zip, ready to be saved; null where that failed. */
    exportModel: (runId: string, dtype: WrittenFloat): Promise<Results['export-model'] | null> => {
      return request('export', { type: 'export-model', runId, dtype });
    },

    /** The model for ONNX runtimes as a zip; null where that failed or was cancelled. */
    exportOnnx: (
      runId: string,
      { storage, withPast }: Pick<CommandOf<'export-onnx'>, 'storage' | 'withPast'>,
    ): Promise<Results['export-onnx'] | null> => {
      return request('export', { type: 'export-onnx', runId, storage, withPast });
    },

    /** One page that answers by itself; null where that failed or was cancelled. */
    exportDemo: (runId: string): Promise<Results['export-demo'] | null> => {
      return request('export', { type: 'export-demo', runId });
    },

    /** The model with a server in Python as a zip, ready to be saved; null where that failed. */
    exportServer: (runId: string, storage: ServedStorage): Promise<Results['export-server'] | null> => {
      return request('export', { type: 'export-server', runId, storage });
    },

    /** A run, to come or stored, as a project in PyTorch, ready to be saved; null where that failed. */
    exportProject: (of: CommandOf<'export-project'>['of']): Promise<Results['export-project'] | null> => {
      return request('project', { type: 'export-project', of });
    },
  };
}
