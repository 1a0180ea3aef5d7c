/**
 * What `@huggingface/tokenizers` leaves out or does otherwise than Hugging Face's Rust tokenizers, put right on a
 * tokenizer it has made. Everything else stays the library's work.
 */
import {
  ByteFallbackDecoder,
  ByteLevelDecoder,
  LowercaseNormalizer,
  MetaspacePreTokenizer,
  PrecompiledNormalizer,
  ReplaceNormalizer,
  SequenceDecoder,
  SequenceNormalizer,
  SequencePreTokenizer,
  StripNormalizer,
  Unigram,
} from '@huggingface/tokenizers';
import { InputError } from '../base/errors.ts';
import { Charsmap } from '../formats/charsmap.ts';
import type { Decoder, Model, Normalizer, PreTokenizer, Tokenizer } from '@huggingface/tokenizers';

const byteToken = /^<0x([0-9A-Fa-f]{2})>$/u;
// Unicode's White_Space. JavaScript's own trim takes U+FEFF too, and leaves U+0085.
const spacesAtStart = /^\p{White_Space}+/u;
const spacesAtEnd = /\p{White_Space}+$/u;

/** The normalizer `Nmt`, which the library does not know, in words that it knows. */
const nmt = {
  type: 'Sequence',
  normalizers: [
    replacement('\u0001-\u0008\u000b\u000e-\u001f\u007f\u008f\u009f', ''),
    replacement('\t\n\f\r\u1680\u200b-\u200f\u2028\u2029\u2581\ufeff\ufffd', ' '),
  ],
};

function replacement(characters: string, content: string): object {
  return { type: 'Replace', pattern: { Regex: `[${characters}]` }, content };
}

/** The object in `tokenizer.json` with each `Nmt` normalizer said in words that the library knows. */
export function withKnownNormalizers(tokenizerJson: object): object {
  if (!('normalizer' in tokenizerJson)) return tokenizerJson;
  return { ...tokenizerJson, normalizer: knownNormalizer(tokenizerJson.normalizer) };
}

function knownNormalizer(config: unknown): unknown {
  if (typeof config !== 'object' || config === null) return config;
  if ('type' in config && config.type === 'Nmt') return nmt;
  if (!('normalizers' in config) || !Array.isArray(config.normalizers)) return config;
  return { ...config, normalizers: config.normalizers.map(knownNormalizer) };
}

/** Makes a tokenizer of the library read and write as the Rust one does. Call it once, before the first text. */
export function makeExact({ normalizer, pre_tokenizer: preTokenizer, model, decoder }: Tokenizer): void {
  const text: NormalizedText = { startRemoved: false, mostLetters: 0 };
  if (normalizer !== null) {
    correctNormalizer(normalizer, text);
    const normalize = normalizer.normalize.bind(normalizer);
    normalizer.normalize = (whole) => {
      text.startRemoved = false;
      text.mostLetters = mostLettersOf(whole.length);
      return normalize(whole);
    };
    correctPreTokenizer(preTokenizer, text);
  }
  addByteFallback(model);
  correctDecoder(decoder);
  boundDecoder(decoder);
}

/**
 * How long a text may become on its way through a tokenizer. Rules that say a letter twice, one after another, would fill
 * the memory with a short text.
 */
function mostLettersOf(letters: number): number {
  return 100 * letters + 10_000;
}

function checkGrowth(letters: number, most: number): void {
  if (letters <= most) return;
  throw new InputError(
    'The rules of the tokenizer make a text more than 100 times as long.',
    'Use the tokenizer.json that came with the model.',
  );
}

/** What the pre-tokenizer needs to know of the normalizer's work. */
interface NormalizedText {
  /** Whether the first letter of the text was taken away. */
  startRemoved: boolean;
  /** More letters than this must not become of it. */
  mostLetters: number;
}

function correctNormalizer(normalizer: Normalizer | null, text: NormalizedText): void {
  if (normalizer instanceof SequenceNormalizer) {
    for (const part of normalizer.normalizers) correctNormalizer(part, text);
    return;
  }
  correctRule(normalizer, text);
  if (normalizer === null) return;
  const normalize = normalizer.normalize.bind(normalizer);
  normalizer.normalize = (before) => {
    const after = normalize(before);
    checkGrowth(after.length, text.mostLetters);
    return after;
  };
}

function correctRule(normalizer: Normalizer | null, text: NormalizedText): void {
  if (normalizer instanceof LowercaseNormalizer) {
    // Letter by letter: of a whole word JavaScript makes another sigma at the end.
    normalizer.normalize = (before) => before.replace(/\u03a3/gu, '\u03c3').toLowerCase();
  } else if (normalizer instanceof PrecompiledNormalizer) {
    const charsmap = charsmapOf(normalizer.config);
    if (charsmap === null) return;
    normalizer.normalize = (before) => charsmap.normalize(before);
  } else if (normalizer instanceof StripNormalizer) {
    const config: { strip_left?: unknown; strip_right?: unknown } = normalizer.config;
    normalizer.normalize = (before) => {
      const after = config.strip_left === true ? before.replace(spacesAtStart, '') : before;
      if (after.length < before.length) text.startRemoved = true;
      return config.strip_right === true ? after.replace(spacesAtEnd, '') : after;
    };
  } else if (normalizer instanceof ReplaceNormalizer) {
    const { pattern } = normalizer;
    const config: { content?: unknown } = normalizer.config;
    if (pattern === null || (config.content ?? '') !== '') return;
    normalizer.normalize = (before) =>
      before.replaceAll(pattern, (found: string, ...rest: unknown[]) => {
        // The place of what was found is the last number given.
        if (found !== '' && rest.findLast((value) => typeof value === 'number') === 0)
          text.startRemoved = true;
        return '';
      });
  }
}

