/** The stored records as the screens have them, and which dataset, student and run is shown. */
import { oneAtATime } from '../../base/one-at-a-time.ts';
import { listDatasets } from '../../store/datasets.ts';
import { heldRuns } from '../../store/locks.ts';
import { listRuns } from '../../store/runs.ts';
import { listStudents } from '../../store/students.ts';
import { parseDraft } from '../recipe/recipe-draft.ts';
import { keepChoice, readChoice, type ChoiceName } from './choices.ts';
import { parseMachineChoice } from './machine-choice.ts';
import type { Requests } from './requests.ts';
import { readRoom } from './room.ts';
import { withWhatIsKnown } from './run-feed.ts';

export type RecordActions = ReturnType<typeof recordActions>;

export function recordActions({ get, set }: Pick<Requests, 'get' | 'set'>) {
  return {
    // One read at a time: an older one that came last would put records back to what they were.
    readRecords: oneAtATime(async () => {
      const held = await heldRuns();
      const [datasets, students, runs] = await Promise.all([listDatasets(), listStudents(), listRuns()]);
      set({ heldRuns: held, datasets, students, runs: withWhatIsKnown(runs, get()) });
      // What changed them took room, or left some.
      void readRoom();
    }),

    /** Shows a record, now and when the studio is next opened. */
    choose: (name: 'dataset' | 'student' | 'run', id: string | null): void => {
      // Rows and students are chosen for the run to come.
      if (name === 'run') set({ runId: id, trainView: 'run' });
      else set({ ...(name === 'dataset' ? { datasetId: id } : { studentId: id }), trainView: 'next' });
      keepChoice(name, id);
    },

    /** Takes what was chosen when the studio was last open, as far as it is still there. */
    restoreChoices: (): void => {
      const { datasets, students, runs, draft } = get();
      const known = (records: readonly { id: string }[], name: ChoiceName): string | null => {
        const chosen = readChoice(name);
        return records.some((record) => record.id === chosen) ? chosen : (records[0]?.id ?? null);
      };
      set({
        datasetId: known(datasets, 'dataset'),
        studentId: known(students, 'student'),
        runId: known(runs, 'run'),
        draft: parseDraft(readChoice('recipe')) ?? draft,
        testRows: readChoice('test-rows') ?? '',
        backend: parseMachineChoice(readChoice('backend')),
      });
    },
  };
}
