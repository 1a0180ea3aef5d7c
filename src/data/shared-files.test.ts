/** The real CoS-E and PaLM files, and goldens made from them, where they are at hand. */
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { inspection } from './inspect.ts';
import { joinTeacher } from './join.ts';
import { lint } from './lint.ts';
import { asDataset, asRationales, readDataFile } from './read-file.ts';
import { pairFiles } from './split.ts';

const folder = '../shared/data/cos_e';
const present = existsSync(folder);
if (!present) console.info(`skipped: ${folder} is not here, so that the real CoS-E files were not read`);

const read = (name: string) => readDataFile(name, readFileSync(`${folder}/${name}`, 'utf8'));
const splits = [
  {
    split: 'train',
    dataset: 'cos_e_v1.11_train.jsonl',
    rationales: 'PaLM_CoT_train.json',
    correct: 7234,
    total: 9741,
    lints: { cut: 282, case: 123, unknown: 43, blank: 3, repeated: 122, another: 295 },
  },
  {
    split: 'test',
    dataset: 'cos_e_v1.11_validation.jsonl',
    rationales: 'PaLM_CoT_test.json',
    correct: 943,
    total: 1221,
    lints: { cut: 25, case: 15, unknown: 6, blank: undefined, repeated: 24, another: 26 },
  },
] as const;

describe.skipIf(!present)('CoS-E with PaLM’s rationales', () => {
  it.each(splits)(
    '$split: every row is read, and the teacher’s accuracy is the published one',
    (expected) => {
      const dataset = asDataset(read(expected.dataset));
      const rationales = asRationales(read(expected.rationales));
      const { correct, total } = expected;
      expect(inspection(dataset, rationales)).toMatchObject({
        layout: 'cos-e',
        rows: total,
        refused: [],
        teacher: { correct, total },
      });
      const { examples } = joinTeacher(dataset, rationales);
      const count = Object.fromEntries(lint(examples).map((note) => [note.kind, note.count]));
      expect(count).toEqual({
        'teacher-label-cut': expected.lints.cut,
        'teacher-label-case': expected.lints.case,
        'teacher-label-unknown': expected.lints.unknown,
        'choices-repeated': expected.lints.repeated,
        'rationale-other-choice': expected.lints.another,
        ...(expected.lints.blank === undefined ? {} : { 'teacher-label-blank': expected.lints.blank }),
      });
    },
  );

  it('sorts the four files by themselves', () => {
    const pairing = pairFiles(splits.flatMap(({ dataset, rationales }) => [read(rationales), read(dataset)]));
    for (const { split, dataset, rationales } of splits) {
      expect(pairing[split]?.dataset.file).toBe(dataset);
      expect(pairing[split]?.rationales?.file).toBe(rationales);
    }
    expect(pairing.leftover).toEqual([]);
  });

  it('composes the inputs that the golden generations were made from', () => {
    const generations = readFileSync('../shared/golden/cos-e-run/generations.jsonl', 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { row: number; input: string; answer: string });
    const { rows } = asDataset(read('cos_e_v1.11_validation.jsonl'));
    for (const { row, input, answer } of generations)
      expect(rows[row]).toMatchObject({ input, label: answer });
    expect(generations).toHaveLength(16);
  });
});
