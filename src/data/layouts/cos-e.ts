/**
 * CoS-E v1.11 rows, as the Hugging Face dataset `cos_e` has them: a CommonsenseQA question with five choices and the
 * answer as text. The input is composed as the authors of Distilling Step-by-Step do.
 */
import { z } from '../../base/schemas.ts';
import { filledText, readColumns } from './columns.ts';
import type { DatasetLayout } from './layout.ts';

const title = 'a CoS-E row';
const letters = ['a', 'b', 'c', 'd', 'e'] as const;

const schema = z.object({
  question: filledText('write the question, or leave the row out'),
  choices: z.array(z.string()).superRefine((choices, context) => {
    if (choices.length === letters.length) return;
    const count = choices.length === 1 ? '1 entry' : `${choices.length} entries`;
    context.addIssue(`has ${count}, but ${title} has five; mend it, or bring the rows as {input, label}`);
  }),
  answer: filledText('write the true answer, or leave the row out'),
});

/** The student's input: the question, then the choices under their letters. */
export function composeCosE(question: string, choices: readonly string[]): string {
  const lettered = choices.map((choice, index) => `(${letters[index]!}) ${choice}`);
  return `${question}\nAnswer Choices:\n${lettered.join('\n')}`;
}

export const cosE: DatasetLayout = {
  kind: 'dataset',
  layout: 'cos-e',
  title: 'CoS-E rows',
  required: ['question', 'choices', 'answer'],
  optional: [],
  read(value) {
    const reading = readColumns(schema, value, title);
    if (!reading.ok) return reading;
    const { question, choices, answer } = reading.row;
    return {
      ok: true,
      row: {
        input: composeCosE(question, choices),
        label: answer,
        rationale: null,
        teacherLabel: null,
        question,
        choices,
      },
    };
  },
};
