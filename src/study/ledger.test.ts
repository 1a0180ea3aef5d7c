import { describe, expect, it } from 'vitest';
import { InputError } from '../base/errors.ts';
import type { Run } from './design.ts';
import { formatEntry, isCurrent, parseEntries, runEntry, type BaseEntry } from './ledger.ts';

const run: Run = {
  task: 'sample',
  method: 'standard',
  labels: 'gold',
  rows: 100,
  alpha: null,
  steps: 600,
  seed: 1,
};
const outcome = {
  correct: 300,
  total: 500,
  answerLoss: 0.01,
  rationaleLoss: null,
  stepsMs: 9000,
  elapsedMs: 9500,
};
const entry = runEntry(run, outcome, 'files');
const base: BaseEntry = {
  kind: 'base',
  task: 'sample',
  correct: 0,
  total: 500,
  parameters: 10,
  pieces: 5,
  fingerprint: 'files',
  teacherTest: { correct: 440, total: 500 },
  teacherTrain: { correct: 352, total: 400 },
};

describe('parseEntries', () => {
  it('reads what was written', () => {
    expect(parseEntries(formatEntry(base) + formatEntry(entry), 'results.jsonl')).toEqual([base, entry]);
  });

  it('leaves out a last line that was cut short, and only that', () => {
    const whole = formatEntry(entry);
    const cut = whole.slice(0, 80);
    expect(parseEntries(whole + cut, 'results.jsonl')).toEqual([entry]);
    expect(() => parseEntries(`${cut}\n${whole}`, 'results.jsonl')).toThrow(InputError);
    expect(() => parseEntries(`${whole}{}\n${whole}`, 'results.jsonl')).toThrow('results.jsonl, line 2: ');
  });
});

describe('isCurrent', () => {
  it('holds what the same files and the same recipe gave', () => {
    expect(isCurrent(entry, 'files')).toBe(true);
    expect(isCurrent(base, 'files')).toBe(true);
    // Without the files nothing speaks against a result.
    expect(isCurrent(entry, null)).toBe(true);
  });

  it('drops what other files or another recipe gave', () => {
    expect(isCurrent(entry, 'other files')).toBe(false);
    expect(isCurrent(base, 'other files')).toBe(false);
    expect(isCurrent({ ...entry, recipe: { ...entry.recipe, learningRate: 1e-4 } }, 'files')).toBe(false);
  });

  it('compares what was read from a file by content, lists too', () => {
    const [read] = parseEntries(formatEntry(entry), 'results.jsonl');
    expect(read).toMatchObject({ recipe: { freeze: [] } });
    expect(isCurrent(read!, 'files')).toBe(true);
    expect(isCurrent({ ...entry, recipe: { ...entry.recipe, freeze: ['encoder'] } }, 'files')).toBe(false);
  });

  it('is not put off by a setting that came later', () => {
    const { dropout: _later, ...earlier } = entry.recipe;
    expect(isCurrent({ ...entry, recipe: earlier }, 'files')).toBe(true);
  });
});
