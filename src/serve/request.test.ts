import { expect, it } from 'vitest';
import { Refusal } from './refusal.ts';
import { readPredictRequest } from './request.ts';

const limits = { maxInstances: 3, maxNewTokens: 64 };
const read = (body: unknown) =>
  readPredictRequest(
    new TextEncoder().encode(typeof body === 'string' ? body : JSON.stringify(body)),
    limits,
  );
const plain = { rationale: false, numBeams: null, maxNewTokens: null };

it('texts come bare or in objects, with parameters or without', () => {
  expect(read({ instances: ['a', { input: 'b', other: 1 }, ' c '] })).toEqual({
    texts: ['a', 'b', ' c '],
    ...plain,
  });
  expect(read({ instances: ['a'], parameters: null })).toEqual({ texts: ['a'], ...plain });
  const parameters = { rationale: true, beams: 8, max_tokens: 64 };
  expect(read({ instances: ['a'], parameters })).toEqual({
    texts: ['a'],
    rationale: true,
    numBeams: 8,
    maxNewTokens: 64,
  });
  expect(read({ instances: ['a'], parameters: { beams: 1, max_tokens: 1, rationale: false } })).toEqual({
    texts: ['a'],
    rationale: false,
    numBeams: 1,
    maxNewTokens: 1,
  });
});

it.each([
  ['{', 'not JSON'],
  ['[]', 'a list "instances"'],
  ['null', 'a list "instances"'],
  [{ instances: 'a' }, 'a list "instances"'],
  [{ instances: [] }, '"instances" has 0 entries'],
  [{ instances: ['a', 'b', 'c', 'd'] }, '"instances" has 4 entries'],
  [{ instances: ['a', 4] }, 'instances[1] is not a text'],
  [{ instances: [['a']] }, 'instances[0] is not a text'],
  [{ instances: [null] }, 'instances[0] is not a text'],
  [{ instances: ['  '] }, 'instances[0] is empty'],
  ['{"instances": ["\\ud800"]}', 'half of a surrogate pair'],
  [{ instances: ['a'], parameters: [] }, '"parameters" is not an object'],
  [{ instances: ['a'], parameters: { secret: 1 } }, 'a name that is not known'],
  [{ instances: ['a'], parameters: { rationale: 1 } }, 'parameters.rationale is not true or false'],
  [{ instances: ['a'], parameters: { beams: 0 } }, 'parameters.beams is not a whole number from 1 to 8'],
  [{ instances: ['a'], parameters: { beams: 9 } }, 'parameters.beams'],
  [{ instances: ['a'], parameters: { beams: 1.5 } }, 'parameters.beams'],
  [{ instances: ['a'], parameters: { max_tokens: '5' } }, 'parameters.max_tokens is not a whole number'],
  [{ instances: ['a'], parameters: { max_tokens: 65 } }, 'from 1 to 64'],
])('%j is refused with its place', (body, words) => {
  const refusal = (() => {
    try {
      return read(body);
    } catch (error) {
      return error;
    }
  })();
  expect(refusal).toBeInstanceOf(Refusal);
  expect(refusal).toMatchObject({ status: 400, message: expect.stringContaining(words) as string });
});

it('bytes that are no UTF-8 are refused', () => {
  expect(() => readPredictRequest(Uint8Array.from([0x22, 0xff, 0x22]), limits)).toThrow('not JSON in UTF-8');
});
