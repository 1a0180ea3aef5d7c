import { beforeEach, describe, expect, it, vi } from 'vitest';
import { InputError } from '../../base/errors.ts';
import { firstSetup, type Setup } from '../../desk/setup.ts';
import { FrameError } from '../../frames/calls.ts';
import { openDatabase } from '../../store/database.ts';
import { writeTeacher } from '../../store/teachers.ts';
import { askTeacherToo, teacherOf } from './ask-teacher.ts';
import { askedStore, keepAsked } from './asked-store.ts';
import { Connection, LostKeyError, placeOf, teacherConnection } from './teacher-connection.ts';
import { teacherStore } from './teacher-store.ts';
import { emptyStore } from './testing/opened-studio.ts';

interface Opened {
  reach: readonly string[];
  calls: { name: string; request: unknown }[];
  closed: boolean;
}

/** Frames that were opened, and what they answer: the frame itself, and the network behind it, are e2e’s. */
const frames = vi.hoisted(() => ({ opened: [] as Opened[], answer: (_name: string): unknown => null }));
vi.mock('../../frames/closed-frame.ts', () => ({
  openFrame: (_page: string, reach: readonly string[]) => {
    const frame: Opened = { reach, calls: [], closed: false };
    frames.opened.push(frame);
    return Promise.resolve({
      call: async (name: string, request: unknown) => {
        frame.calls.push({ name, request });
        return Promise.resolve(frames.answer(name));
      },
      close: () => (frame.closed = true),
    });
  },
}));

const setup: Setup = { ...firstSetup, endpoint: 'http://teacher.example:81/v1', model: 'm', idleSeconds: 9 };

beforeEach(async () => {
  await emptyStore();
  frames.opened.length = 0;
  frames.answer = () => null;
  teacherConnection.closeFrame();
  teacherStore.setState(teacherStore.getInitialState(), true);
});

describe('a connection to a teacher', () => {
  it('is a frame that reaches its address alone, and is told the key', async () => {
    const connection = new Connection();
    const asker = await connection.open(setup, 'secret');
    expect(asker.hasKey).toBe(true);
    expect(frames.opened).toEqual([
      {
        reach: ['http://teacher.example:81'],
        calls: [
          {
            name: 'open',
            request: { endpoint: setup.endpoint, api: 'chat', idleMs: 9000, key: 'secret' },
          },
        ],
        closed: false,
      },
    ]);
    expect(connection.holds(setup)).toBe(true);
    expect(connection.holds({ ...setup, endpoint: 'http://other.example' })).toBe(false);
    expect(new Connection().holds(setup)).toBe(false);
  });

  it('stays for the same place, and is another frame for a new key or another place', async () => {
    const connection = new Connection();
    const first = await connection.open(setup, '');
    expect(first.hasKey).toBe(false);
    expect(await connection.open({ ...setup, model: 'other', temperature: 1 }, '')).toBe(first);
    await connection.open(setup, 'key');
    await connection.open({ ...setup, endpoint: 'http://other.example/v1' }, '');
    expect(frames.opened.map(({ closed }) => closed)).toEqual([true, true, false]);
    connection.closeFrame();
    expect([frames.opened[2]!.closed, connection.holds(setup)]).toEqual([true, false]);
  });

  it('is not opened without the key that went with an earlier page', async () => {
    const connection = new Connection();
    await expect(connection.open({ ...setup, hadKey: true }, '')).rejects.toThrow(LostKeyError);
    await expect(connection.open({ ...setup, endpoint: 'nonsense' }, '')).rejects.toThrow(InputError);
    expect(frames.opened).toEqual([]);
    await connection.open({ ...setup, hadKey: true }, 'again');
    // The key is in the frame.
    await connection.open({ ...setup, hadKey: true }, '');
    expect(frames.opened).toHaveLength(1);
  });

  it('that the frame refuses leaves no frame', async () => {
    frames.answer = () => {
      throw new Error('no such interface');
    };
    const connection = new Connection();
    await expect(connection.open(setup, '')).rejects.toThrow('no such interface');
    expect([frames.opened[0]!.closed, connection.holds(setup)]).toEqual([true, false]);
  });

  it('to a model in this tab needs one that is open', async () => {
    await expect(new Connection().open({ ...setup, where: 'tab' }, '')).rejects.toThrow('No model is open');
    expect(placeOf(setup)).toBe(placeOf({ ...setup, where: 'hosted' }));
    expect(placeOf(setup)).not.toBe(placeOf({ ...setup, where: 'tab' }));
  });
});

