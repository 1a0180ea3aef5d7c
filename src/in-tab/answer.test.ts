import { expect, it } from 'vitest';
import { answerOf, cut, refusalOf, stopsOf } from './answer.ts';

it('ends at the first sign that occurs, wherever it stands in the list', () => {
  expect(cut('one\n\ntwo Q: three', ['Q:', '\n\n'])).toEqual({ text: 'one', isCut: true });
  expect(cut('one two', ['Q:'])).toEqual({ text: 'one two', isCut: false });
  expect(cut('Q: one', ['Q:'])).toEqual({ text: '', isCut: true });
});

it('takes the signs of the request before those of the prompt, which turns have none of', () => {
  const text = { kind: 'text', text: 'x', stop: ['\n'] } as const;
  expect(stopsOf({ stop: ['a'], prompt: text })).toEqual(['a']);
  expect(stopsOf({ prompt: text })).toEqual(['\n']);
  expect(stopsOf({ prompt: { kind: 'turns', system: null, turns: [] } })).toEqual([]);
});

it('refuses a schema unless it may be left out, and what does not fit into the context', () => {
  const ask = { schema: null, omitted: new Set<never>(), maxTokens: 10 };
  expect(refusalOf(ask, 90, 100)).toBeNull();
  expect(refusalOf(ask, 91, 100)).toMatchObject({ kind: 'refused', isBilled: false });
  expect(refusalOf(ask, 10_000, null)).toBeNull();
  const schema = { type: 'object' };
  expect(refusalOf({ ...ask, schema }, 1, 100)).toMatchObject({ kind: 'unsupported', feature: 'schema' });
  expect(refusalOf({ ...ask, schema, omitted: new Set(['schema' as const]) }, 1, 100)).toBeNull();
});

it('was full where it ended neither by itself nor at a sign', () => {
  const finish = (ids: readonly bigint[], ends: unknown, stops: readonly string[] = []) => {
    const textOf = (of: readonly bigint[]) => of.join(' ');
    const outcome = answerOf(ids, { textOf, stops, ends, maxTokens: 3, promptTokens: 7 });
    if (outcome.kind !== 'answered') throw new Error('There is an answer.');
    expect(outcome.reply.usage).toEqual({ input: 7, output: ids.length });
    return [outcome.reply.finish, outcome.reply.text];
  };
  expect(finish([4n, 5n, 6n], 2)).toEqual(['length', '4 5 6']);
  expect(finish([4n, 5n, 6n], null)).toEqual(['length', '4 5 6']);
  expect(finish([4n, 5n, 2n], 2)).toEqual(['stop', '4 5 2']);
  expect(finish([4n, 5n, 2n], [1, 2])).toEqual(['stop', '4 5 2']);
  expect(finish([4n, 5n, 6n], 2, ['5'])).toEqual(['stop', '4 ']);
  expect(finish([4n, 5n], 2)).toEqual(['stop', '4 5']);
  expect(finish([], 2)).toEqual(['stop', '']);
});
