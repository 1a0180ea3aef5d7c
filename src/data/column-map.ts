/**
 * Columns by their role: said by a person (`--map input=…,label=…`) or guessed from their names. The input is a column
 * or a small template: `{question}\nAnswer Choices:\n{choices:(a) {}}`.
 */
import { InputError } from '../base/errors.ts';
import { composeInput, mostChoices } from './choices.ts';
import {
  Cells,
  findColumn,
  isObject,
  noColumns,
  plainName,
  plainText,
  reading,
  refuse,
} from './layouts/cells.ts';
import type { AnyLayout, DatasetLayout, JsonObject, RationalesLayout } from './layouts/layout.ts';
import { answerAmong, choicesOf } from './layouts/questions.ts';
import { choicesNames, inputNames, labelNames, rationaleNames, teacherLabelNames } from './roles.ts';
import { listed } from './words.ts';

export const roles = ['input', 'label', 'rationale', 'teacherLabel', 'id', 'choices', 'split'] as const;
export type Role = (typeof roles)[number];
/** Which column has which role; `input` may be a template. */
export type ColumnMap = Partial<Record<Role, string>>;

const eachRole = /(?:^|,)\s*(input|label|rationale|teacherLabel|id|choices|split)\s*=/g;

/**
 * Reads `input=…,label=…`; a comma within a value is kept, `\n` is a line break.
 * @throws InputError where it names no role.
 */
export function parseColumnMap(text: string): ColumnMap {
  const map: ColumnMap = {};
  const found = [...text.matchAll(eachRole)];
  if (found[0]?.index !== 0) {
    throw new InputError(
      `The map “${text}” does not begin with a role and its column.`,
      `Write ROLE=COLUMN with commas between, the roles being ${listed(roles)}.`,
    );
  }
  for (const [index, match] of found.entries()) {
    const value = text
      .slice(match.index + match[0].length, found[index + 1]?.index)
      .replaceAll('\\n', '\n')
      .replaceAll('\\t', '\t');
    const role = match[1] as Role;
    if (value.trim() === '')
      throw new InputError(`The map gives “${role}” no column.`, 'Write the column’s name after “=”.');
    if (map[role] !== undefined)
      throw new InputError(`The map gives “${role}” two columns.`, 'Give each role one.');
    map[role] = value;
  }
  return map;
}

/** `input=…,label=…`, as `parseColumnMap` reads it. */
export function formatColumnMap(map: ColumnMap): string {
  return roles
    .filter((role) => map[role] !== undefined)
    .map((role) => `${role}=${map[role]!.replaceAll('\n', '\\n').replaceAll('\t', '\\t')}`)
    .join(',');
}

/** Columns that most records have, in the order of the first. */
function columnsOf(records: readonly JsonObject[]): string[] {
  const counts = new Map<string, number>();
  for (const record of records)
    for (const column of Object.keys(record)) counts.set(column, (counts.get(column) ?? 0) + 1);
  return [...counts].filter(([, count]) => count * 2 >= records.length).map(([column]) => column);
}

/** The roles that columns have by their names; null where there is no input, or nothing to learn from it. */
export function guessColumnMap(records: readonly JsonObject[]): ColumnMap | null {
  const guess = rolesByName(records);
  if (guess.input === undefined) return null;
  return guess.label === undefined && guess.rationale === undefined && guess.teacherLabel === undefined
    ? null
    : guess;
}

/**
 * A map to begin with, where a person is asked: the roles that names tell, and else the longest text for the input, as a
 * template.
 */
