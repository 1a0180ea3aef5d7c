/** A student with a smaller vocabulary: most of a small T5's weights are rows for pieces that a task never uses. */
import { InputError } from '../../base/errors.ts';
import { formatCount, formatPercent } from '../../base/units.ts';
import type { T5Config, Weights } from '../config.ts';
import type { Student } from '../folder.ts';
import { parseTokenizer, type Tokenizer } from '../tokenizer.ts';
import { choosePieces } from './choose-pieces.ts';
import { mentionedIds, newId, renumberIds } from './token-ids.ts';
import { postProcessorIds, reduceTokenizerFiles } from './tokenizer-files.ts';
import { isExtraId, readTokenizerJson, Vocabulary } from './tokenizer-json.ts';

export interface VocabularyOptions {
  /** Texts that must be segmented as before: see `textsToKeep`. */
  keepTexts: Iterable<string>;
  /** Pieces in all, filled up with the most frequent; null for no more than must be kept. */
  size: number | null;
  /** Keep T5's 100 sentinels `<extra_id_0>` …, which only its pre-training uses. Default: drop those not in a text. */
  keepExtraIds?: boolean;
  /**
   * Let `size` win over the texts: their rarest pieces go, and words that had them are spelled with shorter pieces.
   * No character is lost. Default: every piece that the texts use stays.
   */
  dropRare?: boolean;
}

export interface VocabularyReport {
  /** `vocab_size` before and after. */
  before: number;
  after: number;
  /** Different texts that were read, and pieces that they use. */
  texts: number;
  used: number;
  /** Pieces that had to be kept: the used ones, special ones, single characters. The rest were the most frequent. */
  required: number;
  /** What `dropRare` cost: pieces that the texts use and that are gone, and their share of all tokens of the texts. */
  droppedUsed: number;
  droppedShare: number;
  /** In words, what a person should know. */
  notes: string[];
}

export interface ReducedVocabulary {
  /** Shares every weight with the given student except `shared.weight` and `lm_head.weight`. */
  student: Student;
  /** New id by old id, -1 where dropped. Order is kept, so that ids 0, 1 and 2 stay. [old vocab_size] */
  idMap: Int32Array;
  report: VocabularyReport;
}

/**
 * Keeps the pieces that the texts use, every special piece, all single characters and, up to `size`, the most frequent
 * others. Rows of `shared` and `lm_head` and all ids in the tokenizer's files and the configurations stay in step.
 *
 * A text whose pieces are all kept is segmented exactly as before (why: `choosePieces`); this is checked for every such
 * text that is given. Logits over kept pieces are those of the whole student. Where `size` is less than what must be kept, that
 * wins, and a note says so; but see `dropRare`. The rows that T5 pads its vocabulary with are dropped, and none are added: neither the
 * engines nor transformers ask for a vocabulary of a round size.
 *
 * @throws InputError where the tokenizer is no Unigram model or lacks a special piece, or `size` is no whole number
 * from 1.
 */
export function reduceVocabulary(student: Student, options: VocabularyOptions): ReducedVocabulary {
  const work = vocabularyWork(student, options);
  for (;;) {
    const next = work.next();
    if (next.done) return next.value;
  }
}

/** How far the work is: texts are read first, and checked at the end. */
export interface VocabularyProgress {
  what: 'reading texts' | 'checking texts';
  /** Texts so far. */
  done: number;
}

/** Texts between two looks at the outside world. */
const textSlice = 128;

