/** Generic rows: an input and its label, with the teacher's rationale and label beside them where there are any. */
import { layoutTitles } from '../layout-titles.ts';
import { Cells, findColumn, noColumns, reading } from './cells.ts';
import type { DatasetLayout } from './layout.ts';

export const rows: DatasetLayout = {
  kind: 'dataset',
  layout: 'rows',
  title: layoutTitles['rows'],
  required: ['input', 'label'],
  optional: ['rationale', 'teacherLabel'],
  // Beside an instruction, `input` is a context only.
  matches: (record) => findColumn(record, 'instruction', 'question', 'prompt') === null,
  read(value, context) {
    return reading(() => {
      const cells = new Cells(value, context, 'a generic row').need('input', 'label');
      const teacher = cells.answer('teacherLabel');
      if (value['rationalised'] === true) context.tell('rationalised');
      return {
        ...noColumns,
        id: cells.id(),
        input: cells.filled('write what the student is given, or leave the row out', 'input'),
        label: cells.gold('label'),
        // A blank rationale explains nothing: the example goes without.
        rationale: cells.text('rationale'),
        teacherLabel: teacher,
        choices:
          Object.hasOwn(value, 'choices') && Array.isArray(value['choices']) ? cells.list('choices') : null,
      };
    });
  },
};
