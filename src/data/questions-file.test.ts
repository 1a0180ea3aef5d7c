import { expect, it } from 'vitest';
import { readQuestions } from './questions-file.ts';

const read = (name: string, text: string) => readQuestions(name, new Blob([text]));

it('takes each line of a text that is not blank, and tells its number', async () => {
  expect(await read('q.txt', '\ufeffWhere, pray?\r\n\r\n{"no": "JSON"}\n')).toEqual([
    { row: 1, id: null, text: 'Where, pray?', label: null },
    { row: 3, id: null, text: '{"no": "JSON"}', label: null },
  ]);
});

it('composes rows as they would be learned, with ids and true answers where there are any', async () => {
  const row = { id: 'a1', question: 'Where are palms?', choices: ['coast', 'moon'], answer: 'coast' };
  const text = 'Where are palms?\nAnswer Choices:\n(a) coast\n(b) moon';
  expect(await read('q.jsonl', JSON.stringify(row))).toEqual([{ row: 1, id: 'a1', text, label: 'coast' }]);
  const { answer: _answer, ...unanswered } = row;
  expect(await read('q.jsonl', JSON.stringify(unanswered))).toMatchObject([
    { row: 1, id: 'a1', text, label: null },
  ]);
  expect(await read('q.csv', 'nr,question\n1,"Why, then?"\n2,How?\n')).toMatchObject([
    { row: 1, text: 'Why, then?' },
    { row: 2, text: 'How?' },
  ]);
  expect(await read('q.json', '["Why?", "How?"]')).toMatchObject([{ text: 'Why?' }, { text: 'How?' }]);
});

it('refuses a file without questions, and names the row that cannot be asked', async () => {
  await expect(read('q.txt', ' \n\n')).rejects.toThrow(/q\.txt: This file has no questions/);
  await expect(read('q.jsonl', '{"question":"Why?"}\n{"question":""}\n')).rejects.toThrow(
    /q\.jsonl, line 2: .*blank/,
  );
  await expect(read('q.jsonl', '{"rationale":"So.","label":"a"}\n')).rejects.toThrow(
    /without their questions/,
  );
});
