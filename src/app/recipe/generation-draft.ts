/** How answers are chosen as text: '' for greedily, else the settings as JSON. */
import { settingsWords } from '../../student/generation-words.ts';
import type { GenerationSettings } from '../../student/own-generation.ts';

export function generationText(settings: GenerationSettings | null): string {
  return settings === null ? '' : JSON.stringify(settings);
}

/** What the schema is to judge. */
export function generationValue(text: string): unknown {
  if (text === '') return null;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

/** In a few words: `4 beams, no repeated bigrams`. */
export function generationWords(text: string): string {
  const value = generationValue(text);
  return value === null || typeof value === 'object'
    ? settingsWords(value as GenerationSettings | null)
    : text;
}
