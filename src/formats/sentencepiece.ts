/**
 * SentencePiece's models (`spiece.model`): a protobuf message of pieces, settings and a normalizer. Only what a tokenizer
 * needs is read. Source: `src/sentencepiece_model.proto` in github.com/google/sentencepiece.
 */
import { InputError } from '../base/errors.ts';

export type PieceKind = 'normal' | 'unknown' | 'control' | 'user-defined' | 'unused' | 'byte';

export interface SentencePiece {
  piece: string;
  score: number;
  kind: PieceKind;
}

export interface SentencePieceModel {
  modelType: 'unigram' | 'bpe' | 'word' | 'char';
  unkId: number;
  byteFallback: boolean;
  pieces: SentencePiece[];
  /** The compiled rules of the normalizer (see `charsmap.ts`); empty where it changes no character. */
  charsmap: Uint8Array;
  addDummyPrefix: boolean;
  removeExtraWhitespaces: boolean;
}

const kinds: readonly PieceKind[] = ['normal', 'unknown', 'control', 'user-defined', 'unused', 'byte'];
const modelTypes = ['unigram', 'bpe', 'word', 'char'] as const;
/** mT5's, the largest of a T5, has 250,100. */
const mostPieces = 400_000;

type Field =
  { number: number; wire: 0; value: number } | { number: number; wire: 1 | 2 | 5; bytes: Uint8Array };

/**
 * @param file The file's name, for messages.
 * @throws InputError where this is no such model, or one that is damaged or cut off.
 */
export function readSentencePiece(bytes: Uint8Array, file: string): SentencePieceModel {
  const broken = (what: string): InputError =>
    new InputError(`The SentencePiece model ${what}.`, 'Download or copy the file again.', { file });
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  const textOf = (content: Uint8Array): string => {
    try {
      return decoder.decode(content);
    } catch {
      throw broken('has a piece that is not UTF-8');
    }
  };
  const model: SentencePieceModel = {
    modelType: 'unigram',
    unkId: 0,
    byteFallback: false,
    pieces: [],
    charsmap: new Uint8Array(),
    addDummyPrefix: true,
    removeExtraWhitespaces: true,
  };
  for (const field of fieldsOf(bytes, broken)) {
    if (field.wire !== 2) continue;
    if (field.number === 1) {
      if (model.pieces.length === mostPieces) throw broken(`has more than ${mostPieces} pieces`);
      model.pieces.push(readPiece(field.bytes, broken, textOf));
    } else if (field.number === 2) {
      for (const setting of fieldsOf(field.bytes, broken)) {
        if (setting.wire !== 0) continue;
        if (setting.number === 3) {
          const type = modelTypes[setting.value - 1];
          if (type === undefined) throw broken(`is of type ${setting.value}, which is not known`);
          model.modelType = type;
        } else if (setting.number === 35) model.byteFallback = setting.value !== 0;
        else if (setting.number === 40) model.unkId = setting.value;
      }
    } else if (field.number === 3) {
      for (const setting of fieldsOf(field.bytes, broken)) {
        if (setting.wire === 2 && setting.number === 2) model.charsmap = setting.bytes.slice();
        else if (setting.wire === 0 && setting.number === 3) model.addDummyPrefix = setting.value !== 0;
        else if (setting.wire === 0 && setting.number === 4)
          model.removeExtraWhitespaces = setting.value !== 0;
      }
    }
  }
  if (model.pieces.length === 0) throw broken('has no pieces');
  if (model.pieces[model.unkId]?.kind !== 'unknown')
    throw broken(`has no unknown piece at ${model.unkId}, where its settings say`);
  return model;
}

function readPiece(
  bytes: Uint8Array,
  broken: (what: string) => InputError,
  textOf: (content: Uint8Array) => string,
): SentencePiece {
  const piece: SentencePiece = { piece: '', score: 0, kind: 'normal' };
  for (const field of fieldsOf(bytes, broken)) {
    if (field.number === 1 && field.wire === 2) piece.piece = textOf(field.bytes);
    else if (field.number === 2 && field.wire === 5)
      piece.score = new DataView(field.bytes.slice().buffer).getFloat32(0, true);
    else if (field.number === 3 && field.wire === 0) {
      const kind = kinds[field.value - 1];
      if (kind === undefined) throw broken(`has a piece of kind ${field.value}, which is not known`);
      piece.kind = kind;
    }
  }
  if (piece.piece === '') throw broken('has a piece without letters');
  if (!Number.isFinite(piece.score)) throw broken('has a piece whose score is no number');
  return piece;
}

/** The fields of a protobuf message. Source: protobuf.dev/programming-guides/encoding. */
function* fieldsOf(bytes: Uint8Array, broken: (what: string) => InputError): Generator<Field, void> {
  let position = 0;
  const varint = (): number => {
    let value = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      const byte = bytes[position];
      if (byte === undefined) throw broken('is cut off');
      position += 1;
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
    throw broken('is damaged, or is no SentencePiece model');
  };
  const take = (count: number): Uint8Array => {
    if (count > bytes.length - position) throw broken('is cut off, or is no SentencePiece model');
    position += count;
    return bytes.subarray(position - count, position);
  };
  while (position < bytes.length) {
    const key = varint();
    const number = Math.floor(key / 8);
    const wire = key % 8;
    switch (wire) {
      case 0:
        yield { number, wire, value: varint() };
        break;
      case 1:
        yield { number, wire, bytes: take(8) };
        break;
      case 2:
        yield { number, wire, bytes: take(varint()) };
        break;
      case 5:
        yield { number, wire, bytes: take(4) };
        break;
      default:
        throw broken('is damaged, or is no SentencePiece model');
    }
  }
}
