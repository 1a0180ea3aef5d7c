/**
 * A student whose tokenizer can write texts that it could not: characters that it lacks become pieces, each with a row of
 * its own in the embedding and the output. T5's own vocabulary lacks `{`, `<`, `~` and line breaks.
 */
import { InputError } from '../base/errors.ts';
import { formatCount } from '../base/units.ts';
import type { T5Config, Weights } from './config.ts';
import type { Student } from './folder.ts';
import { readTokenizerJson, type TokenizerJson } from './reduce/tokenizer-json.ts';
import { withAddedTokens } from './reduce/tokenizer-files.ts';
import { parseTokenizer, type Tokenizer } from './tokenizer.ts';

export interface AddedPiece {
  piece: string;
  id: number;
  /**
   * `piece`: one of the model's. `token`: taken out of a text before it is normalised, as what the normaliser would
   * change must be (line breaks, two spaces).
   */
  kind: 'piece' | 'token';
}

export interface AddedPieces {
  student: Student;
  added: AddedPiece[];
  /** Different texts that did not come back as they were, before and after. */
  lostBefore: number;
  lostAfter: number;
}

/** More than these are no few signs that are missing: the vocabulary is of another script. */
const mostPieces = 4096;

/** What a tokenizer lacks. */
interface Missing {
  pieces: string[];
  tokens: string[];
  /** Whether text behind a token is read without a space put before it. */
  joined: boolean;
}

/**
 * Adds the characters that these texts need to come back as they are. A text without them is read as before; this is
 * checked for each text that is given.
 * @param texts What the student must be able to write: labels.
 * @param contexts Texts in which the characters stand: a row is the mean of the rows of the pieces beside it there, or
 * of all pieces where there is none.
 * @throws InputError where the tokenizer is no Unigram model, or lacks thousands of characters.
 */
export function addMissingPieces(
  student: Student,
  texts: readonly string[],
  contexts: Iterable<string> = texts,
): AddedPieces {
  const { tokenizer } = student;
  const lost = [...new Set(texts)].filter((text) => !comesBack(text, tokenizer));
  const unchanged: AddedPieces = { student, added: [], lostBefore: lost.length, lostAfter: lost.length };
  const fileText = student.tokenizerFiles['tokenizer.json'];
  // A ByT5 has every byte.
  if (lost.length === 0 || fileText === undefined) return unchanged;
  const json = readTokenizerJson(fileText);
  const pieces = unknownCharacters(lost, tokenizer);
  if (pieces.length > mostPieces) {
    throw new InputError(
      `The tokenizer lacks ${formatCount(pieces.length)} characters of these texts; at most ${formatCount(mostPieces)} can be added.`,
      'Choose a student whose vocabulary knows this script, such as an mT5.',
    );
  }
  const best = bestOf(lost, { student, json, pieces });
  if (best === null) return unchanged;
  const { added, changed, tokenizer: extended, lostAfter } = best;
  const all = [...new Set([...contexts, ...texts])];
  checkOthers(all, added, tokenizer, extended);

  const config: T5Config = {
    ...student.config,
    vocab_size: Math.max(student.config.vocab_size, extended.vocabularySize),
  };
  const names = added.map(({ piece }) => JSON.stringify(piece)).join(' ');
  return {
    added,
    lostBefore: lost.length,
    lostAfter,
    student: {
      ...student,
      config,
      rawConfig: { ...student.rawConfig, vocab_size: config.vocab_size },
      weights: withRows(student.weights, config, added, neighbours(all, added, extended)),
      tokenizer: extended,
      tokenizerFiles: changed,
      notes: [...student.notes, `Added to the vocabulary as pieces: ${names}.`],
    },
  };
}

function comesBack(text: string, tokenizer: Tokenizer): boolean {
  return tokenizer.decode(tokenizer.encode(text)) === text;
}

/** Characters of the texts that are unknown by themselves. */
function unknownCharacters(texts: readonly string[], tokenizer: Tokenizer): string[] {
  const { unknownId } = tokenizer;
  if (unknownId === null) return [];
  const all = new Set(texts.flatMap((text) => Array.from(text)));
  return [...all].filter((one) => tokenizer.encode(one).includes(unknownId));
}

