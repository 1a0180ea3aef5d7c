/** How the student was trained: method, data, settings, what computed it. */
import type { HoldOut } from '../../data/kept-reading.ts';
import { formatCount, formatDuration } from '../../base/units.ts';
import { isOneTarget, targetMarkers } from '../../distill/methods.ts';
import type { Recipe } from '../../distill/recipe.ts';
import { chosenByTestWords } from '../../distill/selection.ts';
import type { TrainerDescription } from '../../engine/engine.ts';
import { curvesFile } from './curves.ts';
import { escapeMarkdown, type ModelCardFacts } from './facts.ts';

const engineWords: Readonly<Record<TrainerDescription['engine'], string>> = {
  wasm: 'Stillroom’s own engine, as WebAssembly on the CPU',
  wgsl: 'Stillroom’s own engine, as shaders on the GPU (WebGPU)',
  tfjs: 'TensorFlow.js',
  twin: 'Stillroom’s reference in JavaScript',
  torch: 'PyTorch',
};

/** What computed the run, in words; its names are those of `summary.json`. */
function engineLine({ engine }: ModelCardFacts): string {
  if (engine === null) return '- Engine: not said';
  const { engine: name, backend, adapter } = engine;
  return `- Engine: ${engineWords[name]}; ${escapeMarkdown(`${name} on ${backend}, ${adapter}`)}`;
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
    ...line(fix, 'Corrected in the rows: '),
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

/** What was noticed of the training rows and left as it is. */
function noteLines({ notes }: ModelCardFacts): string[] {
  if (notes === null || notes === undefined) return [];
  if (notes.length === 0) return ['- Nothing was noticed of its rows'];
  return [
    '- Noticed of its rows, and trained on as they are:',
    ...notes.map((note) => `  - ${escapeMarkdown(note)}`),
  ];
}

/** What only a person can say; never guessed. */
function aboutLines({ about = {} }: ModelCardFacts): string[] {
  const { dataset, datasetLicence } = about;
  return [
    `- The data on a hub: ${dataset === undefined ? 'not said' : escapeMarkdown(dataset)}; its licence: ${datasetLicence === undefined ? 'not said' : escapeMarkdown(datasetLicence)}`,
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

function lossSection({ losses, curves }: ModelCardFacts): string[] {
  if (losses === null) return [];
  const { first, last } = losses;
  const row = (name: string, from: number | null, to: number | null): string[] =>
    from === null || to === null ? [] : [`| ${name} | ${from.toFixed(4)} | ${to.toFixed(4)} |`];
  return [
    '',
    ...(curves.points.length < 2
      ? []
      : [`![The losses of every step, and what was measured on the way](${curvesFile})`, '']),
    `| Loss | step ${formatCount(first.step)} | step ${formatCount(last.step)} |`,
    '| --- | --- | --- |',
    ...row('Answer', first.answerLoss, last.answerLoss),
    ...row('Rationale', first.rationaleLoss, last.rationaleLoss),
  ];
}

export function trainingSection(facts: ModelCardFacts): string[] {
  const { recipe } = facts;
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
    ...aboutLines(facts),
    ...readingLines(facts),
    ...noteLines(facts),
    `- ${formatCount(facts.steps)} steps of ${formatCount(rows)} rows${stopped}, in ${formatDuration(facts.elapsedMs)}`,
    ...takenLine(facts),
    `- ${optimizerWords(recipe)}, weight decay ${recipe.weightDecay}, gradient norm up to ${recipe.maxGradNorm === 0 ? 'any' : recipe.maxGradNorm}, dropout ${recipe.dropout}, seed ${recipe.seed}`,
    ...(recipe.lora === null
      ? []
      : [
          `- LoRA: rank ${recipe.lora.rank}, alpha ${recipe.lora.alpha}, dropout ${recipe.lora.dropout}, on ${recipe.lora.targets === 'all-linear' ? 'all linear layers' : recipe.lora.targets.join(', ')}${recipe.lora.baseDtype === 'float16' ? ', on a base rounded to half precision' : ''}; merged into these weights`,
        ]),
    ...(recipe.freeze.length === 0 ? [] : [`- Frozen, as they were before: ${recipe.freeze.join(', ')}`]),
    `- Inputs up to ${formatCount(recipe.maxInputTokens)} tokens, targets up to ${formatCount(recipe.maxTargetTokens)}`,
    engineLine(facts),
    '',
    'Every setting is in `run.json`.',
    ...lossSection(facts),
  ];
}

/** The optimiser and its rate. */
function optimizerWords({ optimizer, learningRate, schedule, warmupSteps }: Recipe): string {
  if (optimizer === 'adafactor-relative') return 'Adafactor with its own rate, by the size of each weight';
  const name = optimizer === 'adamw' ? 'AdamW' : 'Adafactor';
  return `${name}, learning rate ${learningRate}, ${schedule}, ${formatCount(warmupSteps)} steps of warm-up`;
}