describe('the teacher of a run’s rows', () => {
  const stored = (part: Partial<Setup>) =>
    writeTeacher({ datasetId: 'own', teacherId: 't', usedAt: 1, setup: { ...setup, ...part } });

  it('is the one on the desk, else the one that was asked last', async () => {
    expect(await teacherOf('own')).toEqual({ why: 'No teacher is set up for these rows.' });
    await stored({});
    expect(await teacherOf('own')).toMatchObject({ who: 'm at teacher.example:81', setup });
    teacherStore.setState({ datasetId: 'own', setup: { ...setup, model: 'desk' } });
    expect(await teacherOf('own')).toMatchObject({ who: 'desk at teacher.example:81' });
    teacherStore.setState({ datasetId: 'another' });
    expect(await teacherOf('own')).toMatchObject({ who: 'm at teacher.example:81' });
  });

  it('can be asked where it answers, and the sentence says why where it cannot', async () => {
    for (const [part, why] of [
      [{ model: '' }, 'No teacher is set up for these rows.'],
      [{ where: 'file' }, 'The teacher of these rows is asked by files alone.'],
      [{ where: 'tab' }, 'The teacher of these rows answers in this tab, and is not open now.'],
      [{ endpoint: 'nowhere' }, 'The teacher of these rows has no address that can be asked.'],
    ] as const) {
      await (await openDatabase()).clear('teachers');
      await stored(part);
      expect(await teacherOf('own')).toEqual({ why });
    }
    await stored({ where: 'tab' });
    teacherStore.setState({ tab: { phase: 'open' } as never });
    expect(await teacherOf('own')).toMatchObject({ who: 'm, in this tab' });
  });
});

describe('a question to the teacher beside the students', () => {
  const ask = async (part: Partial<Setup> = {}, signal = new AbortController().signal) => {
    const asked = keepAsked('r', { question: 'What boils?' } as never);
    await askTeacherToo('r', asked, { setup: { ...setup, ...part }, who: 'm' }, signal);
    return askedStore.getState()['r']!.find(({ id }) => id === asked.id)!.teacher;
  };
  const reply = { text: 'Water boils. So the answer is water.', reasoning: '', finish: 'stop', usage: null };

  it('is answered beside the other answers', async () => {
    frames.answer = (name) => (name === 'ask' ? { kind: 'answered', reply } : null);
    expect(await ask()).toMatchObject({
      kind: 'said',
      who: 'm',
      said: { kind: 'answered', answer: 'water', rationale: 'Water boils.' },
    });
  });

  it('goes through the desk’s own frame where that has the key, and says what to do where none has', async () => {
    frames.answer = (name) => (name === 'ask' ? { kind: 'answered', reply } : null);
    const keyed = { hadKey: true, idleSeconds: 8 };
    expect(await ask(keyed)).toMatchObject({
      kind: 'silent',
      why: expect.stringMatching(/needs its key/) as string,
    });
    await teacherConnection.open({ ...setup, ...keyed }, 'key');
    expect(await ask(keyed)).toMatchObject({ kind: 'said' });
    expect(frames.opened).toHaveLength(1);
  });

  it.each(['asking', 'pausing', 'checking'] as const)('waits while rows are %s', async (phase) => {
    teacherStore.setState({ phase });
    expect(await ask()).toMatchObject({
      kind: 'silent',
      why: expect.stringMatching(/being asked for rows/) as string,
    });
  });

  it('that fails, or is stopped, is told in words', async () => {
    frames.answer = () => {
      throw new FrameError({ name: 'E', message: 'No line there.', file: null, line: null });
    };
    const other = { idleSeconds: 7 };
    expect(await ask(other)).toMatchObject({ kind: 'silent', why: 'No line there.' });
    const stop = new AbortController();
    stop.abort();
    expect(await ask(other, stop.signal)).toMatchObject({ why: 'It was not asked to the end.' });
  });
});
