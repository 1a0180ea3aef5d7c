/** What each field of the recipe is called and means. Ranges and defaults are read from the schema itself. */
import { formatCount, readNumber } from '../../base/units.ts';
import { z } from 'zod';
import { notebookRecipe, recipeSchema, type RecipeIssue, type RecipeKey } from '../../distill/recipe.ts';
import { methods, methodWords } from '../../distill/methods.ts';
import { generationWords } from './generation-draft.ts';
import { loraWords } from './lora-draft.ts';
import { draftOf, listOf, numberText } from './recipe-draft.ts';

export interface RecipeField {
  key: RecipeKey;
  label: string;
  meaning: string;
  unit?: string;
  /** Words for the values of a choice. */
  options?: readonly { value: string; label: string }[];
  /** Words for the parts of a list, any of which may be chosen. */
  parts?: readonly { value: string; label: string }[];
}

export interface RecipeGroup {
  title: string;
  fields: readonly RecipeField[];
}

export const recipeGroups: readonly RecipeGroup[] = [
  {
    title: 'Method',
    fields: [
      {
        key: 'method',
        label: 'Method',
        meaning:
          'Step by step teaches the answer and the teacher’s reasons as two tasks; standard teaches the answer alone. The other two teach both as one text, in this order: what the method’s authors compare with.',
        options: methods.map((value) => ({ value, label: methodWords[value] })),
      },
      {
        key: 'labels',
        label: 'Labels',
        meaning: 'Whose answers are learnt. Tests are always against the true ones.',
        options: [
          { value: 'gold', label: 'gold' },
          { value: 'teacher', label: 'by the teacher' },
        ],
      },
      {
        key: 'alpha',
        label: 'Alpha',
        meaning:
          'Weight of the answer loss; the rationale loss has the rest. Long rationales want a low one.',
      },
    ],
  },
  {
    title: 'Steps',
    fields: [
      { key: 'steps', label: 'Steps', meaning: 'Optimiser steps from start to end.', unit: 'steps' },
      {
        key: 'batchSize',
        label: 'Batch size',
        meaning: 'Rows that pass through the student together.',
        unit: 'rows',
      },
      {
        key: 'accumulation',
        label: 'Gradient accumulation',
        meaning: 'Batches in a step: a larger step without more memory.',
        unit: 'batches',
      },
      {
        key: 'seed',
        label: 'Seed',
        meaning: 'The same seed gives the same order of rows and the same dropout.',
      },
      { key: 'shuffle', label: 'Shuffle rows', meaning: 'Off: batches are consecutive rows.' },
    ],
  },
  {
    title: 'Optimiser',
    fields: [
      {
        key: 'optimizer',
        label: 'Optimiser',
        meaning:
          'Adafactor keeps a row and a column of averages for each weight, where AdamW keeps two copies of it: half the memory. T5 itself was trained with it, at a constant rate of 1e-3.',
        options: [
          { value: 'adamw', label: 'AdamW' },
          { value: 'adafactor', label: 'Adafactor' },
          { value: 'adafactor-relative', label: 'Adafactor with its own rate' },
        ],
      },
      {
        key: 'learningRate',
        label: 'Learning rate',
        meaning: 'The largest, after the warm-up. Adafactor with its own rate takes none.',
      },
      {
        key: 'schedule',
        label: 'Schedule',
        meaning: 'How the learning rate continues after the warm-up.',
        options: [
          { value: 'linear', label: 'linear, down to 0' },
          { value: 'constant', label: 'constant' },
          { value: 'cosine', label: 'cosine, down to 0' },
        ],
      },
      {
        key: 'warmupSteps',
        label: 'Warm-up',
        meaning: 'Steps in which the learning rate rises from 0.',
        unit: 'steps',
      },
      {
        key: 'weightDecay',
        label: 'Weight decay',
        meaning: 'Decoupled; layer norms and position biases are spared.',
      },
      {
        key: 'maxGradNorm',
        label: 'Gradient clipping',
        meaning: 'Limit of the gradient’s global norm; 0 for none.',
      },
      { key: 'dropout', label: 'Dropout', meaning: 'Share of activations dropped while training.' },
      {
        key: 'freeze',
        label: 'Freeze',
        meaning: 'What stays as it is: no gradient, no moments, less memory.',
        parts: [
          { value: 'embeddings', label: 'embeddings' },
          { value: 'encoder', label: 'encoder' },
          { value: 'decoder', label: 'decoder' },
        ],
      },
      {
        key: 'lora',
        label: 'LoRA',
        meaning:
          'Trains small adapters beside the student’s weights, which stay as they are: far less memory.',
      },
    ],
  },
  {
    title: 'Lengths',
    fields: [
      {
        key: 'maxInputTokens',
        label: 'Input at most',
        meaning: 'Longer inputs are truncated.',
        unit: 'tokens',
      },
      {
        key: 'maxTargetTokens',
        label: 'Target at most',
        meaning: 'Longer labels and rationales are truncated.',
        unit: 'tokens',
      },
      {
        key: 'generationMaxTokens',
        label: 'Generation at most',
        meaning: 'New tokens when the student answers or explains.',
        unit: 'tokens',
      },
      {
        key: 'generation',
        label: 'Answers',
        meaning:
          'How they are chosen when the student is measured, and what its exported folder says: the likeliest token each time, or as the student’s own folder asks.',
      },
    ],
  },
  {
    title: 'Measuring and saving',
    fields: [
      {
        key: 'evalEvery',
        label: 'Measure accuracy every',
        meaning: 'On the validation rows where there are any, else on the test rows; 0 for never on the way.',
        unit: 'steps',
      },
      {
        key: 'patience',
        label: 'Patience',
        meaning: 'Measurements in a row without a better one, after which training ends early; 0 for never.',
        unit: 'measurements',
      },
      {
        key: 'take',
        label: 'Take',
        meaning: 'Whose weights are compared and taken away: last, best by what was measured, or a step.',
      },
      {
        key: 'saveEvery',
        label: 'Save every',
        meaning: 'A checkpoint to resume from; 0 for every three minutes only.',
        unit: 'steps',
      },
    ],
  },
];

