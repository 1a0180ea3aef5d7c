/** The README of an exported student: a model card whose every figure was measured in the run. */
import { formatCount, formatDuration, formatPercent } from '../base/units.ts';
import type { Tally } from '../data/example.ts';
import { metricIds, metricWords } from '../data/metrics/metrics.ts';
import type { ComparedAccuracy, ComparedMetrics } from '../distill/compare.ts';
import type { Prediction } from '../distill/run-state.ts';
import type { HoldOut, KeptReading } from '../data/kept-reading.ts';
import type { Recipe } from '../distill/recipe.ts';
import { wilsonInterval } from '../distill/score.ts';
import { chosenByTestWords } from '../distill/selection.ts';
import { answerTokens } from '../distill/answer.ts';
import { isOneTarget, oneTarget, targetMarkers, type OneTarget } from '../distill/methods.ts';
import { answerPrompt, rationalePrompt } from '../distill/tasks.ts';
import { torchDtypes } from './torch-dtypes.ts';
import type { WrittenFloat } from '../formats/safetensors.ts';

/** Losses of one step. */
export interface CardLosses {
  step: number;
  answerLoss: number;
  rationaleLoss: number | null;
}

/** One test row, as `Prediction` has it. */
export type CardExample = Pick<Prediction, 'input' | 'distilled' | 'rationale'>;

/** Rows shown in the card. */
const examplesShown = 3;

/** The rows that a card shows: the first ones, right or wrong. */
export function cardExamples(predictions: readonly CardExample[]): CardExample[] {
  return predictions.slice(0, examplesShown);
}

export interface ModelCardFacts {
  /** What the student is called now: the card's title. */
  name: string;
  /** The student that was distilled. */
  baseStudent: string;
  parameters: number;
  recipe: Recipe;
  datasetName: string;
  /** Rows trained on. */
  trainRows: number;
  /** How they were read; missing where the files were read as they are. */
  reading?: KeptReading;
  /** Steps taken; fewer than the recipe's where the run was stopped. */
  steps: number;
  /** True where it ended before the last step since the measurements got no better. */
  early?: boolean;
  /** The step of these weights, where they are not the last; and what chose them. */
  takenStep?: number | null;
  chosenBy?: 'validation' | 'test';
  /** All on the same test rows; null where nothing was tested. */
  accuracy: ComparedAccuracy | null;
  /** The first and the last step; null where none was taken. */
  losses: { first: CardLosses; last: CardLosses } | null;
  elapsedMs: number;
  /** Test rows and what this student made of them; none where nothing was tested. */
  examples: readonly CardExample[];
  /** As the engine describes itself: `tfjs`, `webgpu`, `NVIDIA …`. */
  engine: { engine: string; backend: string; adapter: string };
  dtype: WrittenFloat;
  /** What rounding to `dtype` does to answers; left out where it was not measured. */
  rounding?: { rows: number; differing: number } | null;
}

/** How rows were read, where a person had a word in it. */
function readingLines({ reading = {} }: ModelCardFacts): string[] {
  const { map, rationalesMap, fix, unaligned, rejoined, completions, teachers, onlyMatching, splitColumn } =
    reading;
  const line = (words: string | null | undefined | false, before: string): string[] =>
    words === undefined || words === null || words === false ? [] : [`- ${before}${escapeMarkdown(words)}`];
  const drawn = (draw: HoldOut | undefined, before: string, how: string): string[] =>
    draw === undefined
      ? []
      : [
          `- ${before}: ${Number((draw.share * 100).toFixed(2))} % of the training rows, ${how} by seed ${draw.seed}`,
        ];
  const { rationalised, edited } = reading;
  const rows = (count: number): string => `${formatCount(count)} ${count === 1 ? 'row' : 'rows'}`;
  return [
    ...line(map, 'Columns: '),
    ...line(rationalesMap, 'Columns of the teacher’s file: '),
    ...line(completions, 'The teacher’s raw completions were read: '),
    ...line(teachers, 'Of several answers to a row those count: '),
    ...line(onlyMatching && 'only those of the same id or input were joined', 'Rationales: '),
    ...line(fix, 'Mended in the rows: '),
    ...(unaligned === true
      ? [
          '- Rationales were kept as they were joined, against the warning that they seem to belong to other rows',
        ]
      : []),
    ...line(rejoined, 'Rationales seemed to belong to other rows: '),
    ...line(splitColumn, 'Splits by the column: '),
    ...drawn(reading.holdOut, 'Test rows', 'held out'),
    ...drawn(reading.validation, 'Validation rows', 'held out'),
    ...drawn(reading.subsample, 'Trained on', 'drawn'),
    ...(rationalised === undefined
      ? []
      : [
          `- Reasons of ${rows(rationalised)} were asked for with the label given: the teacher did not find it by itself there`,
        ]),
    ...(edited === undefined ? [] : [`- Reasons of ${rows(edited)} were written by hand`]),
  ];
}