export function suggestColumnMap(records: readonly JsonObject[]): ColumnMap {
  const guess = rolesByName(records);
  const [choices] = guess.choices === undefined ? choicePatterns(columnsOf(records)) : [];
  if (choices !== undefined) guess.choices = choices;
  const taken = new Set(Object.values(guess));
  if (choices !== undefined) for (const column of starred(columnsOf(records), choices)) taken.add(column);
  const length = (column: string): number =>
    records.reduce((sum, { [column]: value }) => sum + (typeof value === 'string' ? value.length : 0), 0);
  const [longest] = columnsOf(records)
    .filter((column) => !taken.has(column) && length(column) > 0)
    .sort((a, b) => length(b) - length(a));
  const input = guess.input ?? longest;
  if (input === undefined) return guess;
  const asked = braced(input);
  return {
    ...guess,
    input: guess.choices === undefined ? asked : `${asked}\nAnswer Choices:\n{${guess.choices}:(a) {}}`,
  };
}

/** A column's name as a template has it. */
export function braced(column: string): string {
  return `{${column}}`;
}

/** Columns that a map names and a file lacks. @throws InputError where the input's template cannot be read. */
export function missingColumns(map: ColumnMap, columns: readonly string[]): string[] {
  const record = Object.fromEntries(columns.map((column) => [column, {}]));
  const { input, ...others } = map;
  const paths =
    input === undefined
      ? []
      : input.includes('{')
        ? parseTemplate(input).flatMap((part) => (part.kind === 'text' ? [] : [part.path]))
        : [input];
  return [...paths, ...Object.values(others)].filter(
    (path) =>
      findColumn(record, path) === null &&
      findColumn(record, path.split('.')[0]!) === null &&
      starred(columns, path).length === 0,
  );
}

function rolesByName(records: readonly JsonObject[]): ColumnMap {
  const free = columnsOf(records);
  const take = (names: readonly string[]): string | undefined => {
    for (const name of names) {
      const at = free.findIndex((column) => plainName(column) === plainName(name));
      if (at !== -1) return free.splice(at, 1)[0];
    }
    return undefined;
  };
  const guess: ColumnMap = {};
  const set = (role: Role, column: string | undefined): void => {
    if (column !== undefined) guess[role] = column;
  };
  set('input', take(inputNames));
  set('choices', take(choicesNames));
  set('label', take(labelNames));
  set('rationale', take(rationaleNames));
  set('teacherLabel', take(teacherLabelNames));
  set('id', take(['id', 'qid', 'uid', 'pairid', 'customid', 'idx', 'index']));
  return guess;
}

type Part =
  | { kind: 'text'; text: string }
  | { kind: 'column'; path: string }
  /** Each entry of a list on a line, after its letter or number. */
  | { kind: 'list'; path: string; before: string; after: string };

/**
 * A template's parts. Braces hold a column or a path (`{question.stem}`); `{choices:(a) {}}` writes a list, a line each;
 * `{{` and `}}` are braces.
 * @throws InputError where a brace is not closed or names nothing.
 */
export function parseTemplate(template: string): Part[] {
  const parts: Part[] = [];
  const text = (more: string): void => {
    const last = parts.at(-1);
    if (last?.kind === 'text') last.text += more;
    else parts.push({ kind: 'text', text: more });
  };
  for (let at = 0; at < template.length;) {
    const two = template.slice(at, at + 2);
    if (two === '{{' || two === '}}') {
      text(two[0]!);
      at += 2;
    } else if (template[at] !== '{') {
      text(template[at]!);
      at += 1;
    } else {
      const end = closingBrace(template, at);
      if (end === -1)
        throw new InputError(
          `The template “${template}” has a brace that is not closed.`,
          'Close it, or write {{ for a brace.',
        );
      const inside = template.slice(at + 1, end);
      const list = /^([^:]*):([^]*?)\{\}([^]*)$/.exec(inside);
      const path = (list?.[1] ?? inside).trim();
      if (path === '')
        throw new InputError(
          `The template “${template}” has braces without a column.`,
          'Write a column’s name between them.',
        );
      if (list === null) parts.push({ kind: 'column', path });
      else parts.push({ kind: 'list', path, before: list[2]!, after: list[3]! });
      at = end + 1;
    }
  }
  return parts;
}

function closingBrace(template: string, from: number): number {
  let depth = 0;
  for (let at = from; at < template.length; at += 1) {
    if (template[at] === '{') depth += 1;
    else if (template[at] === '}') depth -= 1;
    if (depth === 0) return at;
  }
  return -1;
}

