import { expect, it } from 'vitest';
import { smallRecipe } from '../../distill/recipe.ts';
import { parseSpec, plannedRuns } from '../../experiment/spec.ts';
import type { DataFileRecord } from '../../store/records.ts';
import { specFile } from './spec-file.ts';
import { planOf } from './vary-draft.ts';

const students = [
  { id: 'nano', name: 'nano' },
  { id: 'u-1', name: 't5-tiny' },
  { id: 'u-2', name: 'flan-t5-small', hub: 'google/flan-t5-small@0fc9ddf' },
];
const file = (name: string, split: DataFileRecord['split'], layout: string) =>
  ({ name, split, layout }) as DataFileRecord;
const spec = (text: string, studentId: string): string => {
  const plan = planOf(
    [
      [
        { key: 'student', text },
        { key: 'seed', text: '0, 1' },
      ],
    ],
    smallRecipe,
    studentId,
  );
  return 'spec' in plan ? plan.spec : '';
};

it('names students and files as a terminal finds them, and leaves out what comes with the studio', () => {
  const found = parseSpec(specFile(spec('u-1, u-2', 'nano'), { sample: true, files: [] }, students), 'f');
  expect(found).toMatchObject({ train: null, test: null, student: null });
  expect(found.vary.get('student')).toEqual(['t5-tiny', 'hub:google/flan-t5-small@0fc9ddf']);

  const plan = planOf([[{ key: 'alpha', text: '0.1, 0.5' }]], { ...smallRecipe, steps: 60 }, 'u-1');
  if (!('spec' in plan)) throw new Error(plan.problem);
  const files = [
    file('train.jsonl', 'train', 'cos-e'),
    file('more.jsonl', 'train', 'cos-e'),
    file('CoT_train.json', 'train', 'rationales'),
    file('test.jsonl', 'test', 'cos-e'),
    file('unclear.jsonl', null, 'rows'),
  ];
  const own = parseSpec(specFile(plan.spec, { sample: false, files }, students), 'f');
  expect(own).toMatchObject({
    train: ['train.jsonl', 'more.jsonl'],
    trainRationales: 'CoT_train.json',
    test: 'test.jsonl',
    testRationales: null,
    student: 't5-tiny',
  });
  // Its runs are those of the page, but for the student's name.
  expect(plannedRuns(own, 'f').map(({ recipe, name }) => [name, recipe])).toEqual(
    plan.runs.map(({ recipe, name }) => [name, recipe]),
  );
});

it('leaves the bundled student out where it alone is trained', () => {
  const plan = planOf([[{ key: 'seed', text: '0' }]], smallRecipe, 'nano');
  if (!('spec' in plan)) throw new Error(plan.problem);
  expect(JSON.parse(specFile(plan.spec, null, students))).not.toHaveProperty('student');
});

it('writes several sets of runs and what answers are judged by', () => {
  const plan = planOf(
    [[{ key: 'student', text: 'u-1' }], [{ key: 'alpha', text: '0.1, 0.5' }]],
    smallRecipe,
    'u-1',
    'number',
  );
  if (!('spec' in plan)) throw new Error(plan.problem);
  const file = specFile(plan.spec, { sample: true, files: [] }, students);
  expect(JSON.parse(file)).toMatchObject({
    metric: 'number',
    student: 't5-tiny',
    vary: [{ student: ['t5-tiny'] }, { alpha: [0.1, 0.5] }],
  });
  expect(plannedRuns(parseSpec(file, 'f'), 'f').map(({ recipe }) => recipe)).toEqual(
    plan.runs.map(({ recipe }) => recipe),
  );
});
