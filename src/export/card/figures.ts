/** Every figure of the card, each with its interval of 95 %. */
import { formatCount, formatPercent } from '../../base/units.ts';
import type { Tally } from '../../data/example.ts';
import { metricIds, metricWords } from '../../data/metrics/metrics.ts';
import { rougeL, tokenF1 } from '../../data/metrics/texts.ts';
import { bootstrapInterval, bootstrapMean } from '../../distill/bootstrap.ts';
import type { ComparedAccuracy, ComparedMetrics } from '../../distill/compare.ts';
import type { Recipe } from '../../distill/recipe.ts';
import type { Prediction } from '../../distill/run-state.ts';
import { wilsonInterval } from '../../distill/score.ts';
import { settingsWords } from '../../student/generation-words.ts';
import { escapeMarkdown, type ModelCardFacts } from './facts.ts';

function score(tally: Tally): string {
  const { share, low, high } = wilsonInterval(tally);
  const counts = `${formatCount(tally.correct)} of ${formatCount(tally.total)}`;
  return `${formatPercent(share)} | ${formatPercent(low)} – ${formatPercent(high)} | ${counts}`;
}

/** How answers were chosen, where that was not greedily. */
function answersWords({ generation }: Recipe): string {
  // Missing in recipes of runs that were begun by earlier versions.
  const words = settingsWords(generation ?? null);
  return words === 'greedy'
    ? ''
    : ` Answers were generated with ${words}, as \`generation_config.json\` says.`;
}

/** The tables of accuracies. */
export function figuresSection(facts: ModelCardFacts): string[] {
  const { accuracy, recipe, datasetName, predictions } = facts;
  if (accuracy === null) return ['This student was not tested.'];
  const asked =
    recipe.method === 'step-by-step'
      ? 'asked with `predict: ` before the input'
      : 'asked with the bare input';
  return [
    `${accuracy.metrics === undefined || accuracy.metrics.main === 'exact' ? 'Exact match' : `Right is ${metricWords[accuracy.metrics.main]},`} on ${formatCount(accuracy.distilled.total)} test rows of ${escapeMarkdown(datasetName)}, with Wilson’s 95 % interval.${answersWords(recipe)}`,
    '',
    '| Who | Accuracy | 95 % interval | Right |',
    '| --- | --- | --- | --- |',
    `| Student before, asked with the bare input | ${score(accuracy.base)} |`,
    `| **This student**, ${asked} | ${score(accuracy.distilled)} |`,
    ...(accuracy.teacher === null ? [] : [`| Teacher | ${score(accuracy.teacher)} |`]),
    ...rawTextTable(accuracy),
    ...otherMetrics(accuracy.metrics, predictions),
  ];
}

function rawTextTable({ rawText }: ComparedAccuracy): string[] {
  if (rawText === undefined) return [];
  return [
    '',
    'The students’ answers are held against each label as their tokenizer writes it, as the method’s authors do. By the raw text of the labels, with what the tokenizer loses:',
    '',
    '| Who, by raw text | Accuracy | 95 % interval | Right |',
    '| --- | --- | --- | --- |',
    `| Student before | ${score(rawText.base)} |`,
    `| **This student** | ${score(rawText.distilled)} |`,
  ];
}

const speakers = ['base', 'distilled', 'teacher'] as const;

/** What the same answers come to by other metrics. */
function otherMetrics(metrics: ComparedMetrics | undefined, predictions: readonly Prediction[]): string[] {
  if (metrics === undefined) return [];
  const { main, by, macroF1 } = metrics;
  const share = (tally: Tally | null): string => {
    if (tally === null || tally.total === 0) return '–';
    const { low, high } = wilsonInterval(tally);
    return withInterval(formatPercent(tally.correct / tally.total), { low, high }, formatPercent);
  };
  const rows = metricIds.flatMap((id) => {
    const tallies = by[id];
    if (tallies === undefined || id === main) return [];
    return [`| ${metricWords[id]} | ${speakers.map((who) => share(tallies[who])).join(' | ')} |`];
  });
  if (macroF1 !== null) {
    const cells = speakers.map((who) => {
      const value = macroF1[who];
      return value === null ? '–' : withInterval(value.toFixed(3), macroF1Interval(predictions, who), digits);
    });
    rows.push(`| macro-F1 of the labels | ${cells.join(' | ')} |`);
  }
  return [
    ...(rows.length === 0
      ? []
      : [
          '',
          '| By other metrics | Student before | This student | Teacher |',
          '| --- | --- | --- | --- |',
          ...rows,
        ]),
    ...rationaleLines(metrics, predictions),
  ];
}

function rationaleLines({ rationales }: ComparedMetrics, predictions: readonly Prediction[]): string[] {
  if (rationales === null) return [];
  const both = predictions.flatMap(({ rationale, teacherRationale }) =>
    rationale === null || teacherRationale === null ? [] : [[rationale, teacherRationale] as const],
  );
  // Predictions that came back without the teacher's rationales can give no interval.
  const interval = (measure: (text: string, reference: string) => number) =>
    both.length === rationales.rows ? bootstrapMean(both.map((pair) => measure(...pair))) : null;
  const rouge = withInterval(rationales.rougeL.toFixed(3), interval(rougeL), digits);
  const f1 = withInterval(rationales.tokenF1.toFixed(3), interval(tokenF1), digits);
  return [
    '',
    `Its rationales against the teacher’s on ${formatCount(rationales.rows)} rows: ROUGE-L ${rouge}, token F1 ${f1}.`,
    '',
    'In brackets: intervals of 95 %, Wilson’s of shares, of other figures by drawing the rows again 1,000 times.',
  ];
}

function digits(value: number): string {
  return value.toFixed(3);
}

function withInterval(
  value: string,
  interval: { low: number; high: number } | null,
  format: (value: number) => string,
): string {
  return interval === null ? value : `${value} (${format(interval.low)} – ${format(interval.high)})`;
}

/** Of the mean F1 of the labels: of each draw, the labels that are in it, in truth or as an answer. */
function macroF1Interval(
  predictions: readonly Prediction[],
  who: (typeof speakers)[number],
): { low: number; high: number } | null {
  const rows = predictions.flatMap((row) => {
    const answer = row[who];
    return answer === null ? [] : [{ label: row.writtenLabel ?? row.label, answer }];
  });
  const places = new Map([...new Set(rows.map(({ label }) => label))].map((label, at) => [label, at]));
  const truths = Uint32Array.from(rows, ({ label }) => places.get(label)!);
  const answers = Int32Array.from(rows, ({ answer }) => places.get(answer) ?? -1);
  const [right, there, said] = [0, 1, 2].map(() => new Uint32Array(places.size)) as [
    Uint32Array,
    Uint32Array,
    Uint32Array,
  ];
  return bootstrapInterval(rows.length, (positions) => {
    for (const counts of [right, there, said]) counts.fill(0);
    for (const at of positions) {
      const [truth, answer] = [truths[at]!, answers[at]!];
      there[truth]! += 1;
      if (answer >= 0) said[answer]! += 1;
      if (answer === truth) right[truth]! += 1;
    }
    let sum = 0;
    let labels = 0;
    for (let label = 0; label < places.size; label += 1) {
      const either = there[label]! + said[label]!;
      if (either === 0) continue;
      labels += 1;
      sum += (2 * right[label]!) / either;
    }
    return sum / labels;
  });
}
