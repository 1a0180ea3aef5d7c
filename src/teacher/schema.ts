/** The shape of an answer, as JSON Schema, for servers that can hold a model to it. */

/** Sixty words have fewer letters than this; a model that does not end is ended by it. */
const longestRationale = 800;

/** `{rationale, label}`, in this order: the reason comes first. @param labels What a label can be, where it is known. */
export function answerSchema(labels: readonly string[] | null): object {
  return {
    type: 'object',
    properties: {
      rationale: { type: 'string', maxLength: longestRationale },
      label: { type: 'string', ...(labels === null ? {} : { enum: labels }) },
    },
    required: ['rationale', 'label'],
    additionalProperties: false,
  };
}

/** The same without bounds on lengths, which some interfaces refuse. */
export function withoutLengths(schema: object): object {
  return JSON.parse(
    JSON.stringify(schema, (name, value: unknown) => (name === 'maxLength' ? undefined : value)),
  ) as object;
}
