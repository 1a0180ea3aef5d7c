/** The recipe in the form, and what a person asks of a run: to begin, to pause, to end, to be resumed. */
import { parseRunFile, type RecipeKey } from '../../distill/recipe.ts';
import type { Asked } from '../words.ts';
import type { NewRun } from '../../worker/protocol.ts';
import { draftOf, type RecipeDraft } from '../recipe/recipe-draft.ts';
import { keepChoice } from './choices.ts';
import type { DataActions } from './data-actions.ts';
import type { MachineChoice } from './machine-choice.ts';
import { newRun } from './new-run.ts';
import type { RecordActions } from './records.ts';
import type { Requests } from './requests.ts';
import type { TrainView } from './studio-store.ts';
import type { ShownRunActions } from './shown-run-actions.ts';

export function trainActions(
  { get, set, request, succeeds, send, fail, dismiss }: Requests,
  { readRecords }: RecordActions,
  { measureLengths, readAsKept }: Pick<DataActions, 'measureLengths' | 'readAsKept'>,
  { selectRun, lookUp }: Pick<ShownRunActions, 'selectRun' | 'lookUp'>,
) {
  const setDraft = (draft: RecipeDraft): void => {
    set({ draft, trainView: 'next' });
    keepChoice('recipe', JSON.stringify(draft));
    void measureLengths();
  };

  /** Shows at once what was asked, and takes it back where the request fails. */
  const askRun = (asked: Asked): void => {
    set({ asked });
    void succeeds('run', { type: asked }).then((isAsked) => {
      if (!isAsked && get().asked === asked) set({ asked: null });
    });
  };

  return {
    setDraft,

    /** Shows the run, or the one to come, on Train. */
    setTrainView: (trainView: TrainView): void => {
      set({ trainView });
    },

    setField: (key: RecipeKey, text: string): void => {
      setDraft({ ...get().draft, [key]: text });
    },

    /** Takes the recipe of a `run.json`, and how its rows were read. */
    importRecipe: async (file: File): Promise<void> => {
      try {
        const { recipe, data } = parseRunFile(await file.text(), file.name);
        setDraft(draftOf(recipe));
        dismiss('run');
        if (data !== null) await readAsKept(data);
      } catch (error) {
        fail('run', error);
      }
    },

    setTestRows: (text: string): void => {
      set({ testRows: text });
      keepChoice('test-rows', text === '' ? null : text);
    },

    setBackend: (backend: MachineChoice | null): void => {
      set({ backend });
      keepChoice('backend', backend);
    },

    /** Starts a run with what is chosen. What forbids it is said by its action, before. */
    startRun: async (): Promise<void> => {
      const run = newRun(get());
      if (run === null) return;
      set({ beginning: true, asked: null });
      const result = await request('run', { type: 'start-run', run });
      set({ beginning: false });
      if (!result) {
        set({ asked: null });
        return;
      }
      set({ liveRunId: result.runId });
      await readRecords();
      await selectRun(result.runId);
    },

    /** Resumes a run from its newest checkpoint that is whole; on another engine, where one is named. */
    resumeRun: async (runId: string, engine: NewRun['engine'] = null, fromStart = false): Promise<void> => {
      // From the press on it is this page's, and can be paused and stopped: a large checkpoint takes a while to read.
      const isFirst = get().liveRunId === null;
      if (isFirst) {
        const state = { phase: 'preparing', what: 'opening the checkpoint', done: 0, total: 1 } as const;
        const runs = get().runs.map((run) => (run.id === runId ? { ...run, state } : run));
        set({ liveRunId: runId, asked: null, resumed: null, runs });
        void selectRun(runId);
      }
      const result = await request('run', { type: 'resume-run', runId, engine, fromStart });
      if (result?.kind === 'resumed') {
        set({ liveRunId: runId, resumed: result });
        await readRecords();
        return;
      }
      if (result !== null) set({ nothingWhole: { runId, engine, words: result.words } });
      if (isFirst && get().liveRunId === runId) set({ liveRunId: null, asked: null });
      await lookUp();
    },

    /** Ends the question whether a run begins again with step 1. */
    forgetNothingWhole: (): void => {
      set({ nothingWhole: null });
    },

    forgetResumed: (): void => {
      set({ resumed: null });
    },

    /** Lets an interrupted run be, with what its last checkpoint holds. */
    leaveStopped: async (runId: string): Promise<void> => {
      if (await succeeds('run', { type: 'leave-stopped', runId })) await readRecords();
    },

    /** The page may be about to go: what was learnt is kept. */
    save: (): void => {
      // Nobody waits for the answer: the page may be gone by then.
      if (get().liveRunId !== null) send({ type: 'save' }).catch(() => undefined);
    },

    pause: (): void => askRun('pause'),

    resume: (): void => {
      set({ asked: null });
      void request('run', { type: 'resume' });
    },

    stop: (): void => askRun('stop'),

    skipEvaluation: (): void => {
      void request('run', { type: 'skip-evaluation' });
    },
  };
}
