import { expect, test } from 'vitest';
import { parseT5Config } from '../../student/config.ts';
import { countParameters } from '../../student/parameters.ts';
import { emptyReduction, readReduction, reducedSize, type ReductionDraft } from './reduction-draft.ts';

const config = parseT5Config('{"model_type":"t5","num_layers":6,"num_decoder_layers":3}', 'config.json');
const read = (part: Partial<ReductionDraft>, hasRows = true) =>
  readReduction({ ...emptyReduction, ...part }, { config }, hasRows);

test('text becomes wishes', () => {
  expect(
    read({ vocabulary: true, size: '8,000', dropRare: true, encoder: '4', decoder: '0, 2', dtype: 'f16' }),
  ).toEqual({
    wishes: { vocabulary: { size: 8000, dropRare: true }, encoder: 4, decoder: [0, 2], dtype: 'f16' },
    errors: {},
    obstacle: null,
  });
  expect(read({ vocabulary: true }).wishes).toEqual({
    vocabulary: { size: null, dropRare: false },
    encoder: null,
    decoder: null,
    dtype: null,
  });
});

test.each<[Partial<ReductionDraft>, keyof ReductionDraft, RegExp]>([
  [{ encoder: '0' }, 'encoder', /at least one/],
  [{ encoder: '7' }, 'encoder', /only 6/],
  [{ decoder: '0,3' }, 'decoder', /from 0 to 2/],
  [{ decoder: '1,1' }, 'decoder', /once/],
  [{ encoder: 'half' }, 'encoder', /count/],
  [{ vocabulary: true, size: '0' }, 'size', /whole number/],
  [{ vocabulary: true, dropRare: true }, 'size', /needs a size/],
])('%j is refused at its field', (draft, field, words) => {
  const { wishes, errors, obstacle } = read(draft);
  expect(wishes).toBeNull();
  expect(errors[field]).toMatch(words);
  expect(obstacle).not.toBeNull();
});

test('nothing to do, and rows that are missing, are told', () => {
  expect(read({ encoder: '6' }).obstacle).toMatch(/Nothing would change/);
  expect(read({ vocabulary: true }, false).obstacle).toMatch(/add data first/);
});

test('the size is told before anything is made', () => {
  const student = { config, parameters: countParameters(config), sizeBytes: 4 * countParameters(config) };
  const none = { vocabulary: null, encoder: null, decoder: null, dtype: null };
  expect(reducedSize(student, none)).toEqual({
    parameters: student.parameters,
    sizeBytes: student.sizeBytes,
    isAtMost: false,
  });
  const fewer = { ...config, num_layers: 2, num_decoder_layers: 2, vocab_size: 900 };
  expect(
    reducedSize(student, {
      vocabulary: { size: 900, dropRare: false },
      encoder: 2,
      decoder: [0, 2],
      dtype: 'f16',
    }),
  ).toEqual({ parameters: countParameters(fewer), sizeBytes: 2 * countParameters(fewer), isAtMost: false });
  expect(reducedSize(student, { ...none, vocabulary: { size: null, dropRare: false } }).isAtMost).toBe(true);
});
