import { metricWords, type MetricId } from '../../data/metrics/metrics.ts';
import type { PlannedRun } from '../../experiment/spec.ts';
import type { StudentRecord } from '../../store/records.ts';
import { formatCount } from '../../base/units.ts';
import { methodWords } from '../../distill/methods.ts';
import { plural } from '../words.ts';
import styles from './experiments.module.css';
import { listWords, variedValues } from './shown-plan.ts';
import { labelOf, type VaryKey } from './vary-draft.ts';

/** What an experiment trains, in a sentence. */
export function PlanSentence({
  plan,
  students,
  datasetName,
  trainRows,
  metric,
}: {
  plan: readonly PlannedRun[];
  students: readonly Pick<StudentRecord, 'id' | 'name'>[];
  datasetName: string;
  trainRows: number;
  /** Null: what suits the labels. */
  metric: MetricId | null;
}) {
  const [first] = plan;
  if (first === undefined) return null;
  const varied = variedValues(plan, students);
  const valuesOf = (key: VaryKey): string[] | undefined => varied.find(([one]) => one === key)?.[1];
  const student = students.find(({ id }) => id === first.student)?.name ?? 'a student';
  const { recipe } = first;
  const method = valuesOf('method') ?? [methodWords[recipe.method]];
  const told: readonly VaryKey[] = ['student', 'fraction', 'method', 'steps', 'batchSize'];
  const others = varied.filter(([key]) => !told.includes(key));
  const shares = valuesOf('fraction');
  return (
    <p className={styles['sentence']}>
      Distil {listWords(valuesOf('student') ?? [student])} on{' '}
      {shares !== undefined && `${listWords(shares)} of `}
      {plural(trainRows, 'row')} of {datasetName}, {listWords(method)},
      {others.map(([key, values]) => ` ${labelOf(key).toLowerCase()} ${listWords(values)},`)} for{' '}
      {listWords(valuesOf('steps') ?? [formatCount(recipe.steps)])} steps of{' '}
      {listWords(valuesOf('batchSize') ?? [formatCount(recipe.batchSize)])}: {plural(plan.length, 'run')}
      {metric !== null && `, right where an answer is ${metricWords[metric]}`}.
    </p>
  );
}