/** `reduceVocabulary` in small steps, for who wants to show how far it is, or to stop. */
export function* vocabularyWork(
  student: Student,
  options: VocabularyOptions,
): Generator<VocabularyProgress, ReducedVocabulary> {
  const { config, tokenizer } = student;
  const { size, keepExtraIds = false, dropRare = false } = options;
  if (size !== null && !(Number.isInteger(size) && size >= 1)) {
    throw new InputError(
      `A vocabulary of ${size} pieces cannot be made.`,
      'Give a whole number from 1, or leave it to the texts.',
    );
  }
  if (student.tokenizerFiles['tokenizer.json'] === undefined) {
    throw new InputError(
      'The tokens of a ByT5 are bytes: there are none to leave out.',
      'Reduce its layers instead.',
    );
  }
  const vocabulary = new Vocabulary(
    readTokenizerJson(student.tokenizerFiles['tokenizer.json']),
    config.vocab_size,
  );
  const rawText = JSON.stringify(student.rawConfig);
  const mentioned = [...mentionedIds(rawText), ...mentionedIds(student.generationConfigText ?? '')];
  const special = [
    ...specialIds(config, vocabulary),
    ...mentioned.filter((id) => vocabulary.hasPiece(id)),
    ...postProcessorIds(vocabulary.json['post_processor']),
  ];

  const before = new Map<string, Int32Array>();
  let done = 0;
  for (const text of options.keepTexts) {
    if (!before.has(text)) before.set(text, tokenizer.encode(text));
    done += 1;
    if (done % textSlice === 0) yield { what: 'reading texts', done };
  }
  const used = new Map<number, number>();
  for (const ids of before.values()) for (const id of ids) used.set(id, (used.get(id) ?? 0) + 1);
  const { kept, required } = choosePieces(vocabulary, { used, special, size, keepExtraIds, dropRare });

  const idMap = new Int32Array(config.vocab_size).fill(-1);
  kept.forEach((old, id) => (idMap[old] = id));
  const tokenizerFiles = reduceTokenizerFiles(student.tokenizerFiles, vocabulary.json, idMap);
  const map = (id: number): number => newId(id, idMap) ?? id;
  const reducedConfig: T5Config = {
    ...config,
    vocab_size: kept.length,
    pad_token_id: map(config.pad_token_id),
    eos_token_id: map(config.eos_token_id),
    decoder_start_token_id: map(config.decoder_start_token_id),
  };
  const reducedTokenizer = parseTokenizer(
    {
      tokenizer: tokenizerFiles['tokenizer.json']!,
      config: tokenizerFiles['tokenizer_config.json'] ?? null,
    },
    { endId: reducedConfig.eos_token_id },
  );
  checkPieces(vocabulary, kept, reducedTokenizer);
  yield* checkTexts(before, idMap, reducedTokenizer);

  const rare = droppedOf(used, idMap);
  const report: VocabularyReport = {
    before: config.vocab_size,
    after: kept.length,
    texts: before.size,
    used: used.size,
    required,
    ...rare,
    notes: notesOn({ vocabulary, idMap, size, required, mentioned, ...rare }),
  };
  const generationConfigText =
    student.generationConfigText === null ? null : renumberIds(student.generationConfigText, idMap);
  return {
    idMap,
    report,
    student: {
      ...student,
      config: reducedConfig,
      rawConfig: {
        ...(JSON.parse(renumberIds(rawText, idMap)) as Record<string, unknown>),
        vocab_size: kept.length,
      },
      weights: reduceRows(student.weights, kept, config.d_model),
      tokenizer: reducedTokenizer,
      tokenizerFiles,
      generationConfigText,
      generationConfig:
        generationConfigText === null ? null : (JSON.parse(generationConfigText) as Record<string, unknown>),
      notes: [
        ...student.notes,
        `The vocabulary was reduced from ${formatCount(report.before)} to ${formatCount(report.after)} pieces.`,
        ...report.notes,
      ],
    },
  };
}

/** @throws InputError where one has no piece. */
function specialIds(config: T5Config, vocabulary: Vocabulary): number[] {
  const named: [string, number | null][] = [
    ['padding (pad_token_id)', config.pad_token_id],
    ['the end (eos_token_id)', config.eos_token_id],
    ['the decoder’s start (decoder_start_token_id)', config.decoder_start_token_id],
    ['unknown characters (unk_id)', vocabulary.unknownId],
  ];
  return named.map(([name, id]) => {
    if (id !== null && vocabulary.hasPiece(id)) return id;
    throw new InputError(
      `The tokenizer has no special piece for ${name}${id === null ? '' : `: id ${id} has none`}, and a vocabulary cannot be reduced without it.`,
      'Use the tokenizer and the config.json of the same model.',
      { file: 'tokenizer.json' },
    );
  });
}

