import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InputError } from '../base/errors.ts';
import { filledText } from './arbitraries.ts';
import {
  choicePatterns,
  formatColumnMap,
  missingColumns,
  parseColumnMap,
  parseTemplate,
} from './column-map.ts';
import { inspection } from './inspect.ts';
import { readDataFile } from './read-file.ts';

const row = {
  'q.text': 'Where?',
  meta: { topic: 'bees' },
  options: ['hive', 'pond'],
  key: 'b',
  why: 'Honey.',
  said: 'a',
  n: 4,
};
const first = (map: string) =>
  inspection(readDataFile('f', JSON.stringify([row, row]), { map: parseColumnMap(map) }), null).examples[0];

describe('a map', () => {
  it('gives columns their roles, and an answer the text of its choice', () => {
    expect(first('input=q.text,label=key,rationale=why,teacherLabel=said,id=n,choices=options')).toEqual({
      row: 0,
      id: '4',
      input: 'Where?\nAnswer Choices:\n(a) hive\n(b) pond',
      label: 'pond',
      rationale: 'Honey.',
      teacherLabel: 'hive',
      choices: ['hive', 'pond'],
    });
  });

  it('takes a template, with paths, lists and commas', () => {
    const map = 'input={q.text}, on {meta.topic}\\n{{{options:(A) {}.}}},label=key';
    expect(first(map)).toMatchObject({ input: 'Where?, on bees\n{(A) hive.\n(B) pond.}', label: 'b' });
  });

  it.each([
    ['label', 'does not begin with a role'],
    ['what=x', 'does not begin with a role'],
    ['input=', 'gives “input” no column'],
    ['input=a,input=b', 'two columns'],
  ])('refuses %j', (text, problem) => expect(() => parseColumnMap(text)).toThrow(problem));

  it.each(['{a', '{}', '{:(a) {}}'])('refuses the template %j', (template) =>
    expect(() => parseTemplate(template)).toThrow(InputError),
  );

  it('refuses rows without its columns', () => {
    expect(() => first('input=nothing,label=key')).toThrow('it has no column “nothing”');
  });

  it('is written and read again', () => {
    const plain = filledText.filter((text) => !/[\\,=]|^\s|\t/.test(text));
    fc.assert(
      fc.property(plain, plain, (input, label) => {
        const map = { input, label };
        expect(parseColumnMap(formatColumnMap(map))).toEqual(map);
      }),
    );
  });
});

describe('choices in columns of their own', () => {
  const apart = { stem: 'Where?', option_a: 'hive', option_b: 'pond', option_c: '', right: 'b' };
  const read = (map: string) =>
    inspection(readDataFile('f', JSON.stringify([apart, apart]), { map: parseColumnMap(map) }), null);

  it('are named by one star: blank ones are left out, and a letter names its choice', () => {
    const template = 'input={stem}\\nAnswer Choices:\\n{option_*:(a) {}},label=right,choices=option_*';
    const { examples, notes } = read(template);
    expect(examples[0]).toMatchObject({
      input: 'Where?\nAnswer Choices:\n(a) hive\n(b) pond',
      label: 'pond',
      choices: ['hive', 'pond'],
    });
    expect(read('input=stem,label=right,choices=option_*').examples[0]?.input).toBe(examples[0]?.input);
    expect(notes.map(({ kind }) => kind)).not.toContain('columns-unused');
  });

  it('are found by their endings', () => {
    expect(
      choicePatterns(['q', 'option_a', 'option_b', 'choice1', 'choice2', 'x_b', 'x_c', 'a', 'b']),
    ).toEqual(['option_*', 'choice*']);
    expect(missingColumns({ input: '{option_*:(a) {}}', label: 'no_*' }, ['option_a', 'option_b'])).toEqual([
      'no_*',
    ]);
  });
});
