/** What the student is fed, in real rows: those that the card shows, those of `examples.jsonl`, the hub's widget. */
import { formatCount } from '../../base/units.ts';
import { isOneTarget, oneTarget } from '../../distill/methods.ts';
import type { Recipe } from '../../distill/recipe.ts';
import type { Prediction } from '../../distill/run-state.ts';
import { isRight } from '../../distill/score.ts';
import { answerPrompt, rationalePrompt } from '../../distill/tasks.ts';
import { codeBlock, type ModelCardFacts } from './facts.ts';

/** Rows shown in the card: the first ones, right or wrong. */
const shownRows = 3;
/** Rows in `examples.jsonl`: as many as are asked again in a minute or two. */
const exampleRows = 500;

export const examplesFile = 'examples.jsonl';

/** A row of `examples.jsonl`. */
export interface ExampleRow {
  /** What the student reads, word for word. */
  prompt: string;
  /** What it wrote in the run's comparison. */
  answer: string;
  /** The true answer. */
  label: string;
  /** By the metric of the card's first table. */
  right: boolean;
  /** What asks for the reasons, and what it wrote; left out where it was taught none. */
  rationalePrompt?: string;
  rationale?: string;
}

function exampleRow(recipe: Recipe, row: Prediction): ExampleRow {
  const { input, distilled, rationale, label } = row;
  const explain = rationalePrompt(recipe, input);
  return {
    prompt: answerPrompt(recipe, input),
    answer: isOneTarget(recipe.method)
      ? oneTarget(recipe.method, { answer: distilled, rationale })
      : distilled,
    label,
    right: isRight(distilled, row),
    ...(explain === null || rationale === null ? {} : { rationalePrompt: explain, rationale }),
  };
}

/** The first test rows, right or wrong. */
export function exampleRowsOf({ recipe, predictions }: ModelCardFacts): ExampleRow[] {
  return predictions.slice(0, exampleRows).map((row) => exampleRow(recipe, row));
}

/** What the student reads: the template, and real rows with what it wrote. */
export function exampleSection(facts: ModelCardFacts): string[] {
  const { recipe, predictions } = facts;
  const rows = predictions.slice(0, shownRows).map((row) => exampleRow(recipe, row));
  const explain = rationalePrompt(recipe, '{input}');
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
    explain === null
      ? 'The bare input, as the training rows have it:'
      : 'The input as the training rows have it, with what asks for one of the two tasks before it:',
    '',
    ...codeBlock([answerPrompt(recipe, '{input}'), ...(explain === null ? [] : [explain])].join('\n')),
    '',
    `Beyond ${formatCount(recipe.maxInputTokens)} tokens an input is cut off.`,
    '',
    ...(facts.reading?.map === undefined
      ? []
      : ['Where the input is put together from columns, the line _Columns_ under Training says how.', '']),
    ...(rows.length === 0
      ? []
      : [
          `The first ${formatCount(rows.length)} test rows, whether it was right or not. ${examplesFile} has ${predictions.length > exampleRows ? `the first ${formatCount(exampleRows)}` : 'all of them'}.`,
          '',
          ...rows.flatMap(({ prompt, answer, rationalePrompt: asked, rationale }) => [
            ...pair(prompt, answer),
            ...(asked === undefined || rationale === undefined ? [] : pair(asked, rationale)),
          ]),
        ]),
  ];
}

/** Lines of the front matter: what the hub's page offers to ask. */
export function widgetLines({ recipe, predictions }: ModelCardFacts): string[] {
  const rows = predictions.slice(0, shownRows).map((row) => exampleRow(recipe, row));
  if (rows.length === 0) return [];
  const entry = (title: string, text: string, written: string): string[] => [
    // A string of JSON is one of YAML.
    `  - text: ${JSON.stringify(text)}`,
    `    example_title: ${JSON.stringify(title)}`,
    '    output:',
    `      text: ${JSON.stringify(written)}`,
  ];
  return [
    'widget:',
    ...rows.flatMap(({ prompt, answer, rationalePrompt: asked, rationale }, at) => [
      ...entry(`Answer ${at + 1}`, prompt, answer),
      ...(asked === undefined || rationale === undefined ? [] : entry(`Reasons ${at + 1}`, asked, rationale)),
    ]),
  ];
}
