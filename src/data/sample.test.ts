/** The bundled sample: made again by its script, and read as any other file. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { inspection } from './inspect.ts';
import { joinTeacher } from './join.ts';
import { lint } from './lint.ts';
import { asDataset, readDataFile } from './read-file.ts';

const read = (split: string) =>
  asDataset(readDataFile(`${split}.jsonl`, readFileSync(`public/sample/${split}.jsonl`, 'utf8')));

it('comes out of its script byte for byte', () => {
  const folder = mkdtempSync(join(tmpdir(), 'sample-'));
  try {
    execFileSync(process.execPath, ['scripts/make-sample.mjs', '--out', folder]);
    for (const name of ['train.jsonl', 'validation.jsonl', 'test.jsonl', 'README.md']) {
      expect(readFileSync(join(folder, name), 'utf8')).toBe(
        readFileSync(join('public/sample', name), 'utf8'),
      );
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});

it.each([
  ['train', 400, 352],
  ['validation', 500, 440],
  ['test', 500, 440],
])('%s has %i rows, of which the teacher gets %i right', (split, total, correct) => {
  const dataset = read(split);
  expect(inspection(dataset, null)).toMatchObject({
    layout: 'rows',
    rows: total,
    refused: [],
    notes: [],
    teacher: { correct, total },
  });
  expect(lint(joinTeacher(dataset, null).examples)).toEqual([]);
});

it('has a teacher whose rationale agrees with its label, and three true things in every row', () => {
  const home = new Map<string, string>();
  const rows = ['train', 'validation', 'test'].flatMap((split) => read(split).rows);
  const reasonsOf = (rationale: string | null) =>
    [...rationale!.matchAll(/(\w+) has (\w+)/g)].map((match) => [match[1]!, match[2]!] as const);
  for (const { label, teacherLabel, rationale } of rows) {
    if (label === teacherLabel) for (const [place, thing] of reasonsOf(rationale)) home.set(thing, place);
  }
  for (const { input, label, teacherLabel, rationale } of rows) {
    const reasons = reasonsOf(rationale);
    const things = reasons.map(([, thing]) => thing);
    expect(input).toContain(`${things.slice(0, 4).join(', ')} and ${things[4]!}`);
    expect(rationale).toMatch(new RegExp(`, so ${teacherLabel!}\\.$`));
    expect(reasons.filter(([place]) => place === teacherLabel)).toHaveLength(3);
    expect(things.filter((thing) => home.get(thing) === label)).toHaveLength(3);
  }
  expect(home.size).toBe(192);
});

it.each(['validation', 'test'])(
  'has a %s split of combinations that training has not, of things that it has',
  (split) => {
    const thingsOf = (name: string) =>
      read(name).rows.map(({ rationale }) => rationale!.match(/(?<=has )\w+/g)!.sort());
    const trained = thingsOf('train');
    const known = new Set(trained.flat());
    const combinations = new Set(trained.map(String));
    for (const things of thingsOf(split)) {
      expect(combinations.has(String(things))).toBe(false);
      expect(things.every((thing) => known.has(thing))).toBe(true);
    }
  },
);
