/** What reduction has to know of a `tokenizer.json` (the format of Hugging Face's `tokenizers`, Unigram models). */
import { z } from '../../base/schemas.ts';
import { InputError } from '../../base/errors.ts';

const schema = z.looseObject({
  added_tokens: z.array(z.looseObject({ id: z.int().min(0), content: z.string() })).nullish(),
  model: z.looseObject({
    type: z.literal('Unigram').optional(),
    unk_id: z.int().min(0).nullish(),
    byte_fallback: z.boolean().nullish(),
    vocab: z.array(z.tuple([z.string(), z.number()])),
  }),
});

/** The file's object; keys that are not listed here are carried along. */
export type TokenizerJson = z.infer<typeof schema>;

/** T5's sentinels, which only its pre-training uses. */
export function isExtraId(content: string): boolean {
  return /^<extra_id_\d+>$/.test(content);
}

/** @throws InputError where the model is no Unigram model. */
export function readTokenizerJson(text: string): TokenizerJson {
  const file = 'tokenizer.json';
  // A tokenizer was made from this text already, so that it is JSON and an object.
  const value = JSON.parse(text) as { model?: { type?: unknown } | null };
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const type = value.model?.type;
  if (typeof type === 'string' && type !== 'Unigram') {
    throw new InputError(
      `The tokenizer is a ${type} model; only Unigram vocabularies, which T5 has, can be reduced.`,
      'Keep the whole vocabulary, and reduce the layers instead.',
      { file },
    );
  }
  const issue = parsed.error.issues[0];
  throw new InputError(
    `\`${issue?.path.join('.') ?? ''}\` is not as a Unigram tokenizer has it (${issue?.message ?? 'not valid'}).`,
    'Save it again in Python: `AutoTokenizer.from_pretrained(folder).save_pretrained(folder)`.',
    { file },
  );
}

/** All pieces by id, those of the model and those added to it. */
export class Vocabulary {
  readonly json: TokenizerJson;
  /** Null where an id has no piece; T5 pads its vocabulary with such rows. */
  readonly pieces: readonly (string | null)[];
  /** The model's log-probabilities; it has fewer than there are pieces where some were only added. */
  readonly scores: readonly number[];
  /** Id of the piece that stands for unknown characters, null where there is none. */
  readonly unknownId: number | null;
  readonly addedIds: ReadonlySet<number>;
  /** A text becomes the last of several equal pieces. */
  readonly #idOf: ReadonlyMap<string, number>;

  /** @param rows `vocab_size` of the student. */
  constructor(json: TokenizerJson, rows: number) {
    this.json = json;
    const { vocab, unk_id } = json.model;
    const pieces = Array.from({ length: rows }, (_, id): string | null => vocab[id]?.[0] ?? null);
    this.scores = vocab.map(([, score]) => score);
    this.unknownId = unk_id ?? null;
    const idOf = new Map(vocab.map(([piece], id) => [piece, id]));
    for (const { id, content } of json.added_tokens ?? []) {
      pieces[id] = content;
      idOf.set(content, id);
    }
    this.addedIds = new Set((json.added_tokens ?? []).map(({ id }) => id));
    this.pieces = pieces;
    this.#idOf = idOf;
  }

  hasPiece(id: number): boolean {
    return (this.pieces[id] ?? null) !== null;
  }

  /** Whether texts are given this id for its piece, and not that of a later, equal piece. */
  isReached(id: number): boolean {
    return this.#idOf.get(this.pieces[id] ?? '') === id;
  }

  idOf(piece: string): number | null {
    return this.#idOf.get(piece) ?? null;
  }
}
