import { describe, expect, it } from 'vitest';
import type { Example } from '../data/example.ts';
import type { Mark } from '../teacher/answers.ts';
import {
  accuracyOf,
  agreementOf,
  countRows,
  doubtsOf,
  lengthsOf,
  longReasonWords,
  reasonOf,
  verdictOf,
  weightOf,
  type DeskRow,
} from './judge.ts';

type Said = DeskRow['said'];

const row = (part: Partial<Example> = {}): Example => ({
  row: 0,
  input: 'what boils in kettles',
  label: 'water',
  rationale: null,
  teacherLabel: null,
  question: null,
  choices: ['water', 'sand'],
  ...part,
});
const read = (label: string, rationale: string | null = 'water boils well in kettles', agreeing = 1): Said =>
  ({ read: { ok: true, label, rationale }, givenUp: null, agreeing }) as unknown as Said;
const unread = { read: { ok: false, why: 'no answer' }, givenUp: null } as unknown as Said;
const givenUp = { read: null, givenUp: 'it failed' } as unknown as Said;
const begun = { read: null, givenUp: null } as unknown as Said;
const desk = (
  said: Said,
  given: Said = null,
  mark: unknown = null,
  part: Partial<Example> = {},
): DeskRow => ({
  row: row(part),
  said,
  given,
  mark: mark as Mark | null,
});

it('a verdict is of the label alone', () => {
  expect(
    [null, begun, givenUp, unread, read('sand'), read('water')].map((said) => verdictOf(desk(said))),
  ).toEqual(['none', 'none', 'given-up', 'unread', 'wrong', 'right']);
});

describe('the reason of a row', () => {
  const usual = { keepsWrong: false, isGiven: false };
  const none = { rationale: null, rationalised: false, edited: false };

  it('is not known before anything came', () => {
    for (const said of [null, begun]) expect(reasonOf(desk(said), usual)).toBeNull();
    for (const said of [givenUp, unread])
      expect(reasonOf(desk(said), usual)).toEqual({ ...none, teacherLabel: '' });
  });

  it('is the teacher’s where its label is right, or wrong ones are kept or accepted', () => {
    const why = { ...none, rationale: 'why' };
    expect(reasonOf(desk(read('water', 'why')), usual)).toEqual({ ...why, teacherLabel: 'water' });
    expect(reasonOf(desk(read('sand', 'why')), usual)).toEqual({ ...none, teacherLabel: 'sand' });
    expect(reasonOf(desk(read('sand', 'why')), { ...usual, keepsWrong: true })).toEqual({
      ...why,
      teacherLabel: 'sand',
    });
    expect(reasonOf(desk(read('sand', 'why'), null, { kind: 'accepted' }), usual)).toEqual({
      ...why,
      teacherLabel: 'sand',
    });
    expect(reasonOf(desk(unread, null, { kind: 'accepted' }), { ...usual, keepsWrong: true })).toEqual({
      ...none,
      teacherLabel: '',
    });
    expect(reasonOf(desk(read('water', 'why')), { ...usual, isGiven: true })).toMatchObject({
      rationalised: true,
    });
  });

  it('is what a person wrote, or none where a person rejected it', () => {
    expect(reasonOf(desk(read('water'), null, { kind: 'rejected' }), usual)).toEqual({
      ...none,
      teacherLabel: 'water',
    });
    const mark = { kind: 'edited', label: 'sand', rationale: 'mine' };
    expect(reasonOf(desk(read('water'), null, mark), usual)).toEqual({
      rationale: 'mine',
      teacherLabel: 'sand',
      rationalised: false,
      edited: true,
    });
  });

  it('of a wrong row is the one that came with the label given, where that led to it', () => {
    expect(reasonOf(desk(read('sand', 'bad'), read('water', 'good')), usual)).toEqual({
      rationale: 'good',
      teacherLabel: 'sand',
      rationalised: true,
      edited: false,
    });
    expect(reasonOf(desk(read('sand', 'bad'), read('sand', 'worse')), usual)?.rationale).toBeNull();
    expect(reasonOf(desk(read('sand', 'bad'), unread), usual)?.rationale).toBeNull();
    expect(reasonOf(desk(read('water', 'own'), read('water', 'good')), usual)).toMatchObject({
      rationale: 'own',
      rationalised: false,
    });
  });
});