/** The columns that a name with one star stands for: `option_*` for `option_a` and `option_b`. */
function starred(columns: readonly string[], path: string): string[] {
  const [before, after, ...more] = path.split('*');
  if (before === undefined || after === undefined || more.length > 0) return [];
  return columns.filter(
    (column) =>
      column.length > before.length + after.length && column.startsWith(before) && column.endsWith(after),
  );
}

/** Names with a star for columns that hold one choice each: two or more that end in a, b … or 1, 2 …. */
export function choicePatterns(columns: readonly string[]): string[] {
  const stems = new Map<string, string[]>();
  for (const column of columns) {
    const [, stem, mark] = /^(.*[^A-Za-z0-9]|.*[a-z](?=[A-Z0-9]$)|)([A-Za-z]|\d)$/.exec(column) ?? [];
    if (stem === undefined || mark === undefined || stem === '') continue;
    stems.set(stem, [...(stems.get(stem) ?? []), mark]);
  }
  return [...stems].flatMap(([stem, marks]) => {
    const from = marks[0]!.charCodeAt(0);
    const inTurn = marks.every((mark, index) => mark.charCodeAt(0) === from + index);
    return marks.length >= 2 && 'aA01'.includes(marks[0]!) && inTurn ? [`${stem}*`] : [];
  });
}

/**
 * The value under a column's name, or else under a path with dots; null where there is none. A name with a star gives
 * what is in the columns that it stands for, by what stands for the star; blank ones are left out.
 */
function lookUp(
  record: JsonObject,
  path: string,
): { column: string; value: unknown; columns?: readonly string[] } | null {
  const column = findColumn(record, path);
  if (column !== null) return { column, value: record[column] };
  const columns = starred(Object.keys(record), path);
  if (columns.length > 0) {
    const start = path.indexOf('*');
    const filled = columns.filter((one) => (plainText(record[one]) ?? '').trim() !== '');
    const end = path.length - start - 1;
    const value = Object.fromEntries(filled.map((one) => [one.slice(start, one.length - end), record[one]]));
    return { column: path, value, columns };
  }
  const [first, ...rest] = path.split('.');
  const start = findColumn(record, first!);
  if (start === null || rest.length === 0) return null;
  let value: unknown = record[start];
  for (const key of rest) {
    if (Array.isArray(value) && /^\d+$/.test(key)) value = value[Number(key)] as unknown;
    else if (isObject(value) && Object.hasOwn(value, key)) value = value[key];
    else return null;
  }
  return { column: start, value };
}

/** `(a) `, `(A) `, `a. ` or `1. ` for the entry at `index`: the first a, A or 1 counts up. */
function numbered(before: string, index: number): string {
  return before.replace(/(?<![A-Za-z0-9])[aA1](?![A-Za-z0-9])/, (mark) =>
    mark === '1' ? String(index + 1) : String.fromCharCode(mark.charCodeAt(0) + index),
  );
}

function fill(parts: readonly Part[], cells: Cells): string {
  return parts
    .map((part) => {
      if (part.kind === 'text') return part.text;
      const found = lookUp(cells.value, part.path);
      if (found === null)
        return refuse(
          `it has no column “${part.path}”, which the map needs; fix the map or leave the row out`,
        );
      for (const column of found.columns ?? [found.column]) cells.context.use(column);
      if (part.kind === 'list') {
        const { texts } = choicesOf(cells, found.value, found.column);
        return texts.map((entry, index) => `${numbered(part.before, index)}${entry}${part.after}`).join('\n');
      }
      return plainText(found.value) ?? '';
    })
    .join('');
}

/** Whether a map is of a teacher's file: it names reasons or answers, and no true ones. */
export function isTeachersMap(map: ColumnMap): boolean {
  return map.label === undefined && (map.rationale !== undefined || map.teacherLabel !== undefined);
}