const fields = new Map(
  recipeGroups.flatMap((group) => group.fields.map((field) => [field.key, field] as const)),
);

/** The field of a setting. */
export function fieldOf(key: RecipeKey): RecipeField {
  return fields.get(key)!;
}

/** A value as the form's text has it, in the words of the form. */
export function valueWords(key: RecipeKey, text: string): string {
  const { options, parts } = fieldOf(key);
  if (options) return options.find((option) => option.value === text)?.label ?? text;
  if (parts) return listOf(text).join(' and ') || 'none';
  if (key === 'lora') return loraWords(text);
  if (key === 'generation') return generationWords(text);
  if (typeof notebookRecipe[key] === 'boolean') return text === 'true' ? 'yes' : 'no';
  if (text.trim() === '') return 'empty';
  const value = readNumber(text);
  if (Number.isNaN(value)) return text;
  return value >= 1000 && Number.isFinite(value) ? formatCount(value) : text.replace(',', '.');
}

/** A problem with a field under the field's own name: `Learning rate must be a number`. */
export function issueWords({ key, problem }: RecipeIssue): string {
  const field = recipeGroups.flatMap((group) => group.fields).find((one) => one.key === key);
  return field === undefined ? problem : problem.replace(field.key, field.label);
}

interface FieldSchema {
  minimum?: number;
  maximum?: number;
}

const properties = (z.toJSONSchema(recipeSchema, { io: 'input' }).properties ?? {}) as Record<
  string,
  FieldSchema
>;

const notebookDraft = draftOf(notebookRecipe);

/** Range and default in words: `0 to 1, notebook 0.5`; of a choice the default alone: `notebook gold`. */
export function rangeWords(key: RecipeKey): string {
  const notebook = `notebook ${valueWords(key, notebookDraft[key])}`;
  if (typeof notebookRecipe[key] !== 'number') return notebook;
  const { minimum, maximum } = properties[key] ?? {};
  if (minimum === undefined) return notebook;
  // Bounds that only keep numbers sane say nothing to a person.
  const bounded = maximum !== undefined && maximum <= 100_000;
  const range = bounded ? `${numberText(minimum)} to ${formatCount(maximum)}` : `from ${numberText(minimum)}`;
  return `${range}, ${notebook}`;
}

/** What a field means, then its range and default, in sentences. */
export function meaningWords({ key, meaning }: RecipeField): string {
  const range = rangeWords(key);
  return `${meaning} ${range.charAt(0).toUpperCase()}${range.slice(1)}.`;
}
