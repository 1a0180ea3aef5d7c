/**
 * The teacher of a run's rows, asked one question beside the students: only when a person says so, through the same closed
 * frame as its rows.
 */
import { InputError } from '../../base/errors.ts';
import { askOne } from '../../desk/ask-one.ts';
import { readSetup, type Setup } from '../../desk/setup.ts';
import { FrameError } from '../../frames/calls.ts';
import { listTeachers } from '../../store/teachers.ts';
import { keepTeacher, type AskedOnce, type TeacherVoice } from './asked-store.ts';
import { Connection, LostKeyError, teacherConnection } from './teacher-connection.ts';
import { teacherStore } from './teacher-store.ts';

/** A teacher that can be asked, or why none can, in a sentence. */
export type TeacherAtHand = { setup: Setup; who: string } | { why: string };

/** The teacher that a dataset's rows are, or were last, asked of. */
export async function teacherOf(datasetId: string): Promise<TeacherAtHand> {
  const { setup: open, datasetId: openId } = teacherStore.getState();
  const stored = async (): Promise<Setup | null> =>
    (await listTeachers(datasetId)).map(({ setup }) => readSetup(setup)).find((setup) => setup !== null) ??
    null;
  const setup = openId === datasetId && open !== null ? open : await stored();
  if (setup === null || setup.model === '') return { why: 'No teacher is set up for these rows.' };
  switch (setup.where) {
    case 'file':
      return { why: 'The teacher of these rows is asked by files alone.' };
    case 'tab':
      return teacherStore.getState().tab.phase === 'open'
        ? { setup, who: `${setup.model}, in this tab` }
        : { why: 'The teacher of these rows answers in this tab, and is not open now.' };
    case 'hosted':
    case 'local':
      return URL.canParse(setup.endpoint)
        ? { setup, who: `${setup.model} at ${new URL(setup.endpoint).host}` }
        : { why: 'The teacher of these rows has no address that can be asked.' };
    default:
      return setup.where satisfies never;
  }
}

/** For teachers of other places than the station’s: that one keeps its frame, and the key in it. */
const own = new Connection();

/** Asks; what it said, or why it said nothing, is kept beside the other answers. */
export async function askTeacherToo(
  runId: string,
  { id, question }: AskedOnce,
  { setup, who }: Extract<TeacherAtHand, { setup: Setup }>,
  signal: AbortSignal,
): Promise<void> {
  const startedAt = performance.now();
  const keep = (voice: TeacherVoice): void => keepTeacher(runId, id, voice);
  keep({ kind: 'waiting', who, soFar: '' });
  try {
    const { phase } = teacherStore.getState();
    if (phase === 'asking' || phase === 'pausing' || phase === 'checking')
      throw new InputError(
        'The teacher is being asked for rows.',
        'Wait until they are done, or pause them.',
      );
    const isHeld = setup.where === 'tab' || teacherConnection.holds(setup);
    if (!isHeld && setup.hadKey) throw new LostKeyError();
    const connection = isHeld ? teacherConnection : own;
    const asker = await connection.open(setup, '');
    const said = await askOne(setup, question, (ask) =>
      asker.ask(ask, signal, (soFar) => keep({ kind: 'waiting', who, soFar })),
    );
    keep({ kind: 'said', who, said, elapsedMs: performance.now() - startedAt });
  } catch (error) {
    keep({ kind: 'silent', who, why: signal.aborted ? 'It was not asked to the end.' : wordsOf(error) });
  }
}

function wordsOf(error: unknown): string {
  if (error instanceof LostKeyError) {
    return 'This teacher needs its key, which went with the page that knew it. Open Teacher, give the key, press Check there, and ask again.';
  }
  if (error instanceof FrameError) return error.report.message;
  return error instanceof Error ? error.message : String(error);
}