/** What the normaliser takes from the texts: characters that it changes, and spaces in a row. */
function changedCharacters(texts: readonly string[], tokenizer: Tokenizer): string[] {
  const all = new Set(texts.flatMap((text) => Array.from(text)));
  const found = [...all].filter((one) => one !== ' ' && tokenizer.decode(tokenizer.encode(one)) !== one);
  return texts.some((text) => text.includes('  ')) ? [...found, '  '] : found;
}

interface Extended {
  added: AddedPiece[];
  changed: Record<string, string>;
  tokenizer: Tokenizer;
  lostAfter: number;
}

/** The smallest change with which the most texts come back; null where none helps. */
function bestOf(
  lost: readonly string[],
  { student, json, pieces }: { student: Student; json: TokenizerJson; pieces: string[] },
): Extended | null {
  const attempt = (missing: Missing): Extended => {
    const { added, changed } = extendTokenizer(student, json, missing);
    const tokenizer = parseTokenizer(
      { tokenizer: changed['tokenizer.json']!, config: changed['tokenizer_config.json'] ?? null },
      { endId: student.config.eos_token_id },
    );
    const lostAfter = lost.filter((text) => !comesBack(text, tokenizer)).length;
    return { added, changed, tokenizer, lostAfter };
  };
  let best: Extended | null = null;
  const consider = (extended: Extended): void => {
    if (extended.lostAfter < (best?.lostAfter ?? lost.length)) best = extended;
  };
  const first = attempt({ pieces, tokens: [], joined: false });
  consider(first);
  if (first.lostAfter > 0) {
    const still = lost.filter((text) => !comesBack(text, first.tokenizer));
    const tokens = changedCharacters(still, first.tokenizer);
    // A character that no piece brings back is none.
    const kept = pieces.filter((piece) => !tokens.includes(piece));
    if (tokens.length > 0)
      for (const joined of [false, true]) consider(attempt({ pieces: kept, tokens, joined }));
  }
  return best;
}

/** The tokenizer's files with what is missing. */
function extendTokenizer(
  { tokenizer, tokenizerFiles, config }: Student,
  json: TokenizerJson,
  { pieces, tokens, joined }: Missing,
): { added: AddedPiece[]; changed: Record<string, string> } {
  const vocab = [...json.model.vocab];
  // Of the lowest score, so that the unknown piece's, which is 10 below it, stays.
  const lowest = vocab.reduce((least, [, score]) => Math.min(least, score), 0);
  // Pieces that were only added come after those of the model: to continue behind them they become the model's too.
  const known = new Map((json.added_tokens ?? []).map(({ id, content }) => [id, content]));
  const rows = Math.max(vocab.length, ...[...known.keys()].map((id) => id + 1));
  for (let id = vocab.length; id < rows; id++) {
    const content = known.get(id);
    if (content === undefined) {
      throw new InputError(
        `Id ${id} of the tokenizer has no piece, and pieces cannot be added behind it.`,
        'Choose a student whose vocabulary has these characters.',
        { file: 'tokenizer.json' },
      );
    }
    vocab.push([content, lowest]);
  }
  const added = [
    ...pieces.map((piece): AddedPiece => ({ piece, id: 0, kind: 'piece' })),
    ...tokens.map((piece): AddedPiece => ({ piece, id: 0, kind: 'token' })),
  ].map((one, index) => ({ ...one, id: rows + index }));
  vocab.push(...pieces.map((piece): [string, number] => [piece, lowest]));
  const extended: TokenizerJson = { ...json, model: { ...json.model, vocab } };
  if (joined) extended['pre_tokenizer'] = withoutInnerPrefix(json['pre_tokenizer']);
  const addedTokens = added.flatMap(({ piece, id, kind }) =>
    kind === 'token' ? [{ id, content: piece }] : [],
  );
  const named = {
    eos_token: tokenizer.piece(config.eos_token_id) ?? '</s>',
    pad_token: tokenizer.piece(config.pad_token_id) ?? '<pad>',
    unk_token: tokenizer.unknownId === null ? null : tokenizer.piece(tokenizer.unknownId),
  };
  return { added, changed: withAddedTokens(tokenizerFiles, extended, addedTokens, named) };
}