/** The layout that a map makes. @throws InputError where the input's template cannot be read. */
export function mappedLayout(map: ColumnMap): AnyLayout {
  return isTeachersMap(map) ? mappedTeacher(map) : mappedDataset(map);
}

/** A teacher's answers, one a row; what they answer is found by id, by the input that they repeat, or by position. */
function mappedTeacher(map: ColumnMap): RationalesLayout {
  const { input } = map;
  const parts: Part[] =
    input === undefined ? [] : input.includes('{') ? parseTemplate(input) : [{ kind: 'column', path: input }];
  return {
    kind: 'rationales',
    layout: 'rationales',
    title: 'a teacher’s answers by their columns',
    required: [],
    optional: [],
    read(record, context) {
      return reading(() => {
        const cells = new Cells(record, context, 'a row');
        const value = (role: 'rationale' | 'teacherLabel' | 'id'): unknown => {
          const path = map[role];
          if (path === undefined) return null;
          const found = lookUp(record, path);
          if (found === null)
            return refuse(
              `it has no column “${path}”, which the map needs; fix the map or leave the row out`,
            );
          context.use(found.column);
          return found.value;
        };
        const rationale = plainText(value('rationale')) ?? null;
        const id = plainText(value('id')) ?? null;
        const said = value('teacherLabel');
        return {
          id: id?.trim() ? id : null,
          input: input === undefined ? null : fill(parts, cells),
          rationale: rationale?.trim() ? rationale : null,
          label: map.teacherLabel === undefined ? null : (cells.answerText(said, map.teacherLabel) ?? ''),
          completion: null,
        };
      });
    },
  };
}

function mappedDataset(map: ColumnMap): DatasetLayout {
  const template = map.input ?? 'input';
  const parts: Part[] = template.includes('{')
    ? parseTemplate(template)
    : [{ kind: 'column', path: template }];
  const bare = !template.includes('{');
  const columns = roles.flatMap((role) => (map[role] === undefined || role === 'input' ? [] : [map[role]]));
  const value = (cells: Cells, column: string | undefined): { column: string; value: unknown } => {
    const found = column === undefined ? null : lookUp(cells.value, column);
    for (const used of found?.columns ?? (found === null ? [] : [found.column])) cells.context.use(used);
    return found ?? { column: column ?? '', value: null };
  };
  return {
    kind: 'dataset',
    layout: 'mapped',
    title: 'columns by their role',
    required: columns,
    optional: [],
    read(record, context) {
      return reading(() => {
        const cells = new Cells(record, context, 'a row');
        const text = fill(parts, cells);
        if (text.trim() === '')
          return refuse('its input is blank; write what the student is given, or leave the row out');
        const listed = value(cells, map.choices);
        const choices = listed.value === null ? null : choicesOf(cells, listed.value, listed.column);
        if (map.label !== undefined && lookUp(record, map.label) === null)
          return refuse(`the column “${map.label}” is missing; add it or leave the row out`);
        const gold = value(cells, map.label);
        if (typeof gold.value === 'string' && gold.value.trim() === '')
          return refuse(`“${gold.column}” is blank; write the true answer, or leave the row out`);
        const answer = (role: { column: string; value: unknown }): string | null =>
          choices === null
            ? cells.answerText(role.value, role.column)
            : answerAmong(cells, role.value, role.column, choices);
        const rationale = plainText(value(cells, map.rationale).value) ?? null;
        const id = plainText(value(cells, map.id).value) ?? null;
        value(cells, map.split);
        return {
          ...noColumns,
          id: id?.trim() ? id : null,
          input: bare && choices !== null ? composeInput(text, choices.texts) : text,
          label: answer(gold),
          rationale: rationale?.trim() ? rationale : null,
          teacherLabel: map.teacherLabel === undefined ? null : answer(value(cells, map.teacherLabel)),
          question: choices === null ? null : text,
          choices: choices === null ? null : choices.texts.slice(0, mostChoices),
        };
      });
    },
  };
}
