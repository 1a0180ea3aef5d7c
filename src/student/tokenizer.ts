/**
 * Text to ids and back, exactly as Hugging Face's tokenizers do it for the same `tokenizer.json`. The work is done by
 * `@huggingface/tokenizers`, put right by `tokenizer-exact.ts`; this file adds truncation, the end token, decoding rules
 * and speed.
 */
import { Tokenizer as HuggingFaceTokenizer, Unigram } from '@huggingface/tokenizers';
import { InputError } from '../base/errors.ts';
import { valueWords } from '../base/value-words.ts';
import { parseBounded } from '../formats/json-values.ts';
import { mostSettings } from './student-files.ts';
import { makeExact, withKnownNormalizers } from './tokenizer-exact.ts';

const metaspace = '▁';
/** Of a long text so much is tokenised at first as would fill any limit: pieces are a few letters. */
const lettersPerToken = 16;
const spareLetters = 2000;
/** Where a text was cut, its last tokens may be others than in the whole. */
const spareTokens = 64;
/** How far the end of a word is looked for. */
const longestSearch = 10_000;
/** A word of more letters is tokenised in parts: no language has one, and the time for it would grow without bounds. */
const longestWord = 10_000;
/** Words remembered at most; a data set has some tens of thousands. */
const cachedWords = 100_000;

export interface TokenizerOptions {
  /** The student's end token (`eos_token_id`). */
  endId: number;
}

export class Tokenizer {
  /** The id that ends every encoded text. */
  readonly endId: number;
  /** One more than the largest id that a text can be encoded to. */
  readonly vocabularySize: number;
  /** False for the rare files that do not append the end token themselves; it is appended here. */
  readonly appendsEnd: boolean;
  /** The id of what the vocabulary has no piece for; null where there is none. */
  readonly unknownId: number | null;
  readonly #inner: HuggingFaceTokenizer;
  readonly #pieceIds: ReadonlySet<number>;
  readonly #cleansUp: boolean;

  /**
   * @param tokenizerJson The object in `tokenizer.json`.
   * @param tokenizerConfig The object in `tokenizer_config.json`, `{}` where there is none.
   * @throws Error (not InputError) where the library does not know the file's parts; see `parseTokenizer`.
   */
  constructor(
    tokenizerJson: object,
    tokenizerConfig: Readonly<Record<string, unknown>>,
    { endId }: TokenizerOptions,
  ) {
    this.#inner = new HuggingFaceTokenizer(withKnownNormalizers(tokenizerJson), tokenizerConfig);
    makeExact(this.#inner);
    this.endId = endId;
    this.unknownId = this.#inner.model?.unk_token_id ?? null;
    // The default of transformers 4.45 and later. (The library's own default is true.)
    this.#cleansUp = tokenizerConfig['clean_up_tokenization_spaces'] === true;
    rememberWords(this.#inner);
    const ids = new Set<number>();
    for (const [piece, id] of this.#inner.get_vocab()) {
      if (typeof piece === 'string') ids.add(id);
    }
    this.#pieceIds = ids;
    this.vocabularySize = [...ids].reduce((most, id) => Math.max(most, id + 1), 0);
    this.appendsEnd = this.#inner.encode('').ids.at(-1) === endId;
  }

  /**
   * Ids of a text, the end token last. A long text is cut before it is tokenised, where its first `maxTokens` stay the
   * same; a word of more than 10,000 letters is tokenised in parts.
   * @param maxTokens Cut as transformers cuts (`truncation=True, max_length`): the text loses tokens at its end so that
   * at most this many remain, the end token being the last.
   */
  encode(text: string, maxTokens = Infinity): Int32Array {
    const ids = this.#startIds(text, maxTokens);
    if (ids.length > maxTokens) {
      ids.length = Math.max(1, maxTokens);
      ids[ids.length - 1] = this.endId;
    }
    return Int32Array.from(ids);
  }

  /** Ids of so much of a text that its first `maxTokens` are what they are in the whole. */
  #startIds(text: string, maxTokens: number): number[] {
    for (let letters = maxTokens * lettersPerToken + spareLetters; letters < text.length; letters *= 4) {
      const ids = this.#allIds(text.slice(0, wordEnd(text, letters)));
      if (ids.length >= maxTokens + spareTokens) return ids;
    }
    return this.#allIds(text);
  }

  #allIds(text: string): number[] {
    const { ids } = this.#inner.encode(text);
    if (!this.appendsEnd) ids.push(this.endId);
    return ids;
  }

