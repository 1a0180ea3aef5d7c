/**
 * The teacher's rationales, as `PaLM_CoT_{split}.json` has them: `{rationale, label}`, one row for each row of the
 * dataset, joined by position. A blank label is kept: the teacher's parser found no answer there, which is wrong.
 */
import { z } from '../../base/schemas.ts';
import { readColumns } from './columns.ts';
import type { RationalesLayout } from './layout.ts';

const schema = z.object({ rationale: z.string().nullable(), label: z.string() });

export const rationales: RationalesLayout = {
  kind: 'rationales',
  layout: 'rationales',
  title: 'rationales',
  required: ['rationale', 'label'],
  optional: [],
  read(value) {
    const reading = readColumns(schema, value, 'a row of rationales');
    if (!reading.ok) return reading;
    const { rationale, label } = reading.row;
    return { ok: true, row: { rationale: rationale?.trim() ? rationale : null, label } };
  },
};
