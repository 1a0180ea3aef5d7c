import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { InputError } from '../base/errors.ts';
import { isSameValue } from '../data/equation.ts';
import { readCompletion, readSvamp } from './svamp.ts';

const row = JSON.stringify({ input: 'Two and two\nHow many?', label: '( 2.0 + 2.0 )' });

describe('readCompletion', () => {
  it.each([
    ['So 2 + 2. The answer is (2 + 2).\n\nQ: more\nA: The answer is (9).', 'So 2 + 2.', '(2 + 2)'],
    ['Nested. The answer is (10 - (3 + 6)).', 'Nested.', '(10 - (3 + 6))'],
    ['No end', null, ''],
    ['No equation. The answer is 4.', null, ''],
    ['The answer is (4).', null, '(4)'],
  ])('%j', (completion, rationale, teacherLabel) => {
    expect(readCompletion(completion)).toEqual({ rationale, teacherLabel });
  });
});

describe('readSvamp', () => {
  it('joins rows and completions of several files by position', () => {
    const completions = ['["One. The answer is (2 + 2)."]', '["Two. The answer is (3)."]'];
    expect(readSvamp(`${row}\n${row}\n`, completions, 'svamp.json')).toMatchObject([
      { row: 0, input: 'Two and two\nHow many?', rationale: 'One.', teacherLabel: '(2 + 2)' },
      { row: 1, rationale: 'Two.', teacherLabel: '(3)' },
    ]);
  });

  it('refuses other counts, naming the file', () => {
    const act = () => readSvamp(row, ['[]'], 'svamp.json');
    expect(act).toThrow(InputError);
    expect(act).toThrow('svamp.json: there are 1 rows, but 0 completions');
  });
});

const folder = '../shared/data/svamp';
const present = existsSync(folder);
if (!present) console.info(`skipped: ${folder} is not here, so that the real SVAMP files were not read`);

describe.skipIf(!present)('SVAMP with PaLM’s rationales', () => {
  const read = (name: string) => readFileSync(`${folder}/${name}`, 'utf8');
  // The authors' own script, which runs the text as Python, counts 588 and 148: two teacher's answers of two
  // equations with "and" between them have a value there, and none here.
  it.each([
    ['train', 2, 586, 800],
    ['test', 1, 148, 200],
  ])('%s: the teacher is right as often as published', (split, chunks, correct, total) => {
    const completions = Array.from({ length: chunks }, (_, chunk) => read(`llm/${split}_CoT_${chunk}.json`));
    const rows = readSvamp(read(`svamp_${split}.json`), completions, split);
    expect(rows).toHaveLength(total);
    expect(rows.filter((one) => isSameValue(one.teacherLabel ?? '', one.label))).toHaveLength(correct);
  });
});
