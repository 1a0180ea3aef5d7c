import { describe, expect, it } from 'vitest';
import type { Example } from '../data/example.ts';
import {
  buildPrompt,
  choicesOf,
  instructionFor,
  letterOf,
  mostTokens,
  stricterInstruction,
  unknownColumns,
  type PromptForm,
} from './prompt.ts';

const row: Example = {
  row: 0,
  input: 'Where do cows live?',
  label: 'farm',
  rationale: null,
  teacherLabel: null,
  question: 'Where?',
  choices: ['beach', 'farm'],
};
const shown = {
  input: 'Where is sand?',
  label: 'beach',
  choices: ['beach', 'farm'],
  rationale: ' Sand is by the sea ',
};
const form: PromptForm = {
  kind: 'text',
  mode: 'label',
  demonstrations: [shown],
  asJson: false,
  instruction: 'Answer.',
};

describe('a prompt', () => {
  it('as one text has demonstrations in the authors’ format, and ends where the answer begins', () => {
    expect(buildPrompt(row, form)).toEqual({
      kind: 'text',
      text:
        'Answer.\n\nQ: Where is sand?\nA: Sand is by the sea. So the answer is (a) beach.\n\n' +
        'Q: Where do cows live?\nA:',
      stop: ['\nQ:', '\n\n'],
    });
    expect(buildPrompt(row, { ...form, instruction: null, demonstrations: [] })).toMatchObject({
      text: 'Q: Where do cows live?\nA:',
    });
  });

  it('as turns has them as said by both', () => {
    expect(buildPrompt(row, { ...form, kind: 'turns', asJson: true })).toEqual({
      kind: 'turns',
      system: 'Answer.',
      turns: [
        { role: 'user', content: 'Where is sand?' },
        { role: 'assistant', content: '{"rationale":"Sand is by the sea","label":"beach"}' },
        { role: 'user', content: 'Where do cows live?' },
      ],
    });
  });

  it('gives the answer where the reason for it is asked for, with its letter where it has one', () => {
    const asked = (changes: Partial<Example>) =>
      buildPrompt(
        { ...row, ...changes },
        { ...form, mode: 'rationalise', demonstrations: [], instruction: null },
      );
    expect(asked({})).toMatchObject({
      text: expect.stringContaining('The answer is (b) farm. Why?') as string,
    });
    expect(asked({ choices: null })).toMatchObject({
      text: expect.stringContaining('The answer is farm. Why?') as string,
    });
    expect(asked({ label: 'zoo' })).toMatchObject({
      text: expect.stringContaining('The answer is zoo. Why?') as string,
    });
  });

  it('fills a template, and says which of its names are no columns', () => {
    const template = '{question} {choices} {input} {other}';
    const filled = (changes: Partial<Example>) =>
      buildPrompt({ ...row, ...changes }, { ...form, template, kind: 'turns', demonstrations: [] });
    expect(filled({})).toMatchObject({
      turns: [{ content: 'Where? (a) beach\n(b) farm Where do cows live? {other}' }],
    });
    expect(filled({ question: null, choices: null })).toMatchObject({
      turns: [{ content: 'Where do cows live?  Where do cows live? {other}' }],
    });
    expect(unknownColumns(template)).toEqual(['other']);
  });

  it('has so many tokens at most: a token is a byte, and a chat adds some for each message', () => {
    expect(mostTokens({ kind: 'text', text: 'é!', stop: [] })).toBe(3 + 16 + 256);
    const turns = [{ role: 'user', content: 'abcd' } as const];
    expect(mostTokens({ kind: 'turns', system: 'ab', turns })).toBe(6 + 2 * 16 + 256);
    expect(mostTokens({ kind: 'turns', system: null, turns })).toBe(4 + 2 * 16 + 256);
  });
});

it('choices are the row’s own, or those that its input lists in order, two at least', () => {
  const listed = (...lines: string[]) =>
    choicesOf({ input: `Q\nAnswer Choices:\n${lines.join('\n')}`, choices: null });
  expect(choicesOf(row)).toEqual(['beach', 'farm']);
  expect(listed('(a) one', '(b) two')).toEqual(['one', 'two']);
  expect(listed('(a) one')).toBeNull();
  expect(listed('(b) one', '(a) two')).toBeNull();
  expect(choicesOf({ input: '(a) one\n(b) two', choices: null })).toBeNull();
  expect([0, 1, 25].map(letterOf)).toEqual(['a', 'b', 'z']);
});

it('instructions end as answers are read', () => {
  for (const mode of ['label', 'rationalise'] as const) {
    expect(instructionFor(mode, false)).toMatch(/So the answer is X\.$/);
    expect(instructionFor(mode, true)).toMatch(/"label": the answer}\.$/);
    expect(instructionFor(mode, true)).not.toContain('So the answer');
    for (const asJson of [true, false]) {
      const stricter = stricterInstruction(mode, asJson);
      expect(stricter.startsWith(`${instructionFor(mode, asJson)} `)).toBe(true);
      expect(stricter.includes('object. The label')).toBe(asJson);
    }
  }
});
