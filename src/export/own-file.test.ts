import { zipSync } from 'fflate';
import { expect, it } from 'vitest';
import { formatRecipe, smallRecipe } from '../distill/recipe.ts';
import { blobEntries } from '../formats/zip-blob.ts';
import { tinyFolder } from '../student/testing/tiny-student.ts';
import { ownFile } from './own-file.ts';
import { predictionsJsonLines } from './tables.ts';

const text = (content: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(content);
const fileOf = (content: string | Uint8Array, name = 'any.name'): File =>
  new File([typeof content === 'string' ? content : new Uint8Array(content)], name);
const kindOf = async (content: string | Uint8Array): Promise<string | undefined> =>
  (await ownFile(fileOf(content)))?.kind;
const prediction = {
  row: 0,
  input: 'a',
  label: 'x',
  teacher: null,
  base: 'y',
  distilled: 'x',
  rationale: null,
  teacherRationale: null,
};

it('tells the studio’s own files by what is in them, and rows are none of them', async () => {
  expect(await kindOf(formatRecipe(smallRecipe, { fix: 'letters' }))).toBe('recipe');
  expect(await kindOf('{"steps":3,"alpha":0.5,"data":{}}')).toBe('recipe');
  expect(await kindOf(predictionsJsonLines([prediction, prediction]))).toBe('predictions');
  expect(await kindOf(zipSync({ 'r/record.json': text('{}'), 'r/metrics.jsonl': text('') }))).toBe('run');
  for (const rows of [
    '{"input":"a","label":"x"}\n',
    '{"seed":1}',
    '{"input":"a","steps":3,"seed":1}',
    '[]',
    '{',
    '',
    'a,b\n1,2\n',
    zipSync({ 'rows.csv': text('a,b\n') }),
    zipSync({ 'config.json': text('{}') }),
    zipSync({ 'a/record.json': text('{}') }).subarray(0, 30),
  ])
    expect(await kindOf(rows)).toBeUndefined();
});

it('gives a student’s files, packed or not, whatever folder they lie in', async () => {
  const folder = Object.fromEntries([...tinyFolder()].map(([name, bytes]) => [`out/model/${name}`, bytes]));
  for (const level of [0, 6] as const) {
    const zip = zipSync({ ...folder, 'out/server.py': text('pass') }, { level });
    const own = await ownFile(fileOf(zip, 'good-heron.zip'));
    if (own?.kind !== 'student') throw new Error('no student');
    expect(own.files.map(({ path }) => path).sort()).toEqual(
      [...tinyFolder().keys()].map((name) => `good-heron/${name}`).sort(),
    );
    for (const { path, file } of own.files) {
      const name = path.slice('good-heron/'.length);
      expect(new Uint8Array(await file.arrayBuffer())).toEqual(new Uint8Array(tinyFolder().get(name)!));
    }
  }
});

it('unpacks nothing to more than it says, and refuses what is damaged', async () => {
  const zip = zipSync({ 'a.txt': text('a'.repeat(5000)) });
  const view = new DataView(zip.buffer, zip.byteOffset, zip.byteLength);
  for (let at = 0; at + 46 < zip.length; at += 1)
    if (view.getUint32(at, true) === 0x02014b50) view.setUint32(at + 24, 10, true);
  const [entry] = (await blobEntries(new Blob([new Uint8Array(zip)])))!;
  expect([entry!.sizeBytes, await entry!.blob()]).toEqual([10, null]);
  for (let cut = 0; cut < zip.length; cut += 7)
    expect(await blobEntries(new Blob([new Uint8Array(zip.subarray(0, cut))]))).toBeNull();
});
