import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { pointSchema } from '../distill/curve-schema.ts';
import { evaluationsIn, linesOf, pointsIn, pointsUntil } from './curve-files.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'stillroom-curve-'));
});
afterEach(() => rmSync(folder, { recursive: true }));
const put = (name: string, text: string): void => writeFileSync(join(folder, name), text);

const point = {
  step: 1,
  learningRate: 0.1,
  answerLoss: 2,
  rationaleLoss: null,
  loss: 2,
  gradNorm: 1,
  tokens: 4,
  elapsedMs: 9,
};
const line = (more: object): string => `${JSON.stringify({ ...point, ...more })}\n`;

it('has the points that are whole, as they were written', async () => {
  put('metrics.jsonl', `${line({})}{"step":\n\0\0\n${line({ step: 2, gradNorm: 'NaN' })}{"step":3`);
  expect(await pointsIn(folder)).toEqual([point, { ...point, step: 2, gradNorm: NaN }]);
  expect(await pointsUntil(folder, 2)).toHaveLength(2);
  expect(await pointsUntil(folder, 0)).toEqual([]);
  await expect(pointsUntil(folder, 3)).rejects.toThrow('it should hold a line for each of the first 3 steps');
});

it.each([
  ['answerLoss', '<script>'],
  ['answerLoss', null],
  ['step', '1'],
  ['step', 1e300],
  ['step', 0],
  ['step', 1.5],
  ['elapsedMs', -1],
  ['tokens', {}],
  ['loss', undefined],
])('takes a line whose %s is %j for none', async (key, value) => {
  put('metrics.jsonl', line({ [key]: value }) + line({}));
  expect(await pointsIn(folder)).toEqual([point]);
});

it('has what was measured, byte by byte, and no share above all', async () => {
  expect(await evaluationsIn(folder)).toEqual([]);
  const measured = [
    '{"step":2,"correct":1,"total":2}',
    '{"step":4,"correct":2,"total":2,"split":"validation","answerLoss":1,"rationaleLoss":null,"loss":1}',
  ];
  put(
    'evaluations.jsonl',
    [
      measured[0],
      'null',
      '7',
      '{"step":3,"correct":3,"total":2}',
      '{"step":"3","correct":1,"total":2}',
      measured[1],
      '',
    ].join('\n'),
  );
  expect((await evaluationsIn(folder)).map((one) => JSON.stringify(one))).toEqual(measured);
});

it('reads whatever a line holds', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(fc.json(), fc.string(), fc.constant(line({}).trim()))), (all) => {
      for (const one of linesOf(all.map((text) => `${text}\n`).join(''), pointSchema))
        expect(one).toEqual(point);
    }),
  );
});
