import { afterEach, expect, it } from 'vitest';
import { startTeacher, type Behaviour, type TeacherServer } from '../../tests/support/teacher-server.ts';
import { providers } from '../teacher/providers.ts';
import { askTeacher } from '../teacher/transport.ts';
import { askOne } from './ask-one.ts';
import { demonstrationOf, firstSetup, type Setup } from './setup.ts';

let server: TeacherServer;
afterEach(() => server.close());

const question = 'What boils?\nAnswer Choices:\n(a) water\n(b) sand';
const setup: Setup = { ...firstSetup, model: 'm', prices: { input: 10, output: 100 } };

async function ask(behave: Behaviour | ((before: number) => Behaviour), given: Partial<Setup> = {}) {
  server = await startTeacher(({ before }) => (typeof behave === 'function' ? behave(before) : behave));
  const place = {
    fetch,
    endpoint: new URL(`${server.url}/v1`),
    provider: providers.chat,
    key: null,
    idleMs: 5000,
  };
  const { signal } = new AbortController();
  return askOne({ ...setup, ...given }, question, (asked) => askTeacher(place, asked, signal));
}

it('asks once, as the rows are asked, and reads the choice and the reason out of what comes', async () => {
  const usage = { input: 1000, output: 20 };
  const shown = demonstrationOf({ ...blank, row: 3, input: 'What rusts?', label: 'iron' }, 'Iron rusts.');
  const said = await ask(
    { kind: 'answer', text: 'Water boils. So the answer is (a).', usage },
    { demonstrations: [shown], mode: 'rationalise', votes: 3 },
  );
  expect(said).toEqual({ kind: 'answered', answer: 'water', rationale: 'Water boils.', usage, cost: 0.012 });
  expect(server.asked).toHaveLength(1);
  expect(server.asked[0]!.said).toContain('What rusts?');
  // No label is given away.
  expect(server.asked[0]!.said.split('What rusts?')[1]).not.toContain('The answer is water');
});

it('leaves out what the server does not take, and then asks again', async () => {
  const refused: Behaviour = {
    kind: 'status',
    status: 400,
    body: { error: { message: 'temperature is not supported' } },
  };
  const answer: Behaviour = { kind: 'answer', text: 'So the answer is (b).', usage: null };
  const said = await ask((before) => (before === 0 ? refused : answer));
  expect(said).toMatchObject({ kind: 'answered', answer: 'sand', rationale: null, cost: null });
  expect(server.asked[1]!.body).not.toHaveProperty('temperature');
});

it.each<[string, Behaviour, object]>([
  ['rambles', { kind: 'answer', text: 'Who knows?' }, { kind: 'unread', text: 'Who knows?' }],
  [
    'is cut',
    { kind: 'answer', text: 'Well, water', finish: 'length' },
    { kind: 'unread', why: 'it was cut before it said what the answer is' },
  ],
  [
    'takes no key',
    { kind: 'status', status: 401, body: {} },
    { kind: 'silent', why: expect.stringContaining('does not take the key') as string },
  ],
  ['is busy', { kind: 'status', status: 429, body: {} }, { kind: 'silent' }],
  ['breaks', { kind: 'status', status: 500, body: {} }, { kind: 'silent', why: '500: {}' }],
])('a teacher that %s is told as that, and is not asked twice', async (_, behaviour, found) => {
  expect(await ask(behaviour)).toMatchObject(found);
  expect(server.asked).toHaveLength(1);
});

const blank = {
  rationale: null,
  teacherLabel: null,
  question: null,
  choices: null,
};
