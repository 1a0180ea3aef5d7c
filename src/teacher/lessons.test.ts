import { describe, expect, it } from 'vitest';
import type { Example } from '../data/example.ts';
import { Answers, type StoredAnswer } from './answers.ts';
import { Lessons, type Lesson, type Manner } from './lessons.ts';

const manner: Manner = {
  api: 'chat',
  model: 'm',
  temperature: 0.7,
  maxTokens: 100,
  votes: 1,
  usesSchema: false,
};
const row = (index: number, input = `thing ${index}?`): Example => ({
  row: index,
  input,
  label: 'farm',
  rationale: null,
  teacherLabel: null,
  question: null,
  choices: null,
});
const labels = ['farm', 'beach'];

function scene(
  changes: Partial<Manner> = {},
  rows: readonly Example[] = [row(0)],
  known: string[] | null = labels,
) {
  const lessons = new Lessons(
    rows,
    ({ input }) => ({ kind: 'text', text: input, stop: [] }),
    { ...manner, ...changes },
    known,
  );
  const answers = new Answers('', () => undefined);
  /** Gives the next open question of a lesson an answer, as often as there are texts. */
  const give = async (lesson: Lesson, ...texts: (string | Partial<StoredAnswer>)[]) => {
    for (const text of texts) {
      const [question] = await lessons.open(lesson, answers);
      answers.add({
        type: 'answered',
        key: question!.key,
        row: lesson.row.row,
        model: 'm',
        text: '',
        reasoning: '',
        finish: 'stop',
        usage: null,
        elapsedMs: 0,
        ...(typeof text === 'string' ? { text } : text),
      });
    }
    return lessons.open(lesson, answers);
  };
  return { lessons, answers, give, first: lessons.all[0]! };
}

const says = (label: string, why = '') => `${why} So the answer is ${label}.`.trim();

describe('a row', () => {
  it('is settled by its answer, and counted once, read or not, right or not', async () => {
    const { lessons, give } = scene({}, [row(0), row(1), row(2)]);
    const [right, wrong, unread] = lessons.all as [Lesson, Lesson, Lesson];
    expect(await give(right, says('farm', 'It moos.'))).toEqual([]);
    expect(right).toMatchObject({ read: { ok: true, label: 'farm', rationale: 'It moos.' }, agreeing: 1 });
    expect(lessons.counts).toEqual({ done: 1, read: 1, right: 1 });
    await give(wrong, says('beach'));
    expect(lessons.counts).toEqual({ done: 2, read: 2, right: 1 });
    await give(unread, 'I cannot say.');
    expect([unread.agreeing, unread.read?.ok]).toEqual([0, false]);
    expect(lessons.counts).toEqual({ done: 3, read: 2, right: 1 });
    // Asked after again, it is not counted again.
    await give(right);
    expect(lessons.counts.done).toBe(3);
  });

  it('that is given up is done, with words', () => {
    const { lessons, first } = scene();
    lessons.giveUp(first, 'refused');
    expect([first.givenUp, first.answer, lessons.counts]).toEqual([
      'refused',
      null,
      { done: 1, read: 0, right: 0 },
    ]);
  });

  it('with the same prompt as another has a question of its own, also where only one of them is asked', async () => {
    const rows = [row(0, 'same'), row(1, 'same'), row(2, 'other')];
    const { lessons, answers } = scene({}, rows);
    expect(lessons.all.map(({ twin }) => twin)).toEqual([0, 1, 0]);
    const one = new Lessons(
      rows,
      ({ input }) => ({ kind: 'text', text: input, stop: [] }),
      manner,
      labels,
      ({ row: at }) => at === 1,
    );
    expect(one.all.map(({ row: { row: at }, twin }) => [at, twin])).toEqual([[1, 1]]);
    const keys = await Promise.all(lessons.all.map((lesson) => lessons.open(lesson, answers)));
    expect(new Set(keys.flat().map(({ key }) => key)).size).toBe(3);
    expect(await one.open(one.all[0]!, answers)).toEqual(keys[1]);
  });
});

