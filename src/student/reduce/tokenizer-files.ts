/** A tokenizer's files, rewritten for a vocabulary of which some pieces are left. */
import { isExtraId, type TokenizerJson } from './tokenizer-json.ts';
import { newId } from './token-ids.ts';

type Json = Record<string, unknown>;

function isJson(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** `[token, id]`, as two of the post-processors name their tokens. */
function renumberPair(value: unknown, idMap: Int32Array): unknown {
  if (!Array.isArray(value) || typeof value[1] !== 'number') return value;
  return [value[0] as unknown, newId(value[1], idMap) ?? value[1]];
}

function idsOfTemplate(value: unknown): number[] {
  const ids = isJson(value) ? value['ids'] : [];
  return Array.isArray(ids) ? ids.filter((id) => typeof id === 'number') : [];
}

/** Ids that a post-processor adds to texts. */
export function postProcessorIds(processor: unknown): number[] {
  if (!isJson(processor)) return [];
  const { processors, special_tokens: templates, sep, cls } = processor;
  const pairs = [sep, cls].flatMap((pair) => (Array.isArray(pair) ? [pair[1] as unknown] : []));
  return [
    ...(Array.isArray(processors) ? processors.flatMap(postProcessorIds) : []),
    ...(isJson(templates) ? Object.values(templates).flatMap(idsOfTemplate) : []),
    ...pairs.filter((id) => typeof id === 'number'),
  ];
}

function renumberPostProcessor(processor: unknown, idMap: Int32Array): unknown {
  if (!isJson(processor)) return processor;
  const renumbered = { ...processor };
  const { processors, special_tokens: templates } = processor;
  if (Array.isArray(processors))
    renumbered['processors'] = processors.map((part) => renumberPostProcessor(part, idMap));
  if (isJson(templates)) {
    renumbered['special_tokens'] = Object.fromEntries(
      Object.entries(templates).map(([token, template]) => [
        token,
        isJson(template)
          ? { ...template, ids: idsOfTemplate(template).map((id) => newId(id, idMap) ?? id) }
          : template,
      ]),
    );
  }
  for (const key of ['sep', 'cls']) {
    if (key in processor) renumbered[key] = renumberPair(processor[key], idMap);
  }
  return renumbered;
}

function reduceTokenizer(json: TokenizerJson, idMap: Int32Array): string {
  const { model, added_tokens, padding } = json;
  const unknownId = model.unk_id ?? null;
  return JSON.stringify({
    ...json,
    ...(isJson(padding) && typeof padding['pad_id'] === 'number'
      ? { padding: { ...padding, pad_id: newId(padding['pad_id'], idMap) ?? padding['pad_id'] } }
      : {}),
    added_tokens: (added_tokens ?? []).flatMap((token) => {
      const id = newId(token.id, idMap);
      return id === null ? [] : [{ ...token, id }];
    }),
    post_processor: renumberPostProcessor(json['post_processor'], idMap),
    model: {
      ...model,
      unk_id: unknownId === null ? null : newId(unknownId, idMap),
      vocab: model.vocab.filter((_, id) => newId(id, idMap) !== null),
    },
  });
}

/** A list of tokens, as texts or objects, without the dropped ones. */
function withoutDropped(value: unknown, dropped: ReadonlySet<string>): unknown {
  if (!Array.isArray(value)) return value;
  return value.filter((token: unknown) => {
    const content = isJson(token) ? token['content'] : token;
    return typeof content !== 'string' || !dropped.has(content);
  });
}

const tokenLists = ['additional_special_tokens', 'extra_special_tokens'];

function reduceTokenLists(json: Json, dropped: ReadonlySet<string>): Json {
  const reduced = { ...json };
  for (const key of tokenLists) if (key in json) reduced[key] = withoutDropped(json[key], dropped);
  return reduced;
}

/**
 * `extra_ids` is written out: transformers' T5 tokenizer otherwise adds 100 sentinels of its own behind the vocabulary,
 * where the student has no rows, or refuses a number that its list of tokens does not confirm.
 */
function reduceTokenizerConfig(
  json: Json,
  idMap: Int32Array,
  dropped: ReadonlySet<string>,
  extraIds: number,
): Json {
  const reduced = reduceTokenLists(json, dropped);
  const decoder = json['added_tokens_decoder'];
  if (isJson(decoder)) {
    reduced['added_tokens_decoder'] = Object.fromEntries(
      Object.entries(decoder).flatMap(([id, token]) => {
        const to = newId(Number(id), idMap);
        return to === null ? [] : [[String(to), token]];
      }),
    );
  }
  if ('extra_ids' in json || dropped.size > 0) reduced['extra_ids'] = extraIds;
  return reduced;
}

function reduceAddedTokens(json: Json, idMap: Int32Array): Json {
  return Object.fromEntries(
    Object.entries(json).flatMap(([token, id]) => {
      const to = typeof id === 'number' ? newId(id, idMap) : null;
      return to === null ? [] : [[token, to]];
    }),
  );
}

/** How transformers writes "no limit", an integer that JavaScript can only write as a float. */
const noLimit = '1000000000000000019884624838656';

function jsonText(value: Json): string {
  return `${JSON.stringify(value, null, 2)}\n`.replace(/("model_max_length": )1e\+30/, `$1${noLimit}`);
}

function parse(text: string): Json {
  const value: unknown = JSON.parse(text);
  return isJson(value) ? value : {};
}

/**
 * The files of a student's tokenizer with the pieces that are left. Pieces, scores and every rule about text stay as
 * they were; ids in all files are the new ones.
 * @param idMap New id by old id, -1 where dropped; order is kept.
 */
export function reduceTokenizerFiles(
  files: Readonly<Record<string, string>>,
  json: TokenizerJson,
  idMap: Int32Array,
): Record<string, string> {
  const added = json.added_tokens ?? [];
  const isDropped = ({ id }: { id: number }): boolean => newId(id, idMap) === null;
  const dropped = new Set(added.filter(isDropped).map(({ content }) => content));
  const extraIds = added.filter((token) => isExtraId(token.content) && !isDropped(token)).length;
  const reduced: Record<string, string> = { ...files, 'tokenizer.json': reduceTokenizer(json, idMap) };
  const configText = files['tokenizer_config.json'];
  if (configText !== undefined || dropped.size > 0) {
    const config = reduceTokenizerConfig(parse(configText ?? '{}'), idMap, dropped, extraIds);
    reduced['tokenizer_config.json'] = jsonText(config);
  }
  const map = files['special_tokens_map.json'];
  if (map !== undefined) reduced['special_tokens_map.json'] = jsonText(reduceTokenLists(parse(map), dropped));
  const addedTokens = files['added_tokens.json'];
  if (addedTokens !== undefined)
    reduced['added_tokens.json'] = jsonText(reduceAddedTokens(parse(addedTokens), idMap));
  return reduced;
}

/** What tokenizer_config.json calls these pieces. */
export interface NamedPieces {
  eos_token: string;
  pad_token: string;
  unk_token: string | null;
}

/**
 * The files of a student's tokenizer with another `tokenizer.json` and more tokens, which are taken out of a text before
 * it is normalised, and are text like any other: not special.
 *
 * `tokenizer_config.json` then names the class that takes tokenizer.json as it is. transformers 5 makes a `T5Tokenizer`
 * again from the pieces alone, with its own rules of white space, in which line breaks are lost.
 */
export function withAddedTokens(
  files: Readonly<Record<string, string>>,
  json: TokenizerJson,
  tokens: readonly { id: number; content: string }[],
  named: NamedPieces,
): Record<string, string> {
  const rules = { single_word: false, lstrip: false, rstrip: false, normalized: false, special: false };
  const added_tokens = [
    ...(json.added_tokens ?? []),
    ...tokens.map(({ id, content }) => ({ id, content, ...rules })),
  ];
  const config = parse(files['tokenizer_config.json'] ?? '{}');
  const decoder = config['added_tokens_decoder'];
  const more = tokens.map(({ id, content }) => [String(id), { content, ...rules }] as const);
  const changed: Record<string, string> = {
    ...files,
    'tokenizer.json': JSON.stringify({ ...json, added_tokens }),
    'tokenizer_config.json': jsonText({
      ...named,
      ...config,
      ...(isJson(decoder) ? { added_tokens_decoder: { ...decoder, ...Object.fromEntries(more) } } : {}),
      model_input_names: ['input_ids', 'attention_mask'],
      tokenizer_class: 'PreTrainedTokenizerFast',
    }),
  };
  const addedText = files['added_tokens.json'];
  if (addedText !== undefined) {
    const byContent = Object.fromEntries(tokens.map(({ id, content }) => [content, id]));
    changed['added_tokens.json'] = jsonText({ ...parse(addedText), ...byContent });
  }
  return changed;
}
