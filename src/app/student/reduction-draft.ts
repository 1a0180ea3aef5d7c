/** The form of a reduction as text, and the wishes that it means. */
import type { StudentRecord } from '../../store/records.ts';
import { readLayerChoice, type LayerChoice } from '../../student/reduce/layers.ts';
import { countParameters } from '../../student/parameters.ts';
import type { WrittenFloat } from '../../formats/safetensors-writer.ts';
import type { ReductionWishes } from '../../worker/protocol.ts';

export interface ReductionDraft {
  vocabulary: boolean;
  /** Empty: no more than must be kept. */
  size: string;
  dropRare: boolean;
  /** A count or a list; empty: all. */
  encoder: string;
  decoder: string;
  /** Empty: as stored. */
  dtype: '' | WrittenFloat;
}

export const emptyReduction: ReductionDraft = {
  vocabulary: false,
  size: '',
  dropRare: false,
  encoder: '',
  decoder: '',
  dtype: '',
};

/** Vocabularies above this are of a hundred languages (mT5 and UMT5 have 250,000 pieces): most of the student is rows. */
const largeVocabulary = 100_000;

/** Whether fewer pieces are offered at once. */
export function hasLargeVocabulary({ config }: Pick<StudentRecord, 'config'>): boolean {
  return config.vocab_size > largeVocabulary;
}

/** What the form begins with for a student. */
export function offeredReduction(student: Pick<StudentRecord, 'config'>): ReductionDraft {
  return { ...emptyReduction, vocabulary: hasLargeVocabulary(student) };
}

export interface ReductionReading {
  /** Null where something is wrong. */
  wishes: ReductionWishes | null;
  /** What is wrong with a field. */
  errors: Partial<Record<keyof ReductionDraft, string>>;
  /** Why there is nothing to do, or not yet; null where it can be done. */
  obstacle: string | null;
}

/** What the text means for this student, or what is wrong with it. */
export function readReduction(
  draft: ReductionDraft,
  { config }: Pick<StudentRecord, 'config'>,
  hasRows: boolean,
): ReductionReading {
  const errors: ReductionReading['errors'] = {};
  const layers = (stack: 'encoder' | 'decoder', count: number) => {
    const text = draft[stack].trim();
    if (text === '') return null;
    const choice = readLayerChoice(text);
    const numbers = typeof choice === 'number' ? [] : (choice ?? []);
    if (choice === null)
      errors[stack] = 'Give a count (4), or layers from 0 with commas between them (0,2,5)';
    else if (choice === 0) errors[stack] = 'Keep at least one layer';
    else if (typeof choice === 'number' && choice > count) errors[stack] = `There are only ${count}`;
    else if (numbers.some((block) => block >= count))
      errors[stack] = `Layers are numbered from 0 to ${count - 1}`;
    else if (new Set(numbers).size < numbers.length) errors[stack] = 'Name each layer once';
    return choice;
  };
  const encoder = layers('encoder', config.num_layers);
  const decoder = layers('decoder', config.num_decoder_layers);
  const sizeText = draft.size.trim().replaceAll(',', '');
  const size = sizeText === '' ? null : Number(sizeText);
  if (draft.vocabulary) {
    if (size !== null && !(Number.isInteger(size) && size >= 1)) errors.size = 'Give a whole number from 1';
    if (draft.dropRare && size === null) errors.size = 'Dropping rare pieces needs a size to come down to';
  }
  const keepsAll = (choice: typeof encoder, count: number) => choice === null || choice === count;
  const nothing =
    !draft.vocabulary &&
    keepsAll(encoder, config.num_layers) &&
    keepsAll(decoder, config.num_decoder_layers) &&
    draft.dtype === '';
  const wrong = Object.keys(errors).length > 0;
  return {
    wishes: wrong
      ? null
      : {
          vocabulary: draft.vocabulary ? { size, dropRare: draft.dropRare } : null,
          encoder,
          decoder,
          dtype: draft.dtype === '' ? null : draft.dtype,
        },
    errors,
    obstacle: wrong
      ? 'Fix the fields that are marked first.'
      : nothing
        ? 'Nothing would change: choose fewer pieces, fewer layers or another precision.'
        : draft.vocabulary && !hasRows
          ? 'The rows say which pieces are needed: add data first, or keep the whole vocabulary.'
          : null,
  };
}

export interface ReducedSize {
  parameters: number;
  sizeBytes: number;
  /** Fewer still: how many pieces the rows need is not known yet. */
  isAtMost: boolean;
}

const bytesOf: Record<WrittenFloat, number> = { f32: 4, f16: 2, bf16: 2 };

/** What a reduced student will have, by its configuration alone. */
export function reducedSize(
  { config, parameters, sizeBytes }: Pick<StudentRecord, 'config' | 'parameters' | 'sizeBytes'>,
  { vocabulary, encoder, decoder, dtype }: ReductionWishes,
): ReducedSize {
  const layers = (choice: LayerChoice | null, all: number): number =>
    choice === null ? all : typeof choice === 'number' ? choice : choice.length;
  const smaller = countParameters({
    ...config,
    num_layers: layers(encoder, config.num_layers),
    num_decoder_layers: layers(decoder, config.num_decoder_layers),
    vocab_size: Math.min(config.vocab_size, vocabulary?.size ?? config.vocab_size),
  });
  const bytesPerWeight = dtype === null ? sizeBytes / parameters : bytesOf[dtype];
  return {
    parameters: smaller,
    sizeBytes: Math.round(smaller * bytesPerWeight),
    isAtMost: vocabulary !== null && vocabulary.size === null,
  };
}
