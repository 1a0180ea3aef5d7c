import { Gauge, Undo2 } from 'lucide-react';
import { formatBytes, formatCount, formatDuration } from '../../base/units.ts';
import type { Recipe } from '../../distill/recipe.ts';
import type { Reduction, StudentRecord } from '../../store/records.ts';
import type { T5Config } from '../../student/config.ts';
import type { TrainingShape } from '../../student/memory.ts';
import { countParameters } from '../../student/parameters.ts';
import type { StudentPart } from '../../student/reduce/freeze.ts';
import type { MemoryOfRun } from '../../worker/protocol.ts';
import { useAsked } from '../state/use-asked.ts';
import { useRunMemory } from '../state/use-run-memory.ts';
import { studio } from '../state/studio.ts';
import { currentDataset, useStudio } from '../state/studio-store.ts';
import { readDraft } from '../recipe/recipe-draft.ts';
import { Button } from '../ui/button.tsx';
import { longestRow } from '../state/longest-row.ts';
import styles from './reduce.module.css';

type Row = readonly [name: string, before: string, after: string];

/** What the student in use was made from, before and after side by side. */
export function ReductionTable({ student, reduction }: { student: StudentRecord; reduction: Reduction }) {
  const dataset = useStudio(currentDataset);
  const original = useStudio((state) => state.students.some((one) => one.id === reduction.fromId));
  const busy = useStudio((state) => state.requests.reduce.busy);
  const { recipe } = readDraft(useStudio((state) => state.draft));
  const shape = recipe === null ? null : shapeOf(recipe, longestRow(dataset, student, recipe));
  const freeze = recipe?.freeze ?? [];
  const configs = [reduction.fromConfig, student.config] as const;
  const flops = useStepFlops(configs, shape, freeze);
  const memory = useRunMemory(configs, recipe, shape);
  const { loss } = reduction;
  const measurable = original && dataset !== null;
  const reason = busy
    ? 'Something is at work already.'
    : measurable
      ? null
      : 'It takes the student that this one was made from, and rows.';
  return (
    <section className={styles['reduction']} aria-label="Before and after">
      <div className={styles['scroll']}>
        <table className={styles['table']}>
          <caption>Before and after the reduction</caption>
          <thead>
            <tr>
              <td />
              <th scope="col">{reduction.fromName}</th>
              <th scope="col">this student</th>
            </tr>
          </thead>
          <tbody>
            {[
              ...sizeRows(student, reduction),
              ...trainingRows(memory, freeze),
              ...stepRows(flops, reduction),
              ...lossRows(reduction),
            ].map(([name, before, after]) => (
              <tr key={name}>
                <th scope="row">{name}</th>
                <td>{before}</td>
                <td>{after}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <p className={styles['foot']}>
        {loss === null
          ? 'The loss was not measured yet.'
          : `Losses: means over the target tokens of ${formatCount(loss.rows)} rows of ${loss.datasetName}, nothing trained, on ${loss.engine}.`}
        {shape !== null &&
          ` A step: ${formatCount(shape.batchSize)} rows of ${formatCount(shape.inputTokens)} input and ${formatCount(shape.targetTokens)} target tokens${loss === null ? '' : ', its time estimated from the pace of that measurement'}.`}
      </p>
      <div className={styles['actions']}>
        <Button icon={Gauge} reason={reason} onClick={() => void studio.measureReduction()}>
          {loss === null ? 'Measure the loss' : 'Measure again'}
        </Button>
        {original && (
          <Button icon={Undo2} onClick={() => studio.selectStudent(reduction.fromId)}>
            Back to {reduction.fromName}
          </Button>
        )}
      </div>
    </section>
  );
}

function shapeOf(
  { batchSize, method }: Recipe,
  longest: Pick<TrainingShape, 'inputTokens' | 'targetTokens'>,
) {
  return { batchSize, method, ...longest };
}

function sizeRows({ config, storedDtype, parameters }: StudentRecord, reduction: Reduction): Row[] {
  const { fromConfig, fromDtype, download } = reduction;
  const layers = ({ num_layers, num_decoder_layers }: T5Config) => `${num_layers} + ${num_decoder_layers}`;
  const stored = (dtype: string, sizes: typeof download.before) =>
    `${formatBytes(dtype === 'F32' ? sizes.f32 : sizes.f16)} (${dtype.toLowerCase()})`;
  return [
    ['parameters', formatCount(countParameters(fromConfig)), formatCount(parameters)],
    ['vocabulary', formatCount(fromConfig.vocab_size), formatCount(config.vocab_size)],
    ['layers, encoder + decoder', layers(fromConfig), layers(config)],
    ['download, as stored', stored(fromDtype, download.before), stored(storedDtype, download.after)],
    ['download in f32', formatBytes(download.before.f32), formatBytes(download.after.f32)],
    ['download in f16 or bf16', formatBytes(download.before.f16), formatBytes(download.after.f16)],
  ];
}

function trainingRows(memory: readonly MemoryOfRun[] | null, freeze: readonly string[]): Row[] {
  const [before, after] = memory ?? [];
  if (before === undefined || after === undefined) return [];
  const frozen = freeze.length === 0 ? '' : `, ${freeze.join(' and ')} frozen`;
  return [[`memory to train${frozen}`, formatBytes(before.steadyBytes), formatBytes(after.steadyBytes)]];
}

function stepRows(flops: readonly number[] | null, { loss }: Reduction): Row[] {
  const [before, after] = flops ?? [];
  if (before === undefined || after === undefined) return [];
  const work: Row = ['work of a step', flopsWords(before), flopsWords(after)];
  if (loss === null) return [work];
  const { flopsPerSecond } = loss;
  const time = (count: number, pace: number) => stepWords((count / pace) * 1000);
  return [
    work,
    ['time of a step, estimated', time(before, flopsPerSecond.before), time(after, flopsPerSecond.after)],
  ];
}

function lossRows({ loss }: Reduction): Row[] {
  if (loss === null) return [];
  const { answer, rationale } = loss;
  const words = (value: number) => value.toFixed(3);
  return [
    ['answer loss', words(answer.before), words(answer.after)],
    ...(rationale === null
      ? []
      : [['rationale loss', words(rationale.before), words(rationale.after)] as const]),
  ];
}

function flopsWords(flops: number): string {
  return flops >= 1e9 ? `${(flops / 1e9).toFixed(1)} GFLOP` : `${(flops / 1e6).toFixed(0)} MFLOP`;
}

function stepWords(elapsedMs: number): string {
  return elapsedMs < 10_000 ? `${formatCount(Math.round(elapsedMs))} ms` : formatDuration(elapsedMs);
}

/** Work of a training step for each configuration, by the plan's count; null until the worker has said. */
function useStepFlops(
  configs: readonly T5Config[],
  shape: TrainingShape | null,
  freeze: readonly StudentPart[],
): number[] | null {
  return useAsked(shape === null ? null : { configs, shape, freeze }, studio.estimateSteps);
}
