import { describe, expect, it, vi } from 'vitest';
import { mostPredictions, predictionSchema, readLines } from './read-lines.ts';

const prediction = {
  row: 0,
  input: 'q',
  label: 'a',
  teacher: null,
  base: '',
  distilled: '',
  rationale: null,
};
const line = JSON.stringify(prediction);
const read = (text: string, most = mostPredictions) => readLines(text, predictionSchema, 'p.jsonl', most);

describe('the lines of a run’s file', () => {
  it('are read up to as many as it can have', () => {
    expect(read(`${line}\n${line}\n`, 2)).toHaveLength(2);
    expect(read(`${line}\n${line}`, 2)).toHaveLength(2);
    expect(read('')).toEqual([]);
    expect(() => read(`${line}\n\n`)).toThrow('p.jsonl, line 2: this is not valid JSON.');
  });

  it('are counted before anything is built of them', () => {
    const parse = vi.spyOn(JSON, 'parse');
    expect(() => read(`${line}\n`.repeat(3), 2)).toThrow(
      'p.jsonl: it has more than 2 lines, more than such a run can have.',
    );
    expect(() => read('\n'.repeat(mostPredictions + 1))).toThrow('it has more than 500,000 lines');
    expect(() => read(`${line}\n"${'x'.repeat(2 ** 24)}"\n`)).toThrow(
      'p.jsonl, line 2: this line has 16,777,218 letters; more than 16,777,216 are not read.',
    );
    expect(parse).not.toHaveBeenCalled();
    expect(() => read(`{"x":[${'[],'.repeat(2000)}[]]}\n`)).toThrow('more than 1,000 values');
    expect(parse).not.toHaveBeenCalled();
    parse.mockRestore();
  });
});