/** A pre-tokenizer that puts the sign for a space before the text's first word alone, not behind each token. */
function withoutInnerPrefix(preTokenizer: unknown): unknown {
  if (typeof preTokenizer !== 'object' || preTokenizer === null) return preTokenizer;
  const parts = 'pretokenizers' in preTokenizer ? preTokenizer.pretokenizers : null;
  if (Array.isArray(parts)) return { ...preTokenizer, pretokenizers: parts.map(withoutInnerPrefix) };
  const isAlways =
    'type' in preTokenizer &&
    preTokenizer.type === 'Metaspace' &&
    (!('prepend_scheme' in preTokenizer) || preTokenizer.prepend_scheme === 'always');
  return isAlways ? { ...preTokenizer, prepend_scheme: 'first' } : preTokenizer;
}

/** @throws InputError where a text without the new characters is read in another way. */
function checkOthers(
  texts: readonly string[],
  added: readonly AddedPiece[],
  before: Tokenizer,
  after: Tokenizer,
): void {
  const ids = new Set(added.map(({ id }) => id));
  for (const text of texts) {
    const now = after.encode(text);
    if (now.some((id) => ids.has(id))) continue;
    const then = before.encode(text);
    if (then.length === now.length && then.every((id, at) => id === now[at])) continue;
    const start = text.length > 60 ? `${text.slice(0, 60)}…` : text;
    throw new InputError(
      `With more pieces the tokenizer would read this text in another way: "${start}".`,
      'Replace the characters in your rows instead.',
      { file: 'tokenizer.json' },
    );
  }
}

/** By new id, how often each piece stands beside it. */
function neighbours(
  texts: readonly string[],
  added: readonly AddedPiece[],
  tokenizer: Tokenizer,
): Map<number, Map<number, number>> {
  const beside = new Map(added.map(({ id }) => [id, new Map<number, number>()]));
  const isOld = (id: number | undefined): id is number =>
    id !== undefined && !beside.has(id) && id !== tokenizer.endId && id !== tokenizer.unknownId;
  for (const text of texts) {
    const ids = tokenizer.encode(text);
    ids.forEach((id, at) => {
      const counts = beside.get(id);
      if (counts === undefined) return;
      for (const other of [ids[at - 1], ids[at + 1]])
        if (isOld(other)) counts.set(other, (counts.get(other) ?? 0) + 1);
    });
  }
  return beside;
}

/** Both embeddings with rows for new ids; shapes [vocab_size, d_model]. */
function withRows(
  weights: Weights,
  { vocab_size: rows, d_model: width }: T5Config,
  added: readonly AddedPiece[],
  beside: ReadonlyMap<number, ReadonlyMap<number, number>>,
): Weights {
  const firstNew = Math.min(...added.map(({ id }) => id));
  return new Map(
    [...weights].map(([name, values]) => {
      if (name !== 'shared.weight' && name !== 'lm_head.weight') return [name, values];
      const all = new Float32Array(rows * width);
      all.set(values);
      for (const { id } of added) {
        const counts = beside.get(id)!;
        const used =
          counts.size > 0 ? [...counts] : Array.from({ length: firstNew }, (_, old) => [old, 1] as const);
        all.set(meanRow(values, width, used), id * width);
      }
      return [name, all];
    }),
  );
}

/** The mean of rows, each as often as it counts. [D] */
function meanRow(
  values: Float32Array,
  width: number,
  counts: readonly (readonly [row: number, count: number])[],
): Float64Array {
  const sum = new Float64Array(width);
  let total = 0;
  for (const [row, count] of counts) {
    total += count;
    for (let column = 0; column < width; column++) sum[column]! += count * values[row * width + column]!;
  }
  return sum.map((value) => value / total);
}
