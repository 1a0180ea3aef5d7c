import { expect, it } from 'vitest';
import { missingColumns, suggestColumnMap } from './column-map.ts';
import { openContainers } from './containers.ts';
import { headOf, knownMap, layoutKey } from './file-head.ts';

async function head(text: string) {
  const [container] = await openContainers('f', new Blob([text]));
  return headOf(container!);
}

it('names the columns with how many rows fill them, and keeps the first rows', async () => {
  const found = await head('frage_text,nummer,ziel\nWo?,1,hier\nWann?,2,\n');
  expect(found).toEqual({
    columns: [
      { name: 'frage_text', filled: 2, text: true },
      { name: 'nummer', filled: 2, text: true },
      { name: 'ziel', filled: 1, text: true },
    ],
    rows: 2,
    first: [
      { frage_text: 'Wo?', nummer: '1', ziel: 'hier' },
      { frage_text: 'Wann?', nummer: '2', ziel: '' },
    ],
  });
});

it('is bounded, whatever a file holds', async () => {
  const row = { long: 'x'.repeat(60_000), list: Array.from({ length: 9000 }, () => 'y'), __proto__x: 1 };
  const found = (await head(Array.from({ length: 22 }, () => JSON.stringify(row)).join('\n')))!;
  expect(found.rows).toBe(22);
  expect(found.first).toHaveLength(20);
  expect(JSON.stringify(found).length).toBeLessThan(50_000);
  const wide = Object.fromEntries(Array.from({ length: 300 }, (_, index) => [`c${index}`, 'z'.repeat(999)]));
  const many = (await head(JSON.stringify([wide, wide])))!;
  expect(many.columns).toHaveLength(200);
  expect(JSON.stringify(many.first).length).toBeLessThan(250_000);
  expect(await head('["a", "b"]')).toBeNull();
});

it('a layout is known again by its names, whatever their order', async () => {
  const one = (await head('a,b\n1,2\n'))!;
  const other = (await head('b,a\n3,4\n'))!;
  const maps = { [layoutKey(one)]: { input: '{a}', label: 'b' } };
  expect(knownMap(maps, other)).toEqual({ input: '{a}', label: 'b' });
  expect(knownMap(maps, (await head('a,c\n1,2\n'))!)).toBeNull();
});

it('suggests what names tell, and the longest text for the input', () => {
  const rows = [
    { headline: 'a long text of many words', stars: '5', explanation: 'good', options: ['x', 'y'] },
  ];
  expect(suggestColumnMap(rows)).toEqual({
    input: '{headline}\nAnswer Choices:\n{options:(a) {}}',
    rationale: 'explanation',
    choices: 'options',
  });
  expect(suggestColumnMap([{ n: 1 }])).toEqual({});
  const apart = { asked_for: 'a question of many words', option_a: 'x', option_b: 'y', key: 'b' };
  expect(suggestColumnMap([apart])).toEqual({
    input: '{asked_for}\nAnswer Choices:\n{option_*:(a) {}}',
    choices: 'option_*',
  });
});

it('tells columns that a map names and a file lacks', () => {
  expect(missingColumns({ input: '{a} {b.c} {d}', label: 'e', id: 'a' }, ['a', 'b'])).toEqual(['d', 'e']);
  expect(missingColumns({ input: 'a' }, ['a'])).toEqual([]);
  expect(() => missingColumns({ input: '{a' }, ['a'])).toThrow('brace that is not closed');
});
