import { expect, it } from 'vitest';
import { fixLabels, fixOfNote } from './fix-for-note.ts';
import { fixes } from './fixes.ts';
import { keptReading, readingOf, type DatasetReading } from './reading.ts';

const note = (kind: string, count: number) => ({ kind, count });

it('keeps what was said, switched on and decided, in the terminal’s words', () => {
  const map = { input: '{a}', label: 'b' };
  expect(keptReading([{ split: 'train', map }], { fixes: ['letters', 'use-gold'] })).toEqual({
    map: 'input={a},label=b',
    fix: 'letters,use-gold',
  });
  expect(keptReading([], { alarms: { train: { kind: 'keep' } }, holdOut: { share: 0.1, seed: 0 } })).toEqual({
    unaligned: true,
    holdOut: { share: 0.1, seed: 0 },
  });
  expect(keptReading([], { alarms: { train: { kind: 'columns', mine: 'id', theirs: 'ref' } } })).toEqual({
    rejoined: 'by the columns id and ref',
  });
  expect(keptReading([{ split: 'train' }], { fixes: [] })).toBeNull();
  expect(keptReading([], {}, [note('rationalised', 3), note('edited', 1), note('other', 7)])).toEqual({
    rationalised: 3,
    edited: 1,
  });
});

it('a note offers its fix before and after it was done', () => {
  expect(fixOfNote('teacher-label-cut')).toBe('cut-labels');
  expect(fixOfNote('fixed-cut-labels')).toBe('cut-labels');
  expect([fixOfNote('rationale-missing'), fixOfNote('fixed-nothing'), fixOfNote('toString')]).toEqual([
    null,
    null,
    null,
  ]);
  expect(Object.keys(fixLabels)).toEqual(fixes);
});

it('is again what it was, from what was kept', () => {
  const readings: DatasetReading[] = [
    { fixes: ['letters', 'drop-leaks'], teachers: 'vote', completions: 'repaired', onlyMatching: true },
    { alarms: { train: { kind: 'keep' } }, splitColumn: null, teachers: { file: 'why.json' } },
    { alarms: { train: { kind: 'columns', mine: 'id', theirs: 'ref' } }, holdOut: { share: 0.1, seed: 2 } },
    { alarms: { train: { kind: 'shift', by: -2 } }, validation: { share: 0.1, seed: 2 } },
    { alarms: { train: { kind: 'leave-out' } }, subsample: { share: 0.5, seed: 2 } },
  ];
  for (const reading of readings) expect(readingOf(keptReading([], reading)!)).toEqual(reading);
});
