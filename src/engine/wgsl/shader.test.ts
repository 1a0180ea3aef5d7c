import { expect, test } from 'vitest';
import type { Tensor } from '../plan/plan.ts';
import { dispatch, read, write, type Dispatch } from './dispatch.ts';
import { assemble } from './shader.ts';

const tensor = (slot: number, changes: Partial<Tensor> = {}): Tensor => ({
  place: { kind: 'slot', slot },
  offset: 0,
  shape: [8],
  ...changes,
});
const slotOf = ({ place }: Tensor) => (place.kind === 'slot' ? place.slot : NaN);
const assembled = (changes: Partial<Dispatch>) =>
  assemble(
    dispatch({
      source: 'a[0] = b[1] + other[2] + CHUNK;',
      label: 'a test',
      bindings: [],
      grid: () => [1, 1, 1],
      ...changes,
    }),
    slotOf,
  );
const declared = ({ code }: { code: string }) =>
  code.split('\n').filter((line) => line.startsWith('@group(0)'));

test('names of one buffer share its binding, which is written where one of them writes', () => {
  const shader = assembled({
    bindings: [read('a', tensor(4)), read('c', tensor(5)), write('b', tensor(4, { offset: 3 }))],
    tables: 'read',
    params: { size: 7 },
  });
  expect(shader.buffers).toEqual([
    { key: 4, access: 'read_write' },
    { key: 5, access: 'read' },
  ]);
  expect(declared(shader)).toEqual([
    '@group(0) @binding(0) var<storage, read_write> a: array<f32>;',
    '@group(0) @binding(1) var<storage, read> c: array<f32>;',
    '@group(0) @binding(2) var<storage, read> tables: array<i32>;',
    '@group(0) @binding(3) var<uniform> params: Params;',
  ]);
  expect(shader.code).toContain('a[0] = a[1] + other[2]');
  expect(shader.tables).toBe('read');
  // A second name that only reads changes nothing.
  expect(assembled({ bindings: [write('a', tensor(4)), read('b', tensor(4))] }).buffers).toEqual([
    { key: 4, access: 'read_write' },
  ]);
});

test('halves are words, two in each, and vectors are four floats or four halves', () => {
  const typesOf = (changes: Partial<Dispatch>) =>
    declared(assembled(changes)).map((line) => /: ([\w<>]+);$/.exec(line)![1]);
  const bindings = [read('a', tensor(1)), read('b', tensor(2, { half: true }))];
  expect(typesOf({ bindings })).toEqual(['array<f32>', 'array<u32>', 'Params']);
  expect(typesOf({ bindings, vectors: true })).toEqual(['array<vec4f>', 'array<vec2u>', 'Params']);
  const [first, second] = bindings as [(typeof bindings)[0], (typeof bindings)[0]];
  expect(typesOf({ bindings: [first, { ...second, vector: true }] })).toEqual([
    'array<f32>',
    'array<vec2u>',
    'Params',
  ]);
});

test('params are words and floats in their order, at least sixteen bytes; places come on top of offsets', () => {
  const { params, code } = assembled({
    bindings: [read('a', tensor(1, { offset: 40 })), read('b', tensor(2, { offset: 50 }))],
    params: { a: 2, scale: { float: 0.5 }, size: -1, stride: 9 },
  });
  const view = new DataView(params.buffer);
  expect(params).toHaveLength(4 * 5);
  expect([0, 4, 12, 16].map((at) => view.getUint32(at, true))).toEqual([42, 50, 2 ** 32 - 1, 9]);
  expect(view.getFloat32(8, true)).toBe(0.5);
  expect(code).toContain(
    'struct Params {\n  a: u32,\n  b: u32,\n  scale: f32,\n  size: u32,\n  stride: u32,\n}',
  );
  expect(assembled({ params: { one: 1 } }).params).toHaveLength(16);
  expect(assembled({}).code).not.toContain('struct Params');
});

test('a kernel that was expanded before is written for the names and flags of this dispatch', () => {
  const source = '// #if TWICE\na[0] = 2.0 * b[1];\n// #else\na[0] = b[1];\n// #end';
  const alone = [write('a', tensor(1)), read('b', tensor(2))];
  const shared = [write('a', tensor(1)), read('b', tensor(1))];
  const textOf = (changes: Partial<Dispatch>) =>
    assembled({ source, ...changes })
      .code.split('\n')
      .at(-1);
  for (let time = 0; time < 2; time += 1) {
    expect(textOf({ bindings: alone })).toBe('a[0] = b[1];');
    expect(textOf({ bindings: shared })).toBe('a[0] = a[1];');
    expect(textOf({ bindings: alone, flags: ['TWICE'] })).toBe('a[0] = 2.0 * b[1];');
    // More than are kept.
    for (let other = 0; other < 100; other += 1) {
      expect(assembled({ source, constants: { OTHER: other } }).code).toContain(`const OTHER = ${other}u;`);
    }
  }
});

test('subgroups are enabled first, and constants are those of the run, the norm and the kernel', () => {
  expect(assembled({ subgroups: true }).code).toMatch(/^enable subgroups;\n/);
  const { code } = assembled({ constants: { THREADS: 64 } });
  expect(code).not.toContain('enable');
  for (const line of ['const CHUNK = 16384u;', 'const THREADS = 64u;', 'const POSITION_WORD = 12u;'])
    expect(code.split('\n')).toContain(line);
});