  /** Text of ids as `decode(ids, skip_special_tokens=True)` gives it, cleaned up where the tokenizer's config says so. */
  decode(ids: Iterable<number>): string {
    const known = [...ids].filter((id) => this.#pieceIds.has(id));
    if (known.length === 0) return '';
    return this.#inner.decode(known, {
      skip_special_tokens: true,
      clean_up_tokenization_spaces: this.#cleansUp,
    });
  }

  /** The piece of an id, or null for an id without one (T5's vocabulary is padded beyond its pieces). */
  piece(id: number): string | null {
    return this.#pieceIds.has(id) ? (this.#inner.id_to_token(id) ?? null) : null;
  }
}

/** Where the word ends that letter `from` is in. */
function wordEnd(text: string, from: number): number {
  for (let at = from; at < Math.min(text.length, from + longestSearch); at += 1) {
    if (/\s/u.test(text[at]!)) return at;
  }
  return wholeLetter(text, from);
}

/** A longer word is first divided by the letters that no piece has. */
const longWord = 200;

/**
 * The tokens of a word. In a long one, letters that no piece has are their own tokens without a search, which takes the
 * square of a word's length: such letters become one token in the end, so that a text of them is never cut.
 * @param hasLetter Whether any piece has it.
 */
function tokensOf(model: Unigram, word: string, hasLetter: (letter: string) => boolean): string[] {
  if (word.length <= longWord) return model.tokenize(word);
  const found: string[] = [];
  let known = '';
  const endKnown = (): void => {
    if (known !== '') for (const token of tokensOfKnown(model, known)) found.push(token);
    known = '';
  };
  for (const letter of word) {
    if (hasLetter(letter)) {
      known += letter;
      continue;
    }
    endKnown();
    found.push(letter);
  }
  endKnown();
  return found;
}

/** The tokens of a word; of one that is longer than any, part by part. */
function tokensOfKnown(model: Unigram, word: string): string[] {
  if (word.length <= longestWord) return model.tokenize(word);
  const found: string[] = [];
  for (let start = 0; start < word.length;) {
    const end = wholeLetter(word, start + longestWord);
    for (const token of model.tokenize(word.slice(start, end))) found.push(token);
    start = end;
  }
  return found;
}

/** The place itself, or the next where a letter of two halves would be cut. */
function wholeLetter(text: string, at: number): number {
  return at < text.length && /[\ud800-\udbff]/u.test(text[at - 1]!) ? at + 1 : at;
}

/**
 * Makes a Unigram model tokenise word by word and remember what it found: the same words come again and again, and the
 * library otherwise searches each whole text again. The result is the same wherever no piece reaches over the start of a
 * word; other vocabularies are left alone.
 */
function rememberWords(tokenizer: HuggingFaceTokenizer): void {
  const { model } = tokenizer;
  if (!(model instanceof Unigram)) return;
  const pieces = [...tokenizer.get_vocab(false).keys()];
  if (!pieces.includes(metaspace) || pieces.some((piece) => piece.includes(metaspace, 1))) return;
  const seen = new Map<string, string[]>();
  // With it, letters that no piece has become tokens of their bytes, of which a text soon has enough.
  const hasBytes = 'byte_fallback' in model.config && model.config.byte_fallback;
  let letters: Set<string> | null = null;
  const hasLetter = (letter: string): boolean => {
    letters ??= new Set(pieces.flatMap((piece) => Array.from(piece)));
    return hasBytes || letters.has(letter);
  };
  const wordStart = new RegExp(`(?=${metaspace})`, 'u');
  model.encode = (sections: string[]): string[] => {
    const found: string[] = [];
    for (const section of sections) {
      for (const word of section.split(wordStart)) {
        let tokens = seen.get(word);
        if (tokens === undefined) {
          tokens = tokensOf(model, word, hasLetter);
          if (seen.size >= cachedWords) seen.clear();
          seen.set(word, tokens);
        }
        for (const token of tokens) found.push(token);
      }
    }
    return found;
  };
}

/** A list for each of mT5's 250,100 pieces, with its text and number, comes to half of it. */
const mostTokenizerValues = 1_500_000;

/** A JSON object in a file. @throws InputError where it is none, or has more values than it can have. */
export function parseObject(
  text: string,
  file: string,
  mostValues = mostTokenizerValues,
): Record<string, unknown> {
  let value: unknown;
  try {
    value = parseBounded(text, mostValues, file);
  } catch (error) {
    if (error instanceof InputError) throw error;
    const detail = error instanceof Error ? ` (${error.message})` : '';
    throw new InputError(`This is not valid JSON${detail}.`, 'Download or copy the file again.', { file });
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new InputError('This is not a JSON object.', 'Download or copy the file again.', { file });
  }
  return value as Record<string, unknown>;
}

