import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { alignmentAlarm, type Aligned } from './alignment.ts';
import { joinTeacher } from './join.ts';
import { asDataset, asRationales, readDataFile } from './read-file.ts';

/** Rows whose reasons speak of a thing that only their own input names. */
const rows = Array.from({ length: 60 }, (_, row): Aligned => {
  const thing = `thing${row}`;
  return {
    row,
    input: `Where is the ${thing} of the house?`,
    choices: null,
    rationale: `The ${thing} is where it was.`,
    teacherLabel: null,
  };
});

const moved = (by: number, all: readonly Aligned[] = rows): Aligned[] =>
  all.map((row, index) => {
    const from = all[(index + by + all.length) % all.length]!;
    return { ...row, rationale: from.rationale, teacherLabel: from.teacherLabel };
  });

describe('the alarm', () => {
  it('is silent where rows belong together', () => expect(alignmentAlarm(rows)).toBeNull());

  it.each([1, -1, 2, -2, 3])('finds rows that are moved by %i', (by) => {
    expect(alignmentAlarm(moved(by))).toMatchObject({ shift: by, asks: true });
  });

  it('says how many labels are choices of their rows, and how many choices rows have', () => {
    const chosen = rows.map((row, at) => ({
      ...row,
      choices: [`thing${at}`, 'house', 'garden'],
      teacherLabel: `thing${at}`,
    }));
    expect(alignmentAlarm(chosen)).toBeNull();
    expect(alignmentAlarm(moved(1, chosen))?.text).toContain(
      'the teacher’s label is a choice of its row in 0 of 60 rows (rows have 3 choices)',
    );
  });

  it('finds another order, which no shift mends', () => {
    const joined = rows.map((row, index) => ({ ...row, rationale: rows[59 - index]!.rationale }));
    expect(alignmentAlarm(joined)).toMatchObject({ shift: null, asks: true });
  });
});

const folder = '../shared/data/cos_e';
const present = existsSync(folder);
if (!present) console.info(`skipped: ${folder} is not here, so that the alarm was not tried on real rows`);

describe.skipIf(!present)('on CoS-E with PaLM’s rationales', () => {
  const read = (name: string) => readDataFile(name, readFileSync(`${folder}/${name}`, 'utf8'));
  const joined = () =>
    joinTeacher(asDataset(read('cos_e_v1.11_validation.jsonl')), asRationales(read('PaLM_CoT_test.json')));

  it('is silent as they are', () => expect(joined().alarm).toBeNull());

  it.each([1, -2])('finds rows moved by %i, by labels and by words alone', (by) => {
    const { examples } = joined();
    expect(alignmentAlarm(moved(by, examples))).toMatchObject({ shift: by, asks: true });
    const bare = examples.map((row) => ({ ...row, choices: null, teacherLabel: null }));
    expect(alignmentAlarm(moved(by, bare))).toMatchObject({ shift: by, asks: true });
    expect(alignmentAlarm(bare)).toBeNull();
  });
});
