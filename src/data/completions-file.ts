/** A file of texts: a teacher's completions as they came. */
import { formatCount } from '../base/units.ts';
import { faithfulTaskOf, readAnswer, readFaithfully, type CompletionMode } from './completions.ts';
import type { RationaleRow, RationalesFile } from './data-file.ts';
import type { Refusal } from './example.ts';
import { voters } from './layouts.ts';
import type { Note } from './notes.ts';
import type { FileRecord } from '../formats/record.ts';
import { typeInWords } from './words.ts';

/** Whether most of the first records are texts: a teacher's completions as they came. */
export function isCompletions(records: readonly FileRecord[]): boolean {
  const values = records.filter((record) => record.kind === 'value').slice(0, voters);
  return (
    values.length > 0 && values.filter(({ value }) => typeof value === 'string').length * 2 > values.length
  );
}

/** @param mode How they are read. */
export function readCompletions(
  { file, container }: Pick<RationalesFile, 'file' | 'container'>,
  records: readonly FileRecord[],
  notes: Note[],
  mode: CompletionMode,
): RationalesFile {
  const texts = records.flatMap((record) =>
    record.kind === 'value' && typeof record.value === 'string' ? [record.value] : [],
  );
  const task = faithfulTaskOf(texts);
  const refused: Refusal[] = [];
  const rows: RationaleRow[] = [];
  let positions = 0;
  for (const record of records) {
    const { line } = record;
    if (record.kind === 'stray') {
      refused.push({ line, reason: record.reason });
      continue;
    }
    const row = positions;
    positions += 1;
    if (record.kind === 'refused') refused.push({ line, reason: record.reason });
    else if (typeof record.value !== 'string')
      refused.push({
        line,
        reason: `it is ${typeInWords(record.value)}, not a text; write the teacher’s answer`,
      });
    else {
      const completion = record.value;
      const { rationale, label } =
        mode === 'faithful' ? readFaithfully(completion, task) : readAnswer(completion, null);
      rows.push({ row, line, id: null, input: null, rationale, label: label ?? '', completion });
    }
  }
  const blank = rows.filter(({ label }) => label === '').map(({ row }) => row);
  if (blank.length > 0) {
    notes.push({
      kind: 'completion-unread',
      count: blank.length,
      rows: blank,
      text: `${formatCount(blank.length)} of ${formatCount(rows.length)} completions give no answer as ${mode === 'faithful' ? 'the research code reads them' : 'they stand'}`,
    });
  }
  return {
    kind: 'rationales',
    layout: 'completions',
    file,
    container,
    because: `Its ${formatCount(rows.length)} records are texts: a teacher’s completions (${mode === 'faithful' ? `read as the research code does for ${task}` : 'repaired'}).`,
    positions,
    refused,
    notes,
    rows,
    completions: mode,
  };
}
