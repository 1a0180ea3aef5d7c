import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Example } from '../data/example.ts';
import { joinTeacher } from '../data/join.ts';
import { asDataset, asRationales, readDataFile } from '../data/read-file.ts';
import { buildPrompt, choicesOf, mostTokens } from './prompt.ts';
import { closedLabels, readAnswer } from './read-answer.ts';

const open = { choices: null, labels: null };
const five = { choices: ['ant hill', 'book', 'cat', 'dog', 'el'], labels: null };
const classes = { choices: null, labels: ['entailment', 'neutral', 'contradiction'] };

describe('reads', () => {
  it.each([
    [open, ' It floats. So the answer is boat.', 'boat', 'It floats.'],
    [open, 'It floats. So the answer is 3.5.\n\nQ: And now?\nA: So the answer is no.', '3.5', 'It floats.'],
    [
      open,
      'The answer is not 3, since 2 + 2 is 4. The answer is: **4**',
      '4',
      'The answer is not 3, since 2 + 2 is 4.',
    ],
    [open, 'Two and two.\n\nFinal answer: 4', '4', 'Two and two.'],
    [open, 'Two and two.\n#### 4', '4', 'Two and two.'],
    [open, 'Sum. Therefore, the final answer is \\boxed{4}.', '4', 'Sum.'],
    [open, 'So the answer is boat.', 'boat', null],
    [open, '<think>The answer is no.</think>It floats. So the answer is boat.', 'boat', 'It floats.'],
    [open, 'Is the answer is no?</think>\nIt floats. So the answer is boat.', 'boat', 'It floats.'],
    [five, 'Meows. So the answer is (c) cat.', 'cat', 'Meows.'],
    [five, 'Meows. So the answer is (c).', 'cat', 'Meows.'],
    [five, 'Mends. So the answer is (a) anthill.', 'ant hill', 'Mends.'],
    [five, 'Meows. So the answer is C.', 'cat', 'Meows.'],
    [five, 'Meows. So the answer is (a) cat.', 'cat', 'Meows.'],
    [five, 'Small. So the answer is an ant hill? No: the answer is Ant Hill.', 'ant hill', null],
    [classes, 'Same. So the answer is Entailment, because they agree.', 'entailment', 'Same.'],
    [open, '```json\n{"rationale": "It floats.", "label": "boat"}\n```', 'boat', 'It floats.'],
    // In none of the forms that were asked for: as files of answers are read.
    [five, 'Meows.\n\n\\boxed{cat}', 'cat', 'Meows.'],
    [five, 'Meows. The answer is $\\boxed{c}$', 'cat', 'Meows.'],
    [five, '<think>Hm.</think>Meows. <answer>(c) cat</answer>', 'cat', 'Meows.'],
    [five, '{"reasoning": "Meows.", "answer": "cat"}', 'cat', 'Meows.'],
    [five, 'Sure:\n```json\n{"rationale": "Meows.", "label": "c"}\n```\nAnything else?', 'cat', 'Meows.'],
    [five, 'Meows. My answer is cat.', 'cat', 'Meows.'],
    [open, '[THINK]Hm.[/THINK]It floats. So the answer is boat.</s>', 'boat', 'It floats.'],
    [
      open,
      '<|begin_of_thought|>Hm.<|end_of_thought|>It floats. So the answer is boat.',
      'boat',
      'It floats.',
    ],
  ])('%o %j', (expected, text, label, rationale) => {
    const read = readAnswer(text, expected);
    expect(read).toMatchObject({ ok: true, label });
    if (rationale !== null && read.ok) expect(read.rationale).toBe(rationale);
  });

  it.each([
    [open, '', 'it is empty'],
    [open, '<think>The answer is no.', 'it is empty'],
    [open, 'I do not know.', 'it never says what the answer is'],
    [five, 'So the answer is (f) fox.', 'its answer is not one of the choices'],
    [five, 'So the answer is (b) fox.', 'its answer is not one of the choices'],
    [five, 'So the answer is (b) book or (c) cat.', 'its answer is not one of the choices'],
    [open, 'So the answer is .', 'its answer is empty'],
  ])('%o %j as none', (expected, text, why) => {
    expect(readAnswer(text, expected)).toEqual({ ok: false, why });
  });
});

it('labels are classes where each stands for several rows', () => {
  expect(closedLabels(['a', 'b', 'a', 'b'].map((label) => ({ label })))).toEqual(['a', 'b']);
  expect(closedLabels(['a', 'b', 'c'].map((label) => ({ label })))).toBeNull();
});

const row: Example = {
  row: 0,
  input: 'Where?\nAnswer Choices:\n(a) sea\n(b) hill',
  label: 'hill',
  rationale: null,
  teacherLabel: null,
  question: null,
  choices: null,
};

it('asks in the authors’ format', () => {
  const demonstrations = [{ ...row, rationale: 'Only a hill is high', choices: null }];
  const form = { demonstrations, instruction: null, asJson: false } as const;
  expect(choicesOf(row)).toEqual(['sea', 'hill']);
  const text = buildPrompt(row, { ...form, kind: 'text', mode: 'label' });
  const question = 'Q: Where?\nAnswer Choices:\n(a) sea\n(b) hill\nA:';
  const answer = ' Only a hill is high. So the answer is (b) hill.';
  expect(text).toMatchObject({ text: `${question}${answer}\n\n${question}` });
  const turns = buildPrompt(row, { ...form, kind: 'turns', mode: 'rationalise', instruction: 'Be short.' });
  expect(turns).toMatchObject({
    system: 'Be short.',
    turns: [
      { role: 'user' },
      { role: 'assistant' },
      { content: `${row.input}\nThe answer is (b) hill. Why?` },
    ],
  });
  expect(mostTokens(text)).toBeGreaterThan(120);
});

const raw = '../shared/data/cqa_raw';
describe.skipIf(!existsSync(raw))('PaLM’s raw answers (skipped where ../shared is absent)', () => {
  it('are read as the authors read them, and better where case or spelling differ', () => {
    const file = `${raw}/cqa_test.json`;
    const { examples } = joinTeacher(asDataset(readDataFile(file, readFileSync(file, 'utf8'))), null);
    const theirs = asRationales(
      readDataFile('PaLM', readFileSync('../shared/data/cos_e/PaLM_CoT_test.json', 'utf8')),
    ).rows;
    const texts = [0, 1].flatMap(
      (part) => JSON.parse(readFileSync(`${raw}/llm/test_CoT_${part}.json`, 'utf8')) as string[],
    );
    const read = texts.map((text, index) =>
      readAnswer(text, { choices: choicesOf(examples[index]!), labels: null }),
    );
    const labels = read.map((one) => (one.ok ? one.label : ''));
    const differing = labels.filter((label, index) => label !== theirs[index]!.label);
    // Every label of theirs that is a choice is ours.
    const lost = theirs.filter(
      ({ label }, index) => examples[index]!.choices!.includes(label ?? '') && labels[index] !== label,
    );
    const right = labels.filter((label, index) => label === examples[index]!.label);
    expect([texts.length, lost.length, differing.length, right.length]).toEqual([1221, 0, 46, 958]);
  });
});
