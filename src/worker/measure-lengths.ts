/** A dataset's texts in tokens of a student. */
import { breathe } from '../base/breathe.ts';
import { NumberList } from '../base/text-index.ts';
import type { Example } from '../data/example.ts';
import { countAbove, lengthHistogram } from '../data/histogram.ts';
import { splitNames } from '../data/split.ts';
import type { ReportProgress } from '../distill/ports.ts';
import { explainPrefix, predictPrefix } from '../distill/tasks.ts';
import { LostLabelCount } from '../distill/written-labels.ts';
import { eachExamples, writeDatasetRecord } from '../store/datasets.ts';
import type { DatasetRecord, LengthReport } from '../store/records.ts';
import { CoverageCount } from '../student/coverage.ts';
import type { Tokenizer } from '../student/tokenizer.ts';
import { onDataset, requireDataset } from './dataset-work.ts';
import { openOutline } from './import-student.ts';
import type { CommandOf, Results } from './protocol.ts';

/**
 * Counts tokens under a student's tokenizer and keeps the histograms with the dataset. It runs in the background: the dataset is
 * held for the writing alone, and where its rows changed meanwhile, they are counted again.
 */
export async function measureLengths(
  { datasetId, studentId, maxInputTokens, maxTargetTokens }: CommandOf<'measure-lengths'>,
  progress: ReportProgress,
): Promise<Results['measure-lengths']> {
  for (;;) {
    const counted = await requireDataset(datasetId);
    const { tokenizer } = await openOutline(studentId);
    const lengths: DatasetRecord['lengths'] = { train: null, test: null };
    for (const split of splitNames) {
      const rows = counted.splits[split]?.rows ?? 0;
      if (rows === 0) continue;
      const work = { examples: eachExamples(datasetId, split), rows, tokenizer };
      const report = await measure(work, { maxInputTokens, maxTargetTokens }, progress);
      lengths[split] = { studentId, ...report };
    }
    const isKept = await onDataset(datasetId, progress, async () => {
      const record = await requireDataset(datasetId);
      if (rowsOf(record) !== rowsOf(counted)) return false;
      await writeDatasetRecord({ ...record, lengths });
      return true;
    });
    if (isKept) return null;
  }
}

/** What a dataset's rows come from, as a text: another one means other rows. */
function rowsOf({ files, splits }: DatasetRecord): string {
  return JSON.stringify([files, splits]);
}

async function measure(
  { examples, rows, tokenizer }: { examples: AsyncIterable<Example[]>; rows: number; tokenizer: Tokenizer },
  limits: { maxInputTokens: number; maxTargetTokens: number },
  progress: ReportProgress,
): Promise<Omit<LengthReport, 'studentId'>> {
  const inputs = new NumberList();
  const labels = new NumberList();
  const rationales = new NumberList();
  const coverage = new CoverageCount(tokenizer);
  const lost = new LostLabelCount(tokenizer, limits);
  const lengthOf = (text: string): number => {
    const ids = tokenizer.encode(text);
    coverage.add(ids);
    return ids.length;
  };
  // Whichever prefix is longer decides whether an input is cut.
  const longer = [predictPrefix, explainPrefix].sort(
    (a, b) => tokenizer.encode(b).length - tokenizer.encode(a).length,
  )[0]!;
  for await (const slice of examples) {
    for (const example of slice) {
      // After each row: a tokenizer that does not come to an end is known by its silence.
      progress('counting tokens', inputs.length, rows);
      if (inputs.length % 200 === 0) await breathe();
      inputs.push(lengthOf(longer + example.input));
      labels.push(lengthOf(example.label));
      lost.add(example.label);
      if (example.rationale !== null) rationales.push(lengthOf(example.rationale));
    }
  }
  return {
    input: lengthHistogram(inputs.view(), 24),
    label: lengthHistogram(labels.view(), 24),
    rationale: rationales.length === 0 ? null : lengthHistogram(rationales.view(), 24),
    truncatedInputs: countAbove(inputs.view(), limits.maxInputTokens),
    truncatedTargets:
      countAbove(labels.view(), limits.maxTargetTokens) +
      countAbove(rationales.view(), limits.maxTargetTokens),
    ...limits,
    coverage: coverage.coverage,
    lostLabels: lost.lost,
  };
}
