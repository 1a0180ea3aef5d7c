/**
 * What `@huggingface/tokenizers` leaves out or does otherwise than Hugging Face's Rust tokenizers, put right on a
 * tokenizer it has made. Everything else stays the library's work.
 */
import { ByteFallbackDecoder, SequenceDecoder, Unigram } from '@huggingface/tokenizers';
import type { Decoder, Model, Tokenizer } from '@huggingface/tokenizers';

const byteToken = /^<0x([0-9A-Fa-f]{2})>$/u;

/** Makes a tokenizer of the library read and write as the Rust one does. Call it once, before the first text. */
export function makeExact({ model, decoder }: Tokenizer): void {
  addByteFallback(model);
  correctDecoder(decoder);
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
  }
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