/** Rows of both embeddings. */
function reduceRows(weights: Weights, kept: Int32Array, width: number): Weights {
  return new Map(
    [...weights].map(([name, values]) => {
      if (name !== 'shared.weight' && name !== 'lm_head.weight') return [name, values];
      const rows = new Float32Array(kept.length * width); // [V, D]
      kept.forEach((old, id) => rows.set(values.subarray(old * width, (old + 1) * width), id * width));
      return [name, rows];
    }),
  );
}

function droppedOf(
  used: ReadonlyMap<number, number>,
  idMap: Int32Array,
): Pick<VocabularyReport, 'droppedUsed' | 'droppedShare'> {
  let tokens = 0;
  let droppedTokens = 0;
  let droppedUsed = 0;
  for (const [id, uses] of used) {
    tokens += uses;
    if (newId(id, idMap) !== null) continue;
    droppedUsed += 1;
    droppedTokens += uses;
  }
  return { droppedUsed, droppedShare: tokens === 0 ? 0 : droppedTokens / tokens };
}

const cannotReduce = 'Keep the whole vocabulary of this student, and reduce its layers instead.';

function checkPieces(vocabulary: Vocabulary, kept: Int32Array, tokenizer: Tokenizer): void {
  kept.forEach((old, id) => {
    const piece = vocabulary.pieces[old] ?? null;
    // One of several equal pieces cannot be asked for by its id.
    if (piece === null || !vocabulary.isReached(old) || tokenizer.piece(id) === piece) return;
    throw new InputError(
      `The ids of this tokenizer do not follow from its pieces ("${piece}" has ${old}), so that they cannot be renumbered.`,
      cannotReduce,
      { file: 'tokenizer.json' },
    );
  });
}

function* checkTexts(
  before: ReadonlyMap<string, Int32Array>,
  idMap: Int32Array,
  tokenizer: Tokenizer,
): Generator<VocabularyProgress, void> {
  let done = 0;
  for (const [text, ids] of before) {
    done += 1;
    if (done % textSlice === 0) yield { what: 'checking texts', done };
    if (ids.some((id) => newId(id, idMap) === null)) continue;
    const after = tokenizer.encode(text);
    if (after.length === ids.length && after.every((id, at) => id === idMap[ids[at]!])) continue;
    const start = text.length > 60 ? `${text.slice(0, 60)}…` : text;
    throw new InputError(
      `With fewer pieces the tokenizer would read this text in another way: "${start}".`,
      cannotReduce,
      { file: 'tokenizer.json' },
    );
  }
}

function notesOn(facts: {
  vocabulary: Vocabulary;
  idMap: Int32Array;
  size: number | null;
  required: number;
  mentioned: readonly number[];
  droppedUsed: number;
  droppedShare: number;
}): string[] {
  const { vocabulary, idMap, size, required, mentioned, droppedUsed, droppedShare } = facts;
  const notes: string[] = [];
  const after = idMap.reduce((count, id) => count + (id === -1 ? 0 : 1), 0);
  if (size !== null && size < required) {
    notes.push(
      `${formatCount(size)} pieces were asked for, but ${formatCount(required)} must be kept: what the texts use, special pieces and single characters. These were kept.`,
    );
  }
  if (size !== null && size > after) {
    notes.push(`${formatCount(size)} pieces were asked for, but there are only ${formatCount(after)}.`);
  }
  if (droppedUsed > 0) {
    notes.push(
      `Dropped although the texts use them: ${formatCount(droppedUsed)} of their pieces, ${formatPercent(droppedShare)} of their tokens. Words with these are now spelled with shorter pieces.`,
    );
  }
  const sentinels = [...vocabulary.addedIds].filter(
    (id) => newId(id, idMap) === null && isExtraId(vocabulary.pieces[id] ?? ''),
  ).length;
  if (sentinels > 0) {
    notes.push(
      `The sentinels <extra_id_…> (${formatCount(sentinels)}), which only T5’s pre-training uses, were dropped.`,
    );
  }
  const lost = [...new Set(mentioned)].filter((id) => newId(id, idMap) === null);
  if (lost.length > 0) {
    notes.push(
      `The configuration mentions ids without a piece (${lost.slice(0, 3).join(', ')}${lost.length > 3 ? ', …' : ''}); they were left as they are.`,
    );
  }
  return notes;
}
