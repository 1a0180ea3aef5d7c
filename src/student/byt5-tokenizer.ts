/**
 * ByT5 has no tokenizer file: its tokens are the bytes of UTF-8, and `ByT5Tokenizer` in transformers is code alone
 * (tokenization_byt5.py). The same as a tokenizer.json for our own use; it is not exported, since transformers takes
 * the class that tokenizer_config.json names.
 */
import { endTemplate } from './end-template.ts';

/** `<pad>`, `</s>` and `<unk>` come before the bytes. */
const specials = ['<pad>', '</s>', '<unk>'];
const extraIds = 125;

/** The letter that stands for a byte in byte-level vocabularies (`bytes_to_unicode`, from GPT-2). */
function byteLetters(): string[] {
  const isShown = (byte: number): boolean =>
    (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
  let next = 256;
  return Array.from({ length: 256 }, (_, byte) => String.fromCharCode(isShown(byte) ? byte : next++));
}

/** Whether a folder without a tokenizer file is a ByT5, by its tokenizer_config.json. */
export function isByT5(config: Readonly<Record<string, unknown>>): boolean {
  return config['tokenizer_class'] === 'ByT5Tokenizer';
}

/** Bytes are 3 to 258, the sentinels `<extra_id_0>` … `<extra_id_124>` 259 to 383. */
export function byT5Tokenizer(): object {
  const sentinels = Array.from({ length: extraIds }, (_, index) => `<extra_id_${index}>`);
  const letters = byteLetters();
  const vocabulary = [...specials, ...letters, ...sentinels];
  const addedToken = (content: string, strips: boolean) => ({
    id: vocabulary.indexOf(content),
    content,
    single_word: false,
    lstrip: strips,
    rstrip: strips,
    normalized: false,
    special: true,
  });
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: [
      ...specials.map((content) => addedToken(content, true)),
      ...sentinels.map((content) => addedToken(content, false)),
    ],
    normalizer: null,
    pre_tokenizer: { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: false },
    post_processor: endTemplate(1),
    // `errors` is ours: Python's decode(errors="ignore").
    decoder: { type: 'ByteLevel', errors: 'ignore' },
    model: {
      type: 'BPE',
      unk_token: '<unk>',
      vocab: Object.fromEntries(vocabulary.map((piece, id) => [piece, id])),
      merges: [],
      byte_fallback: false,
    },
  };
}
