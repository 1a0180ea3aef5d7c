/**
 * Token ids that `config.json` and `generation_config.json` mention. They are renumbered within the text, because for
 * Python, which reads it, 1.0 is not 1: reading and writing the JSON would turn one into the other.
 */

const mentions =
  /("(?:\w+_token_id|suppress_tokens|begin_suppress_tokens|bad_words_ids|force_words_ids)"\s*:\s*)(\d+|\[[\d\s,[\]]*\])/g;

/** Every id in the text of a configuration: `eos_token_id`, `suppress_tokens` and their like. */
export function mentionedIds(text: string): number[] {
  return [...text.matchAll(mentions)].flatMap(([, , value]) => [...value!.matchAll(/\d+/g)].map(Number));
}

/** The text with its ids mapped; ids that `idMap` has no place for stay as they are. */
export function renumberIds(text: string, idMap: Int32Array): string {
  return text.replace(mentions, (_, key: string, value: string) => {
    return key + value.replace(/\d+/g, (id) => String(newId(Number(id), idMap) ?? id));
  });
}

/** Where an id went, null where it was dropped or never was. */
export function newId(id: number, idMap: Int32Array): number | null {
  const to = idMap[id] ?? -1;
  return to === -1 ? null : to;
}
