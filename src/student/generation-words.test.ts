import { expect, it } from 'vitest';
import { generationNote, generationWishes } from './generation-words.ts';

it('names what makes an answer another than the greedy one', () => {
  expect(generationWishes({ num_beams: 4, no_repeat_ngram_size: 2, length_penalty: 2 })).toEqual([
    '4 beams',
    'no repeated bigrams',
    'a length penalty of 2',
  ]);
  expect(
    generationWishes({ do_sample: true, repetition_penalty: 1.2, min_new_tokens: 5, min_length: 3 }),
  ).toEqual([
    'sampled answers',
    'a repetition penalty of 1.2',
    'at least 5 new tokens',
    'a length of at least 3',
  ]);
  expect(generationNote({ num_beams: 4, no_repeat_ngram_size: 2 })).toMatch(
    /^This folder asks for 4 beams, no repeated bigrams\. A run measures greedy answers/,
  );
});

it('says where an answer ends at one of several tokens', () => {
  expect(generationNote({ eos_token_id: [1, 7], num_beams: 2 })).toBe(
    'This folder asks for 2 beams, an end at any of 2 tokens. A run measures greedy answers (eos_token_id: no run ' +
      'measures with that), and exports what it measured with; the folder’s own stay beside it.',
  );
  expect(generationNote({ eos_token_id: [1] })).toBeNull();
});

it('has nothing to say of a plain file', () => {
  const plain = {
    num_beams: 1,
    do_sample: false,
    repetition_penalty: 1,
    max_new_tokens: 63,
    length_penalty: 2,
  };
  expect([generationNote(plain), generationNote({}), generationNote(null)]).toEqual([null, null, null]);
});
