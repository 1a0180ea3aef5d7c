/** What a tokenizer.json says of the end token that T5 puts behind every text, as transformers writes it. */

function ended(id: 'A' | 'B'): object[] {
  return [{ Sequence: { id, type_id: 0 } }, { SpecialToken: { id: '</s>', type_id: 0 } }];
}

/** The post-processor that appends `</s>`. @param endId Its id. */
export function endTemplate(endId: number): object {
  return {
    type: 'TemplateProcessing',
    single: ended('A'),
    pair: [...ended('A'), ...ended('B')],
    special_tokens: { '</s>': { id: '</s>', ids: [endId], tokens: ['</s>'] } },
  };
}
