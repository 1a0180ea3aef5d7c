/** What a student's own generation_config.json asks for beyond greedy answers, in words. */

import {
  generationFileKeys,
  severalEnds,
  unmeasuredKeys,
  type GenerationSettings,
} from './own-generation.ts';

type Settings = Readonly<Record<string, unknown>>;

function above(value: unknown, least: number): value is number {
  return typeof value === 'number' && value > least;
}

function grams(size: number): string {
  return (
    new Map([
      [1, 'words'],
      [2, 'bigrams'],
      [3, 'trigrams'],
    ]).get(size) ?? `${size}-grams`
  );
}

/** Each setting that makes an answer another than the greedy one; none for a plain file. */
export function generationWishes(settings: Settings): string[] {
  const {
    num_beams: beams,
    do_sample: samples,
    no_repeat_ngram_size: repeated,
    repetition_penalty: penalty,
    min_new_tokens: least,
    min_length: shortest,
    length_penalty: lengthPenalty,
  } = settings;
  const ends = severalEnds(settings);
  return [
    ...(above(beams, 1) ? [`${beams} beams`] : []),
    ...(samples === true ? ['sampled answers'] : []),
    ...(above(repeated, 0) ? [`no repeated ${grams(repeated)}`] : []),
    ...(typeof penalty === 'number' && penalty !== 1 ? [`a repetition penalty of ${penalty}`] : []),
    ...(above(least, 0) ? [`at least ${least} new tokens`] : []),
    ...(above(shortest, 0) ? [`a length of at least ${shortest}`] : []),
    ...(above(beams, 1) && typeof lengthPenalty === 'number' && lengthPenalty !== 1
      ? [`a length penalty of ${lengthPenalty}`]
      : []),
    ...(ends > 0 ? [`an end at any of ${ends} tokens`] : []),
  ];
}

/** A recipe's settings in the same words: `4 beams, no repeated bigrams`; `greedy` for none. */
export function settingsWords(settings: GenerationSettings | null): string {
  if (settings === null) return 'greedy';
  const { earlyStopping } = settings;
  const early =
    earlyStopping === false ? [] : [earlyStopping === true ? 'ending early' : 'never ending early'];
  return [...generationWishes(generationFileKeys(settings)), ...early].join(', ') || 'greedy';
}

/** A note on them; null where the file asks for nothing else than greedy answers. */
export function generationNote(settings: Settings | null): string | null {
  if (settings === null) return null;
  const strange = unmeasuredKeys(settings);
  const wishes = generationWishes(settings);
  if (wishes.length === 0 && strange.length === 0) return null;
  const asked = wishes.length === 0 ? strange.join(', ') : wishes.join(', ');
  const measured =
    strange.length === 0
      ? 'A run measures greedy answers, or with these settings where its recipe says so (Answers, under Lengths)'
      : `A run measures greedy answers (${strange.join(', ')}: no run measures with that)`;
  return `This folder asks for ${asked}. ${measured}, and exports what it measured with; the folder’s own stay beside it.`;
}
