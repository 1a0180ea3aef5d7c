import { expect, it } from 'vitest';
import { settingsWords } from './generation-words.ts';
import {
  generationFileKeys,
  generationOfConfig,
  greedy,
  namedGeneration,
  ownGeneration,
  unmeasuredKeys,
} from './own-generation.ts';

it('reads what a folder asks for, as transformers understands it', () => {
  const file = {
    num_beams: 4,
    no_repeat_ngram_size: 2,
    early_stopping: true,
    length_penalty: 0.6,
    max_length: 20,
  };
  const found = ownGeneration(file);
  expect(found).toEqual({
    ...greedy,
    numBeams: 4,
    noRepeatNgramSize: 2,
    earlyStopping: true,
    lengthPenalty: 0.6,
  });
  const { max_length: _, ...written } = file;
  expect(generationFileKeys(found)).toEqual(written);
  expect(settingsWords(found)).toBe('4 beams, no repeated bigrams, a length penalty of 0.6, ending early');
  // The start token counts in min_length; min_new_tokens goes before it; both of the next are of beams alone.
  expect(ownGeneration({ min_length: 6 })).toEqual({ ...greedy, minNewTokens: 5 });
  expect(ownGeneration({ min_length: 6, min_new_tokens: 2 })).toEqual({ ...greedy, minNewTokens: 2 });
  expect(ownGeneration({ length_penalty: 2, early_stopping: true, min_length: 1 })).toBeNull();
  expect(ownGeneration(null)).toBeNull();
  // Folders from before generation_config.json have it in config.json.
  expect(generationOfConfig({ d_model: 8, eos_token_id: [1], num_beams: 4, do_sample: null })).toEqual({
    num_beams: 4,
  });
  expect(generationOfConfig({ d_model: 8, eos_token_id: 1 })).toBeNull();
});

it('names what nothing can be measured with', () => {
  const sampled = {
    do_sample: true,
    num_beams: 2,
    forced_bos_token_id: 5,
    bad_words_ids: [],
    suppress_tokens: null,
  };
  expect(unmeasuredKeys(sampled)).toEqual(['do_sample', 'forced_bos_token_id']);
  expect(ownGeneration(sampled)).toBeNull();
  expect(unmeasuredKeys({ eos_token_id: [1, 1] })).toEqual([]);
  expect(unmeasuredKeys(generationOfConfig({ eos_token_id: [1, 7] })!)).toEqual(['eos_token_id']);
  const student = (generationConfig: Record<string, unknown> | null) => ({ name: 'mine', generationConfig });
  expect(() => namedGeneration(student(sampled))).toThrow(/mine: .*do_sample, forced_bos_token_id/);
  expect(namedGeneration(student({ num_beams: 2 }))).toEqual({ ...greedy, numBeams: 2 });
  expect(namedGeneration(student(null))).toBeNull();
});