/** Above any vocabulary: the library makes a list as long as the largest id. */
const mostIds = 2 ** 22;

/** A word is looked up letter by letter as far as the longest piece goes. */
const mostLetters = 4096;

/** @throws InputError where a piece or an added token has an id, or a length, that no vocabulary has. */
function checkPieces({ model, added_tokens: added }: Record<string, unknown>, file: string): void {
  const vocab = typeof model === 'object' && model !== null && 'vocab' in model ? model.vocab : null;
  const ids: unknown[] = [];
  const pieces: unknown[] = [];
  if (Array.isArray(vocab)) {
    for (const entry of vocab as unknown[]) if (Array.isArray(entry)) pieces.push(entry[0]);
  } else if (typeof vocab === 'object' && vocab !== null) {
    for (const [piece, id] of Object.entries(vocab)) {
      pieces.push(piece);
      ids.push(id);
    }
  }
  if (Array.isArray(added)) {
    for (const token of added as unknown[]) {
      if (typeof token !== 'object' || token === null) continue;
      if ('id' in token) ids.push(token.id);
      if ('content' in token) pieces.push(token.content);
    }
  }
  const long = pieces.find((piece) => typeof piece === 'string' && piece.length > mostLetters);
  if (typeof long === 'string') {
    throw new InputError(
      `A piece of the vocabulary has ${long.length} letters; more than ${mostLetters} are not read.`,
      'Use the tokenizer.json that came with the model.',
      { file },
    );
  }
  for (const id of ids) {
    if (Number.isInteger(id) && (id as number) >= 0 && (id as number) < mostIds) continue;
    throw new InputError(
      `A token has the id ${valueWords(id)}; ids are whole numbers from 0 to ${mostIds - 1}.`,
      'Use the tokenizer.json that came with the model.',
      { file },
    );
  }
}

/** What a rule looks for may be longer: patterns name letters one by one, and a charsmap is a table. */
const mostOf: Readonly<Record<string, number>> = { Regex: 20_000, precompiled_charsmap: Infinity };
/** Real tokenizers have up to five. */
const mostPatterns = 100;

/** @throws InputError where a rule says more than a piece can: said for each letter of a text, it would fill the memory. */
function checkRules(tokenizerJson: Record<string, unknown>, file: string): void {
  const { normalizer, pre_tokenizer, decoder } = tokenizerJson;
  const open: unknown[] = [normalizer, pre_tokenizer, decoder];
  let patterns = 0;
  const refuse = (problem: string): never => {
    throw new InputError(problem, 'Use the tokenizer.json that came with the model.', { file });
  };
  while (open.length > 0) {
    const next = open.pop();
    if (typeof next !== 'object' || next === null) continue;
    for (const [key, inner] of Object.entries(next)) {
      if (typeof inner !== 'string') {
        open.push(inner);
        continue;
      }
      const most = mostOf[key] ?? mostLetters;
      if (inner.length > most)
        refuse(`"${key}" of a rule has ${inner.length} letters; more than ${most} are not read.`);
      if (key === 'Regex' && (patterns += 1) > mostPatterns)
        refuse(`The tokenizer has more than ${mostPatterns} patterns.`);
    }
  }
}

/** The texts of a tokenizer's files. */
export interface TokenizerTexts {
  /** `tokenizer.json` */
  tokenizer: string;
  /** `tokenizer_config.json`, where there is one. */
  config: string | null;
}

/** What messages call the files. */
export interface TokenizerLabels {
  tokenizerFile?: string;
  configFile?: string;
}

/**
 * Makes a tokenizer from the texts of its files.
 * @throws InputError where a file is broken or of a kind that is not supported.
 */
export function parseTokenizer(
  { tokenizer, config }: TokenizerTexts,
  {
    tokenizerFile = 'tokenizer.json',
    configFile = 'tokenizer_config.json',
    ...options
  }: TokenizerOptions & TokenizerLabels,
): Tokenizer {
  const tokenizerJson = parseObject(tokenizer, tokenizerFile);
  const tokenizerConfig = config === null ? {} : parseObject(config, configFile, mostSettings);
  checkPieces(tokenizerJson, tokenizerFile);
  checkRules(tokenizerJson, tokenizerFile);
  try {
    return new Tokenizer(tokenizerJson, tokenizerConfig, options);
  } catch (error) {
    if (error instanceof InputError) throw error;
    const detail = error instanceof Error ? error.message : String(error);
    throw new InputError(
      `The tokenizer could not be made from this file (${detail}).`,
      'Save it again in Python: `AutoTokenizer.from_pretrained(folder).save_pretrained(folder)`.',
      { file: tokenizerFile },
    );
  }
}