/** Text from files and people as Markdown that shows it literally, on one line. */
export function escapeMarkdown(text: string): string {
  return text
    .replace(/\s+/g, ' ')
    .trim()
    .replace(/[\\`*_[\]#|~$:@]/g, '\\$&')
    .replace(/www\./gi, (match) => `${match.slice(0, 3)}\\.`)
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;');
}

function score(tally: Tally): string {
  const { share, low, high } = wilsonInterval(tally);
  const counts = `${formatCount(tally.correct)} of ${formatCount(tally.total)}`;
  return `${formatPercent(share)} | ${formatPercent(low)} – ${formatPercent(high)} | ${counts}`;
}

function accuracySection({ accuracy, recipe, datasetName }: ModelCardFacts): string[] {
  if (accuracy === null) return ['This student was not tested.'];
  const asked =
    recipe.method === 'step-by-step'
      ? 'asked with `predict: ` before the input'
      : 'asked with the bare input';
  return [
    `${accuracy.metrics === undefined || accuracy.metrics.main === 'exact' ? 'Exact match' : `Right is ${metricWords[accuracy.metrics.main]},`} on ${formatCount(accuracy.distilled.total)} test rows of ${escapeMarkdown(datasetName)}, with Wilson’s 95 % interval.`,
    '',
    '| Who | Accuracy | 95 % interval | Right |',
    '| --- | --- | --- | --- |',
    `| Student before, asked with the bare input | ${score(accuracy.base)} |`,
    `| **This student**, ${asked} | ${score(accuracy.distilled)} |`,
    ...(accuracy.teacher === null ? [] : [`| Teacher | ${score(accuracy.teacher)} |`]),
    ...(accuracy.rawText === undefined
      ? []
      : [
          '',
          'The students’ answers are held against each label as their tokenizer writes it, as the method’s authors do. By the raw text of the labels, with what the tokenizer loses:',
          '',
          '| Who, by raw text | Accuracy | 95 % interval | Right |',
          '| --- | --- | --- | --- |',
          `| Student before | ${score(accuracy.rawText.base)} |`,
          `| **This student** | ${score(accuracy.rawText.distilled)} |`,
        ]),
    ...otherMetrics(accuracy.metrics),
  ];
}

/** What the same answers come to by other metrics. */
function otherMetrics(metrics: ComparedMetrics | undefined): string[] {
  if (metrics === undefined) return [];
  const { main, by, macroF1, rationales } = metrics;
  const share = (tally: Tally | null): string =>
    tally === null || tally.total === 0 ? '–' : formatPercent(tally.correct / tally.total);
  const part = (value: number | null): string => (value === null ? '–' : value.toFixed(3));
  const rows = metricIds.flatMap((id) => {
    const tallies = by[id];
    if (tallies === undefined || id === main) return [];
    return [
      `| ${metricWords[id]} | ${share(tallies.base)} | ${share(tallies.distilled)} | ${share(tallies.teacher)} |`,
    ];
  });
  if (macroF1 !== null)
    rows.push(
      `| macro-F1 of the labels | ${part(macroF1.base)} | ${part(macroF1.distilled)} | ${part(macroF1.teacher)} |`,
    );
  return [
    ...(rows.length === 0
      ? []
      : [
          '',
          '| By other metrics | Student before | This student | Teacher |',
          '| --- | --- | --- | --- |',
          ...rows,
        ]),
    ...(rationales === null
      ? []
      : [
          '',
          `Its rationales against the teacher’s on ${formatCount(rationales.rows)} rows: ROUGE-L ${part(rationales.rougeL)}, token F1 ${part(rationales.tokenF1)}.`,
        ]),
  ];
}

/** Which weights these are, where they are not the last; and that the test rows chose them, where they did. */
function takenLine({ recipe, takenStep, early, chosenBy }: ModelCardFacts): string[] {
  if (takenStep === null || takenStep === undefined)
    return early && chosenBy === 'test' ? [`- ${chosenByTestWords}`] : [];
  const step = `- These are the weights of step ${formatCount(takenStep)}`;
  if (recipe.take !== 'best') return [`${step}, as the recipe says.`];
  if (chosenBy === 'validation') return [`${step}, the best by accuracy on the validation rows.`];
  return [`${step}, the best by accuracy on the test rows. ${chosenByTestWords}`];
}

function lossSection({ losses }: ModelCardFacts): string[] {
  if (losses === null) return [];
  const { first, last } = losses;
  const row = (name: string, from: number | null, to: number | null): string[] =>
    from === null || to === null ? [] : [`| ${name} | ${from.toFixed(4)} | ${to.toFixed(4)} |`];
  return [
    '',
    `| Loss | step ${formatCount(first.step)} | step ${formatCount(last.step)} |`,
    '| --- | --- | --- |',
    ...row('Answer', first.answerLoss, last.answerLoss),
    ...row('Rationale', first.rationaleLoss, last.rationaleLoss),
  ];
}

function trainingSection(facts: ModelCardFacts): string[] {
  const { recipe, engine } = facts;
  const method =
    recipe.method === 'step-by-step'
      ? `Distilling step by step (Hsieh et al., 2023): one student learns the answer (\`predict: \`) and the teacher’s rationale (\`explain: \`) as two tasks; loss = ${recipe.alpha} · answer + ${Number((1 - recipe.alpha).toFixed(6))} · rationale.`
      : isOneTarget(recipe.method)
        ? `One target (the ablation of Hsieh et al., 2023): from the bare input the student learns to write ${recipe.method === 'rationale-then-label' ? 'the teacher’s rationale, then the label behind' : 'the label, then the teacher’s rationale behind'} \`${targetMarkers[recipe.method]}\`.`
        : 'Standard fine-tuning: the student learns the answer alone, from the bare input.';
  const how = facts.early ? 'ended early, when it got no better' : 'stopped by hand';
  const stopped = facts.steps < recipe.steps ? `, ${how} (the recipe has ${formatCount(recipe.steps)})` : '';
  const rows = recipe.batchSize * recipe.accumulation;
  return [
    method,
    '',
    `- Data: ${formatCount(facts.trainRows)} rows of ${escapeMarkdown(facts.datasetName)}, ${recipe.labels === 'gold' ? 'gold labels' : 'the teacher’s labels'}`,
    ...readingLines(facts),
    `- ${formatCount(facts.steps)} steps of ${formatCount(rows)} rows${stopped}, in ${formatDuration(facts.elapsedMs)}`,
    ...takenLine(facts),
    `- ${optimizerWords(recipe)}, weight decay ${recipe.weightDecay}, gradient norm up to ${recipe.maxGradNorm === 0 ? 'any' : recipe.maxGradNorm}, dropout ${recipe.dropout}, seed ${recipe.seed}`,
    ...(recipe.lora === null
      ? []
      : [
          `- LoRA: rank ${recipe.lora.rank}, alpha ${recipe.lora.alpha}, dropout ${recipe.lora.dropout}, on ${recipe.lora.targets === 'all-linear' ? 'all linear layers' : recipe.lora.targets.join(', ')}; merged into these weights`,
        ]),
    ...(recipe.freeze.length === 0 ? [] : [`- Frozen, as they were before: ${recipe.freeze.join(', ')}`]),
    `- Inputs up to ${formatCount(recipe.maxInputTokens)} tokens, targets up to ${formatCount(recipe.maxTargetTokens)}`,
    `- Engine: ${escapeMarkdown(`${engine.engine}, ${engine.backend}, ${engine.adapter}`)}`,
    '',
    'Every setting is in `run.json`.',
    ...lossSection(facts),
  ];
}

/** transformers 5 computes in the type that is stored, and T5's feed-forward output (`wo`) overflows in f16. */
function halfNote({ dtype, rounding }: ModelCardFacts): string[] {
  if (dtype === 'f32') return [];
  const measured =
    rounding === null || rounding === undefined
      ? []
      : [
          `Of the answers to the first ${formatCount(rounding.rows)} test rows, ${formatCount(rounding.differing)} ${rounding.differing === 1 ? 'differs' : 'differ'} from those of the float32 weights.`,
          '',
        ];
  if (dtype === 'bf16') return measured;
  return [
    ...measured,
    'The weights are stored in 16-bit floats to save space. Compute with them in float32 or bfloat16, as below: the activations of a T5 overflow in float16. The figures above were measured with the float32 weights.',
    '',
  ];
}

function usageSection(facts: ModelCardFacts): string[] {
  const { recipe, dtype } = facts;
  const prompt = answerPrompt(recipe, 'your input');
  const load = dtype === 'f16' ? '".", dtype="float32"' : '"."';
  return [
    ...halfNote(facts),
    '```python',
    'from transformers import AutoModelForSeq2SeqLM, AutoTokenizer',
    '',
    `tokenizer, model = AutoTokenizer.from_pretrained("."), AutoModelForSeq2SeqLM.from_pretrained(${load})`,
    `ids = model.generate(**tokenizer(${JSON.stringify(prompt)}, return_tensors="pt"), max_new_tokens=${answerTokens(recipe)})`,
    'print(tokenizer.decode(ids[0], skip_special_tokens=True))',
    '```',
    ...(recipe.method === 'step-by-step'
      ? ['', 'With `explain: ` in place of `predict: ` it writes a rationale.']
      : []),
    ...(isOneTarget(recipe.method) ? ['', readingWords(recipe.method)] : []),
  ];
}

function readingWords(method: OneTarget): string {
  const marker = `\`${targetMarkers[method]}\``;
  return method === 'rationale-then-label'
    ? `It writes a rationale and then its answer: what stands behind the last ${marker}.`
    : `It writes its answer and then a rationale: the answer is what stands before ${marker}.`;
}

/** Text in a code block whose fence is longer than any in it. */
function codeBlock(text: string): string[] {
  const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map(([ticks]) => ticks.length));
  const fence = '`'.repeat(longest + 1);
  return [`${fence}text`, text, fence];
}

/** What the student reads, word for word, and what it wrote: rows of the test, not chosen. */
function exampleSection({ recipe, examples }: ModelCardFacts): string[] {
  if (examples.length === 0) return [];
  const pair = (prompt: string, written: string): string[] => [
    ...codeBlock(prompt),
    '',
    'It wrote:',
    '',
    ...codeBlock(written),
    '',
  ];
  return [
    '## What it is fed',
    '',
    `The first ${formatCount(examples.length)} test rows, whether it was right or not.`,
    '',
    ...examples.flatMap(({ input, distilled, rationale }) => {
      const explain = rationalePrompt(recipe, input);
      return [
        ...pair(
          answerPrompt(recipe, input),
          isOneTarget(recipe.method) ? oneTarget(recipe.method, { answer: distilled, rationale }) : distilled,
        ),
        ...(explain === null || rationale === null ? [] : pair(explain, rationale)),
      ];
    }),
  ];
}

/** The text of `README.md`. */
export function modelCard(facts: ModelCardFacts): string {
  const dtype = torchDtypes[facts.dtype];
  const lines = [
    '---',
    'library_name: transformers',
    'pipeline_tag: text2text-generation',
    'tags:',
    '  - t5',
    '  - distillation',
    '---',
    '',
    `# ${escapeMarkdown(facts.name)}`,
    '',
    `A T5 of ${formatCount(facts.parameters)} parameters (${dtype}), distilled from ${escapeMarkdown(facts.baseStudent)} with Stillroom.`,
    '',
    '## Accuracy',
    '',
    ...accuracySection(facts),
    '',
    '## Use',
    '',
    ...usageSection(facts),
    '',
    ...exampleSection(facts),
    '## Training',
    '',
    ...trainingSection(facts),
  ];
  return `${lines.join('\n')}\n`;
}

/** The optimiser and its rate. */
function optimizerWords({ optimizer, learningRate, schedule, warmupSteps }: Recipe): string {
  if (optimizer === 'adafactor-relative') return 'Adafactor at a rate of its own, by the size of each weight';
  const name = optimizer === 'adamw' ? 'AdamW' : 'Adafactor';
  return `${name}, learning rate ${learningRate}, ${schedule}, ${formatCount(warmupSteps)} steps of warm-up`;
}
