/**
 * The README of an exported student: a model card whose every figure was measured in the run, and the files beside it
 * that it speaks of.
 */
import { formatCount } from '../base/units.ts';
import { countParameters } from '../student/parameters.ts';
import { type WrittenFloat, torchDtypes } from '../formats/safetensors-writer.ts';
import type { CardAbout } from '../data/about.ts';
import { curvesFile, curvesPicture } from './card/curves.ts';
import { examplesFile, exampleRowsOf, exampleSection, widgetLines } from './card/examples.ts';
import { escapeMarkdown, type CardForm, type ModelCardFacts } from './card/facts.ts';
import { figuresSection } from './card/figures.ts';
import { trainingSection } from './card/training.ts';
import { storageOf, storageWords, usageSection } from './card/usage.ts';
import { FolderFile, type ExportableStudent } from './model-folder.ts';

export { escapeMarkdown, type CardForm, type ModelCardFacts } from './card/facts.ts';

/** What the hub reads. Only what is known or was said. */
function frontMatter(form: CardForm, about: CardAbout, more: readonly string[]): string[] {
  return [
    '---',
    `library_name: ${form.kind === 'onnx' ? 'transformers.js' : 'transformers'}`,
    'pipeline_tag: text2text-generation',
    'tags:',
    '  - t5',
    '  - distillation',
    ...(storageOf(form) === null ? [] : ['  - onnx']),
    ...(form.kind === 'hub' && form.storage !== null ? ['  - transformers.js'] : []),
    ...(about.licence === undefined ? [] : [`license: ${about.licence}`]),
    ...(about.language === undefined ? [] : ['language:', `  - ${about.language}`]),
    ...(about.dataset === undefined ? [] : ['datasets:', `  - ${about.dataset}`]),
    ...more,
    '---',
  ];
}

/** The text of `README.md`. */
export function modelCard(facts: ModelCardFacts): string {
  const { about = {}, baseModel } = facts;
  const base = baseModel === null || baseModel === undefined ? [] : [`base_model: ${baseModel}`];
  const lines = [
    ...frontMatter(facts.form, about, [...base, ...widgetLines(facts)]),
    '',
    `# ${escapeMarkdown(facts.name)}`,
    '',
    `A T5 of ${formatCount(facts.parameters)} parameters (${torchDtypes[facts.dtype]}), distilled from ${escapeMarkdown(facts.baseStudent)} with Stillroom.`,
    '',
    `Licence: ${about.licence === undefined ? 'not said.' : `${escapeMarkdown(about.licence)}.`}`,
    '',
    ...exampleSection(facts),
    '## Accuracy',
    '',
    ...figuresSection(facts),
    '',
    '## Use',
    '',
    ...usageSection(facts),
    '',
    '## Training',
    '',
    ...trainingSection(facts),
  ];
  return `${lines.join('\n')}\n`;
}

const encoder = new TextEncoder();

function textFile(path: string, text: string): FolderFile {
  return new FolderFile(path, encoder.encode(text));
}

/** `README.md`, and beside it `curves.svg` and `examples.jsonl`, where there is something to show. */
export function cardFiles(facts: ModelCardFacts): FolderFile[] {
  const picture = curvesPicture(facts.curves.points, facts.curves.evaluations);
  const rows = exampleRowsOf(facts);
  return [
    textFile('README.md', modelCard(facts)),
    ...(picture === null ? [] : [textFile(curvesFile, picture)]),
    ...(rows.length === 0
      ? []
      : [textFile(examplesFile, rows.map((row) => `${JSON.stringify(row)}\n`).join(''))]),
  ];
}

/** The card of a student that no run here has trained: what it is, and what is unknown. */
export function untrainedCardFiles(
  { config }: ExportableStudent,
  { name, form, dtype, about = {} }: { name: string; form: CardForm; dtype: WrittenFloat; about?: CardAbout },
): FolderFile[] {
  const storage = storageOf(form);
  const lines = [
    ...frontMatter(form, about, []),
    '',
    `# ${escapeMarkdown(name)}`,
    '',
    `A T5 of ${formatCount(countParameters(config))} parameters (${torchDtypes[dtype]}), written by Stillroom from a folder. No run of its own is known here: neither what it is to be fed nor how well it answers.`,
    '',
    ...(storage === null ? [] : [`Its graphs in \`onnx/\` keep weights as ${storageWords[storage]}.`, '']),
    `Licence: ${about.licence === undefined ? 'not said' : escapeMarkdown(about.licence)}. Data: ${about.dataset === undefined ? 'not said' : escapeMarkdown(about.dataset)}.`,
    '',
  ];
  return [textFile('README.md', lines.join('\n'))];
}