/** The rules of a `Precompiled` normalizer, which the library stands in for with its own rules. */
function charsmapOf(config: object): Charsmap | null {
  const text = 'precompiled_charsmap' in config ? config.precompiled_charsmap : null;
  if (text === null || text === '') return null;
  const binary = typeof text === 'string' && isBase64(text) ? atob(text) : '';
  const bytes = Uint8Array.from(binary, (letter) => letter.charCodeAt(0));
  return new Charsmap(bytes, 'tokenizer.json');
}

function isBase64(text: string): boolean {
  return /^[A-Za-z0-9+/]*={0,2}$/.test(text) && text.length % 4 !== 1;
}

/**
 * `prepend_scheme: first` means the place in the text as it was written: where the normalizer took the first letter
 * away, what is left does not begin the text and gets no sign before it.
 */
function correctPreTokenizer(preTokenizer: PreTokenizer | null, text: NormalizedText): void {
  if (preTokenizer instanceof SequencePreTokenizer) {
    for (const part of preTokenizer.tokenizers) correctPreTokenizer(part, text);
  } else if (preTokenizer instanceof MetaspacePreTokenizer) {
    const split = preTokenizer.pre_tokenize_text.bind(preTokenizer);
    preTokenizer.pre_tokenize_text = (section, options) =>
      split(section, text.startRemoved ? { ...options, section_index: -1 } : options);
  }
}

/**
 * Obeys `byte_fallback` of a Unigram model: letters in a row that no piece covers become the tokens of their bytes
 * (`<0xE2>`), or stay unknown where the vocabulary lacks one of these tokens.
 */
function addByteFallback(model: Model | null): void {
  if (!(model instanceof Unigram)) return;
  const config: object = model.config;
  if (!('byte_fallback' in config) || config.byte_fallback !== true) return;
  const tokenize = model.tokenize.bind(model);
  const toBytes = (run: string): string[] => {
    const tokens = [...new TextEncoder().encode(run)].map(
      (byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`,
    );
    return tokens.every((token) => model.tokens_to_ids.has(token)) ? tokens : [run];
  };
  model.tokenize = (text) => {
    const found: string[] = [];
    let run = '';
    for (const token of tokenize(text)) {
      const id = model.tokens_to_ids.get(token);
      if (id === undefined || id === model.unk_token_id) {
        run += token;
        continue;
      }
      if (run !== '') found.push(...toBytes(run));
      run = '';
      found.push(token);
    }
    if (run !== '') found.push(...toBytes(run));
    return found;
  };
}

function correctDecoder(decoder: Decoder | null): void {
  if (decoder instanceof SequenceDecoder) {
    for (const part of decoder.decoders) correctDecoder(part);
  } else if (decoder instanceof ByteFallbackDecoder) {
    decoder.decode_chain = decodeBytes;
  } else if (decoder instanceof ByteLevelDecoder) {
    const config: object = decoder.config;
    if (!('errors' in config) || config.errors !== 'ignore') return;
    // ByT5's: bytes that are no UTF-8 are left out (and a replacement sign of the text's own with them).
    const decode = decoder.decode_chain.bind(decoder);
    decoder.decode_chain = (tokens) => decode(tokens).map((text) => text.replaceAll('\ufffd', ''));
  }
}

/** Holds what becomes of the tokens, rule by rule, against what they were. */
function boundDecoder(decoder: Decoder | null): void {
  if (!(decoder instanceof SequenceDecoder)) return;
  let most = 0;
  const lettersIn = (tokens: readonly string[]): number =>
    tokens.reduce((sum, { length }) => sum + length, 0);
  const bound = (part: Decoder | null): void => {
    if (part === null) return;
    if (part instanceof SequenceDecoder) {
      part.decoders.forEach(bound);
      return;
    }
    const decode = part.decode_chain.bind(part);
    part.decode_chain = (tokens) => {
      const texts = decode(tokens);
      checkGrowth(lettersIn(texts), most);
      return texts;
    };
  };
  bound(decoder);
  const decode = decoder.decode_chain.bind(decoder);
  decoder.decode_chain = (tokens) => {
    most = mostLettersOf(lettersIn(tokens));
    return decode(tokens);
  };
}

/** Byte tokens in a row as their text, or one replacement sign for each where they are no valid UTF-8. */
function decodeBytes(tokens: string[]): string[] {
  const texts: string[] = [];
  let bytes: number[] = [];
  const flush = () => {
    if (bytes.length === 0) return;
    try {
      // A byte order mark is text like any other here.
      texts.push(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Uint8Array.from(bytes)));
    } catch {
      for (let i = 0; i < bytes.length; i++) texts.push('\uFFFD');
    }
    bytes = [];
  };
  for (const token of tokens) {
    const hex = byteToken.exec(token)?.[1];
    if (hex === undefined) {
      flush();
      texts.push(token);
    } else {
      bytes.push(Number.parseInt(hex, 16));
    }
  }
  flush();
  return texts;
}