it('rows are counted by verdict, mark and whether the label was given', () => {
  const rows = [
    desk(null),
    desk(read('water'), null, { kind: 'accepted' }),
    desk(read('water'), read('water'), { kind: 'edited' }),
    desk(read('sand'), unread, { kind: 'rejected' }),
    desk(unread, read('water')),
    desk(givenUp),
  ];
  const counts = countRows(rows);
  expect(counts).toEqual({
    all: 5,
    right: 2,
    wrong: 1,
    unread: 2,
    accepted: 1,
    rejected: 1,
    edited: 1,
    given: 2,
  });
  expect(accuracyOf(counts)).toEqual({ correct: 2, total: 3 });
  expect(countRows([])).toEqual({
    all: 0,
    right: 0,
    wrong: 0,
    unread: 0,
    accepted: 0,
    rejected: 0,
    edited: 0,
    given: 0,
  });
});

it('two teachers agree on rows that both were read for', () => {
  const at = (place: number, said: Said) => desk(said, null, null, { row: place });
  const rows = [at(0, read('water')), at(1, read('sand')), at(2, unread), at(3, read('water')), at(4, null)];
  const others = new Map([
    [0, 'water'],
    [1, 'water'],
    [2, 'water'],
    [4, 'water'],
  ]);
  expect(agreementOf(rows, others)).toEqual({ correct: 1, total: 2 });
});

it('lengths are words of reasons, the middle one and the longest', () => {
  const of = (words: number) => desk(read('water', Array(words).fill('w').join('  ')));
  expect(lengthsOf([desk(null), desk(unread), desk(read('water', null))])).toBeNull();
  expect(lengthsOf([of(61), of(3), of(60)])).toEqual({ median: 60, longest: 61, long: 1 });
  expect(lengthsOf([of(1), of(2)])).toEqual({ median: 2, longest: 2, long: 0 });
  expect(lengthsOf([desk(read('water', ''))])).toEqual({ median: 0, longest: 0, long: 0 });
});

it('what stands out is named, and the gravest weighs most', () => {
  const plain = 'water boils well in kettles';
  expect(doubtsOf(desk(null), 1)).toEqual([]);
  expect(doubtsOf(desk(unread), 1)).toEqual(['unread']);
  expect(doubtsOf(desk(givenUp), 1)).toEqual(['unread']);
  expect(doubtsOf(desk(read('water', plain)), 1)).toEqual([]);
  expect(doubtsOf(desk(read('sand', null)), 1)).toEqual(['wrong', 'no-reason']);
  expect(doubtsOf(desk(read('water', plain, 2)), 4)).toEqual(['split-vote']);
  expect(doubtsOf(desk(read('water', plain, 3)), 4)).toEqual([]);
  expect(doubtsOf(desk(read('water', plain, 0)), 1)).toEqual([]);
  expect(doubtsOf(desk(read('water', 'Water or SAND in kettles')), 1)).toEqual(['two-choices']);
  expect(doubtsOf(desk(read('water', 'it is so hot in it')), 1)).toEqual(['few-shared-words']);
  expect(doubtsOf(desk(read('water', 'kettles boil it')), 1)).toEqual(['short']);
  const long = (words: number) =>
    `kettles ${Array(words - 1)
      .fill('w')
      .join(' ')}`;
  expect(doubtsOf(desk(read('water', long(longReasonWords))), 1)).toEqual([]);
  expect(doubtsOf(desk(read('water', long(longReasonWords + 1))), 1)).toEqual(['long']);
  expect(weightOf([])).toBe(0);
  expect(
    (
      [
        'unread',
        'wrong',
        'no-reason',
        'split-vote',
        'two-choices',
        'few-shared-words',
        'long',
        'short',
      ] as const
    ).map((doubt) => weightOf([doubt])),
  ).toEqual([90, 80, 60, 40, 30, 20, 10, 10]);
  expect(weightOf(['wrong', 'short'])).toBe(90);
  expect(weightOf(['unread'])).toBeGreaterThan(weightOf(['wrong']));
});
