/** What annotation tools export: Label Studio, Argilla, distilabel; and rows with a raw answer beside the true one. */
import { layoutTitles } from '../layout-titles.ts';
import { choicesWithin } from '../choices.ts';
import { readAnswer } from '../completions.ts';
import { Cells, findColumn, isObject, noColumns, plainText, reading, refuse } from './cells.ts';
import type { DatasetLayout } from './layout.ts';

const inputRemedy = 'write what the student is given, or leave the row out';

export const labelStudio: DatasetLayout = {
  kind: 'dataset',
  layout: 'label-studio',
  title: layoutTitles['label-studio'],
  required: ['data', 'annotations'],
  optional: [],
  matches: (record) => isObject(record['data']) && Array.isArray(record['annotations']),
  read(value, context) {
    return reading(() => {
      const cells = new Cells(value, context, 'a task of Label Studio').need('data', 'annotations');
      const data = cells.raw('data').value;
      const annotations = cells.raw('annotations').value;
      if (!isObject(data) || !Array.isArray(annotations))
        return refuse('“data” or “annotations” is not as exported');
      const input = new Cells(data, context, 'a task’s data').filled(
        inputRemedy,
        'text',
        'question',
        'input',
        'prompt',
      );
      const done = annotations.filter(isObject).find((one) => one['was_cancelled'] !== true);
      const results = Array.isArray(done?.['result']) ? (done['result'] as unknown[]).filter(isObject) : [];
      const valueOf = (type: string, key: string): string | null => {
        const found = results.find((result) => result['type'] === type)?.['value'];
        return isObject(found) ? (plainText(found[key]) ?? null) : null;
      };
      return {
        ...noColumns,
        id: cells.id(),
        input,
        label: valueOf('choices', 'choices')?.trim() ?? null,
        rationale: valueOf('textarea', 'text'),
      };
    });
  },
};

/** Argilla's columns: `label.responses`, `label.responses.status`, `rationale.suggestion`. A key with dots is one key. */
export const argilla: DatasetLayout = {
  kind: 'dataset',
  layout: 'argilla',
  title: layoutTitles['argilla'],
  required: ['text'],
  optional: [],
  matches: (record) => Object.keys(record).some((key) => /^[^.]+\.(?:responses|suggestion)$/.test(key)),
  read(value, context) {
    return reading(() => {
      const cells = new Cells(value, context, 'a record of Argilla');
      const answer = (name: string): string | null => {
        const { value: responses } = cells.raw(`${name}.responses`);
        const { value: states } = cells.raw(`${name}.responses.status`);
        const list = Array.isArray(responses) ? (responses as unknown[]) : [];
        const index = list.findIndex(
          (_, at) => !Array.isArray(states) || states[at] === 'submitted' || states[at] === undefined,
        );
        return index === -1 ? null : (plainText(list[index]) ?? null);
      };
      return {
        ...noColumns,
        id: cells.id(),
        input: cells.filled(inputRemedy, 'text', 'question', 'input', 'prompt', 'instruction'),
        label: answer('label')?.trim() ?? null,
        rationale: answer('rationale') ?? cells.text('rationale.suggestion', 'explanation.suggestion'),
        teacherLabel: cells.answer('label.suggestion'),
      };
    });
  },
};

export const distilabel: DatasetLayout = {
  kind: 'dataset',
  layout: 'distilabel',
  title: layoutTitles['distilabel'],
  required: ['instruction', 'generation'],
  optional: ['model_name'],
  read(value, context) {
    return reading(() => {
      const cells = new Cells(value, context, 'a generation of distilabel').need('instruction', 'generation');
      const input = cells.filled(inputRemedy, 'instruction');
      const { rationale, label } = readAnswer(cells.text('generation') ?? '', choicesWithin(input));
      return {
        ...noColumns,
        id: cells.id(),
        input,
        label: cells.answer('label', 'answer', 'target'),
        rationale,
        teacherLabel: label ?? '',
      };
    });
  },
};

export const genLabel: DatasetLayout = {
  kind: 'dataset',
  layout: 'gen-label',
  title: layoutTitles['gen-label'],
  required: ['input', 'gen_label', 'org_label'],
  optional: [],
  read(value, context) {
    return reading(() => {
      const cells = new Cells(value, context, 'a row with a generated answer').need(
        'input',
        'gen_label',
        'org_label',
      );
      const input = cells.filled(inputRemedy, 'input');
      const { rationale, label } = readAnswer(cells.text('gen_label') ?? '', choicesWithin(input));
      return {
        ...noColumns,
        id: cells.id(),
        input,
        label: cells.gold('org_label'),
        rationale,
        teacherLabel: label ?? '',
      };
    });
  },
};

/** Alpaca: `input` is an optional context there, not what the student is given. */
export const alpaca: DatasetLayout = {
  kind: 'dataset',
  layout: 'alpaca',
  title: layoutTitles['alpaca'],
  required: ['instruction', 'output'],
  optional: ['input', 'answer'],
  matches: (record) => findColumn(record, 'generation') === null,
  read(value, context) {
    return reading(() => {
      const cells = new Cells(value, context, 'an instruction of Alpaca').need('instruction', 'output');
      const instruction = cells.filled(inputRemedy, 'instruction');
      const extra = cells.text('input');
      const output = cells.text('output');
      if (output === null) return refuse('“output” is blank; write the true answer, or leave the row out');
      const found = readAnswer(output, null);
      const marked = found.label !== null;
      return {
        ...noColumns,
        id: cells.id(),
        input: extra === null ? instruction : `${instruction}\n${extra}`,
        label: cells.answer('answer') ?? (marked ? found.label : output.trim()),
        rationale: marked ? found.rationale : null,
      };
    });
  },
};
