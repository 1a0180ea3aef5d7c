import { expect, it } from 'vitest';
import type { KeptReading } from '../data/kept-reading.ts';
import { keptOf, withKept } from './kept-options.ts';

const options = {
  train: 'rows.jsonl',
  map: 'input=q',
  'rationales-map': 'rationale=r',
  completions: 'repaired',
  teachers: 'vote',
  'split-column': 'part',
  'only-matching': true,
  unaligned: true,
  fix: 'letters',
  metric: 'number',
  encoding: 'shift_jis',
  'hold-out': '0.1@7',
  'hold-out-validation': '0.2@3',
  subsample: '0.5@7',
};
const kept: KeptReading = {
  map: 'input=q',
  rationalesMap: 'rationale=r',
  completions: 'repaired',
  teachers: 'vote',
  splitColumn: 'part',
  onlyMatching: true,
  unaligned: true,
  fix: 'letters',
  metric: 'number',
  encoding: 'shift_jis',
  holdOut: { share: 0.1, seed: 7 },
  validation: { share: 0.2, seed: 3 },
  subsample: { share: 0.5, seed: 7 },
};

it('every option is kept, and comes back as it was', () => {
  expect(keptOf(options, 1)).toEqual(kept);
  expect(withKept({ train: 'rows.jsonl' }, kept)).toEqual(options);
});

it('nothing is kept where nothing was said', () => {
  expect(keptOf({ train: 'rows.jsonl' }, 1)).toBeNull();
  expect(keptOf({ 'only-matching': false, unaligned: false }, 1)).toBeNull();
  expect(withKept({ train: 'rows.jsonl' }, {})).toEqual({ train: 'rows.jsonl' });
});

it('a draw without a seed has the recipe’s', () => {
  expect(keptOf({ subsample: '50%' }, 9)).toEqual({ subsample: { share: 0.5, seed: 9 } });
});

it('no split column is another thing than none said', () => {
  expect(keptOf({ 'split-column': 'none' }, 1)).toEqual({ splitColumn: null });
  expect(withKept({ train: 'a' }, { splitColumn: null })).toEqual({ train: 'a', 'split-column': 'none' });
});

it('what is said goes before what was kept, and files before rows that were drawn', () => {
  expect(withKept({ ...options, fix: 'encoding', 'hold-out': '0.3' }, kept)).toMatchObject({
    fix: 'encoding',
    'hold-out': '0.3',
  });
  const named = withKept({ train: 'a', test: 'b', validation: 'c' }, kept);
  expect(named).not.toHaveProperty('hold-out');
  expect(named).not.toHaveProperty('hold-out-validation');
  expect(named).toMatchObject({ subsample: '0.5@7' });
  expect(withKept({ train: 'a', test: 'b' }, kept)).toHaveProperty('hold-out-validation');
  expect(withKept({ train: 'a', validation: 'b' }, kept)).toHaveProperty('hold-out');
});

it('the sample is read as it is', () => {
  expect(withKept({ fix: 'letters' }, kept)).toEqual({ fix: 'letters' });
  expect(withKept({ train: 'a' }, null)).toEqual({ train: 'a' });
});