describe('an answer that was cut', () => {
  it('before it says anything is asked for once more with twice the tokens', async () => {
    const { lessons, give, first, answers } = scene();
    const [short] = await lessons.open(first, answers);
    expect(short!.maxTokens).toBe(100);
    const [longer] = await give(first, { text: 'It is where', finish: 'length' });
    expect(longer!.maxTokens).toBe(200);
    expect(longer!.key).not.toBe(short!.key);
    expect(await lessons.keys(first)).toEqual([short!.key, longer!.key]);
    expect(lessons.counts.done).toBe(0);
    expect(await give(first, says('farm'))).toEqual([]);
    expect(first.read).toMatchObject({ ok: true, label: 'farm' });
  });

  it('twice is not asked for a third time, and says why it was not read', async () => {
    const { give, first, lessons } = scene();
    expect(
      await give(first, { text: 'It is', finish: 'length' }, { text: 'It is where', finish: 'length' }),
    ).toEqual([]);
    expect(first.read).toEqual({ ok: false, why: 'it was cut before it said what the answer is' });
    expect(lessons.counts).toEqual({ done: 1, read: 0, right: 0 });
  });

  it('after it said what the answer is counts as it is', async () => {
    const { give, first } = scene();
    expect(await give(first, { text: `${says('farm', 'It moos.')}\nQ: and`, finish: 'length' })).toEqual([]);
    expect(first.read).toMatchObject({ ok: true, label: 'farm' });
  });
});

it('reads what a server put where the thinking goes, but not of an answer that was cut', async () => {
  const { give, first } = scene();
  await give(first, { text: ' \n', reasoning: says('farm') });
  expect(first.read).toMatchObject({ ok: true, label: 'farm' });
  const cut = scene();
  expect(await cut.give(cut.first, { text: '', reasoning: says('farm'), finish: 'length' })).toHaveLength(1);
  const said = scene();
  await said.give(said.first, { text: says('beach'), reasoning: says('farm') });
  expect(said.first.read).toMatchObject({ label: 'beach' });
});

describe('of several answers', () => {
  it('each is another question, and the row is settled when all are there', async () => {
    const { lessons, answers, give, first } = scene({ votes: 3 });
    const open = await lessons.open(first, answers);
    expect(new Set(open.map(({ key }) => key)).size).toBe(3);
    expect(await lessons.keys(first)).toHaveLength(6);
    expect(await give(first, says('farm'), says('farm'))).toHaveLength(1);
    expect(first.answer).toBeNull();
  });

  it('the label that most give counts, with a reason where one of them has one', async () => {
    const { give, first } = scene({ votes: 4 });
    await give(first, says('beach', 'Sand.'), says('farm'), says('farm', 'It moos.'), 'I cannot say.');
    expect(first.read).toEqual({ ok: true, label: 'farm', rationale: 'It moos.' });
    expect([first.agreeing, first.answer?.text]).toEqual([2, says('farm', 'It moos.')]);
  });

  it('of equals the first counts; without any reason, its first answer; of none that is read, the first', async () => {
    const equal = scene({ votes: 2 });
    await equal.give(equal.first, says('beach'), says('farm'));
    expect([equal.first.read, equal.first.agreeing]).toEqual([
      { ok: true, label: 'beach', rationale: null },
      1,
    ]);
    const later = scene({ votes: 3 });
    await later.give(later.first, 'I cannot say.', says('farm'), 'Thus the answer is farm.');
    expect(later.first.answer?.text).toBe(says('farm'));
    expect([later.first.read, later.first.agreeing]).toEqual([
      { ok: true, label: 'farm', rationale: null },
      2,
    ]);
    const none = scene({ votes: 2 });
    await none.give(none.first, 'One cannot say.', '');
    expect([none.first.answer?.text, none.first.agreeing]).toEqual(['One cannot say.', 0]);
  });
});

describe('answers as JSON', () => {
  it('are held to what a label can be: the choices of the row, or the labels of the dataset', () => {
    const chosen = { ...row(0), choices: ['x', 'y'] };
    const { lessons } = scene({ usesSchema: true }, [chosen, row(1)]);
    expect(
      lessons.all.map(({ schema }) => (schema as { properties: { label: object } }).properties.label),
    ).toEqual([
      { type: 'string', enum: ['x', 'y'] },
      { type: 'string', enum: labels },
    ]);
    expect(scene().first.schema).toBeNull();
  });

  it('are noticed where they are text', async () => {
    const json = scene({ usesSchema: true });
    await json.give(json.first, '{"rationale":"It moos.","label":"farm"}');
    expect([json.lessons.sawText, json.first.read]).toEqual([
      false,
      { ok: true, label: 'farm', rationale: 'It moos.' },
    ]);
    const text = scene({ usesSchema: true });
    await text.give(text.first, says('farm'));
    expect([text.lessons.sawText, text.first.read?.ok]).toEqual([true, true]);
    const unread = scene({ usesSchema: true });
    await unread.give(unread.first, 'I cannot say.');
    expect(unread.lessons.sawText).toBe(false);
    const unasked = scene();
    await unasked.give(unasked.first, says('farm'));
    expect(unasked.lessons.sawText).toBe(false);
  });
});
