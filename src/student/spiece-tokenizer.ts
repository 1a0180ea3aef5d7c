/**
 * The tokenizer.json of a folder that has `spiece.model` alone, as transformers' `T5Converter` makes it
 * (convert_slow_tokenizer.py): it is exported with the student, so that both read alike.
 */
import { InputError } from '../base/errors.ts';
import { endTemplate } from './end-template.ts';
import { readSentencePiece, type SentencePieceModel } from '../formats/sentencepiece.ts';

/** T5 has a hundred sentinels after SentencePiece's own pieces; `extra_ids` of tokenizer_config.json says otherwise. */
const defaultExtraIds = 100;
const mostExtraIds = 1000;

/**
 * @param config The object in tokenizer_config.json, `{}` where there is none.
 * @param file What messages call the model.
 * @throws InputError where it is damaged, or no Unigram model.
 */
export function tokenizerFromSentencePiece(
  bytes: Uint8Array,
  config: Readonly<Record<string, unknown>>,
  file: string,
): object {
  const model = readSentencePiece(bytes, file);
  if (model.modelType !== 'unigram') {
    throw new InputError(
      `The SentencePiece model is of the type ${model.modelType}; a T5 has unigram.`,
      'Use the spiece.model of the same student.',
      { file },
    );
  }
  const { pieces, unkId } = model;
  const extraIds = extraIdsOf(config, file);
  const sentinels = Array.from({ length: extraIds }, (_, index) => `<extra_id_${extraIds - 1 - index}>`);
  const end = pieces.findIndex(({ piece }) => piece === '</s>');
  if (end < 0) {
    throw new InputError('The SentencePiece model has no piece </s>.', 'Use the spiece.model of a T5.', {
      file,
    });
  }
  const own = pieces.flatMap(({ piece, kind }, id) =>
    kind === 'control' || kind === 'user-defined' || kind === 'unknown'
      ? [addedToken(id, piece, kind !== 'user-defined')]
      : [],
  );
  const metaspace = {
    type: 'Metaspace',
    replacement: '▁',
    prepend_scheme: config['legacy'] === false ? 'first' : model.addDummyPrefix ? 'always' : 'never',
    split: true,
  };
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: [
      ...own,
      ...sentinels.map((content, index) => addedToken(pieces.length + index, content, true)),
    ],
    normalizer: { type: 'Sequence', normalizers: normalizersOf(model) },
    pre_tokenizer: metaspace,
    post_processor: endTemplate(end),
    decoder: metaspace,
    model: {
      type: 'Unigram',
      unk_id: unkId,
      vocab: [...pieces.map(({ piece, score }) => [piece, score]), ...sentinels.map((piece) => [piece, 0])],
      byte_fallback: model.byteFallback,
    },
  };
}

function extraIdsOf(config: Readonly<Record<string, unknown>>, file: string): number {
  const asked = config['extra_ids'] ?? defaultExtraIds;
  if (Number.isInteger(asked) && (asked as number) >= 0 && (asked as number) <= mostExtraIds)
    return asked as number;
  throw new InputError(
    `"extra_ids" in tokenizer_config.json must be a whole number from 0 to ${mostExtraIds}.`,
    'Download the files again.',
    { file },
  );
}

function normalizersOf({ charsmap, removeExtraWhitespaces }: SentencePieceModel): object[] {
  return [
    ...(charsmap.length === 0 ? [] : [{ type: 'Precompiled', precompiled_charsmap: base64(charsmap) }]),
    ...(removeExtraWhitespaces
      ? [
          { type: 'Strip', strip_left: false, strip_right: true },
          { type: 'Replace', pattern: { Regex: ' {2,}' }, content: '▁' },
        ]
      : []),
  ];
}

function base64(bytes: Uint8Array): string {
  let binary = '';
  for (let start = 0; start < bytes.length; start += 0x8000)
    binary += String.fromCharCode(...bytes.subarray(start, start + 0x8000));
  return btoa(binary);
}

function addedToken(id: number, content: string, special: boolean): object {
  return { id, content, single_word: false, lstrip: false, rstrip: false, normalized: false, special };
}
