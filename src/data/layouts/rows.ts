/** Generic rows: an input and its label, with the teacher's rationale and label beside them where there are any. */
import { z } from '../../base/schemas.ts';
import { filledText, readColumns } from './columns.ts';
import type { DatasetLayout } from './layout.ts';

const schema = z.object({
  input: filledText('write what the student is given, or leave the row out'),
  label: filledText('write the true answer, or leave the row out'),
  rationale: z.string().nullish(),
  teacherLabel: z.string().nullish(),
});

export const rows: DatasetLayout = {
  kind: 'dataset',
  layout: 'rows',
  title: 'generic rows',
  required: ['input', 'label'],
  optional: ['rationale', 'teacherLabel'],
  read(value) {
    const reading = readColumns(schema, value, 'a generic row');
    if (!reading.ok) return reading;
    const { input, label, rationale, teacherLabel } = reading.row;
    return {
      ok: true,
      row: {
        input,
        label,
        // A blank rationale explains nothing: the example goes without.
        rationale: rationale?.trim() ? rationale : null,
        teacherLabel: teacherLabel ?? null,
        question: null,
        choices: null,
      },
    };
  },
};
