/** A teacher's files: rationales with labels, explanations alone, answers of a batch server. */
import { layoutTitles } from '../layout-titles.ts';
import { readAnswer } from '../completions.ts';
import { Cells, findColumn, isObject, reading, refuse } from './cells.ts';
import { inputNames } from '../roles.ts';
import type { JsonObject, RationalesLayout } from './layout.ts';

/** Whether a record has a column that a student could be given. */
function hasInput(record: JsonObject): boolean {
  return findColumn(record, ...inputNames) !== null;
}

/**
 * `{rationale, label}`, as `PaLM_CoT_{split}.json` has them, one row for each row of the dataset. A blank label is kept:
 * the teacher's parser found no answer there, which is wrong.
 */
export const rationales: RationalesLayout = {
  kind: 'rationales',
  layout: 'rationales',
  title: layoutTitles['rationales'],
  required: ['rationale', 'label'],
  optional: [],
  matches: (record) => !hasInput(record),
  read(value, context) {
    return reading(() => {
      const cells = new Cells(value, context, 'a row of rationales').need('rationale', 'label');
      const label = cells.answer('label');
      if (label === null) return refuse('“label” is null, but has to be text; write it as such');
      return { id: cells.id(), input: null, rationale: cells.text('rationale'), label, completion: null };
    });
  },
};

export const explanations: RationalesLayout = {
  kind: 'rationales',
  layout: 'explanations',
  title: layoutTitles['explanations'],
  required: ['explanation'],
  optional: ['id'],
  matches: (record) => !hasInput(record),
  read(value, context) {
    return reading(() => {
      const cells = new Cells(value, context, 'an explanation').need('explanation');
      const inner = cells.raw('explanation').value;
      const rationale = isObject(inner)
        ? new Cells(inner, context, 'an explanation').text('open-ended', 'text')
        : cells.text('explanation');
      return { id: cells.id(), input: null, rationale, label: cells.answer('label'), completion: null };
    });
  },
};

/** The answers of OpenAI's batch endpoint, in whatever order they came: `custom_id` names the row. */
export const batchOutput: RationalesLayout = {
  kind: 'rationales',
  layout: 'batch-output',
  title: layoutTitles['batch-output'],
  required: ['custom_id', 'response'],
  optional: ['error'],
  read(value, context) {
    return reading(() => {
      const cells = new Cells(value, context, 'an answer of a batch').need('custom_id', 'response');
      const content = contentOf(cells.raw('response').value);
      if (content === null) {
        const error = cells.raw('error').value;
        const words =
          isObject(error) && typeof error['message'] === 'string'
            ? `: ${error['message'].slice(0, 200)}`
            : '';
        return refuse(`the server gave no answer${words}; ask it again`);
      }
      const { rationale, label } = readAnswer(content, null, true);
      return { id: cells.id('custom_id'), input: null, rationale, label: label ?? '', completion: content };
    });
  },
};

function contentOf(response: unknown): string | null {
  const body = isObject(response) ? (response['body'] ?? response) : null;
  const choices = isObject(body) ? body['choices'] : null;
  const first: unknown = Array.isArray(choices) ? choices[0] : null;
  const message = isObject(first) ? first['message'] : null;
  const content = isObject(message) ? message['content'] : null;
  return typeof content === 'string' ? content : null;
}
