/** How a delimited text is written: what separates its cells, what quotes mean, whether its first row names columns. */
import { InputError } from '../base/errors.ts';
import { CsvRowReader, type CsvRow, type CsvSyntax } from './csv-rows.ts';
import type { FormatNote } from './record.ts';

export interface CsvDialect extends CsvSyntax {
  /** The columns' names, in order. */
  columns: string[];
  /** Whether the first row holds the names. */
  header: boolean;
  /** Characters before the first row: Excel's line `sep=;`. */
  skip: number;
  notes: FormatNote[];
}

/** What a person said about a file; the rest is found out. */
export interface AskedDialect {
  separator?: CsvSyntax['separator'];
  header?: boolean;
}

/** Rows that are looked at. */
const sampleRows = 50;
/** The share of rows with the same number of cells from which a separator is believed. */
const steadyShare = 0.9;
/** And the one from which it is taken if there is none better: the other rows are refused by line. */
const likelyShare = 0.5;
const shortCell = 40;

const separators = [',', ';', '\t', '|'] as const;
const separatorNames = { ',': 'commas', ';': 'semicolons', '\t': 'tabs', '|': 'bars (“|”)' } as const;

interface Candidate {
  syntax: CsvSyntax;
  rows: CsvRow[];
  cells: number;
  share: number;
}

/**
 * The dialect of a text, or null where no separator makes rows of it.
 *
 * @param sample The text or its start, without a byte order mark. @param whole That it is all of it.
 * @param isKnownName Whether a column is usually called so: such a name in the first row makes it the head.
 * @throws InputError where the head names two columns alike, or a quote never closes.
 */
export function detectDialect(
  file: string,
  sample: string,
  whole: boolean,
  isKnownName: (name: string) => boolean,
  asked: AskedDialect = {},
): CsvDialect | null {
  const told = /^sep=([,;\t|])\r?\n/i.exec(sample);
  const skip = told?.[0].length ?? 0;
  const text = sample.slice(skip);
  const separator = asked.separator ?? (told?.[1] as CsvSyntax['separator'] | undefined);
  const lineEnd = text.includes('\n') || !text.includes('\r') ? '\n' : '\r';
  const tried = (separator === undefined ? separators : [separator])
    .map((each) => candidate(file, text, whole, each, lineEnd))
    .filter((each) => each !== null);
  const best = separator === undefined ? chosen(tried, isKnownName) : (tried[0] ?? null);
  if (best === null || best.rows.length === 0) return null;

  const first = best.rows[0]!.cells;
  const header = asked.header ?? isHeader(first, best.rows.slice(1), isKnownName);
  const columns = header ? headNames(file, best.rows[0]!) : first.map((_, at) => `column ${at + 1}`);
  const notes: FormatNote[] = [];
  if (best.syntax.separator !== ',' && told === null && asked.separator === undefined)
    notes.push({
      kind: 'separator',
      text: `Cells are separated by ${separatorNames[best.syntax.separator]}.`,
    });
  if (!header)
    notes.push({
      kind: 'no-head',
      text: 'The first row names no columns, so that they are counted: column 1, column 2, …',
    });
  if (best.syntax.quotes === 'text')
    notes.push({
      kind: 'quotes-as-text',
      text: 'Quotes in this file are part of the text; they enclose no cells.',
    });
  const commas = decimalCommas(best);
  if (commas > 0)
    notes.push({
      kind: 'decimal-comma',
      text: 'Numbers are written with a decimal comma (1,5) and stay as they are.',
    });
  return { ...best.syntax, columns, header, skip, notes };
}

/** The sample under one separator. Of tabs, quotes are taken as text where rows then fit better. */
function candidate(
  file: string,
  text: string,
  whole: boolean,
  separator: CsvSyntax['separator'],
  lineEnd: CsvSyntax['lineEnd'],
): Candidate | null {
  const asText = measured(file, text, whole, { separator, lineEnd, quotes: 'text' });
  const quoted = measured(file, text, whole, { separator, lineEnd, quotes: 'around cells' });
  if (separator !== '\t' || asText === null) return quoted;
  // A quote that begins a cell and is no enclosure shows in rows that fail, or run into each other.
  const misread =
    quoted === null || quoted.rows.some(({ fault }) => fault !== null) || quoted.share < asText.share;
  return misread ? asText : quoted;
}

function measured(file: string, text: string, whole: boolean, syntax: CsvSyntax): Candidate | null {
  let rows: CsvRow[];
  try {
    rows = new CsvRowReader(file, syntax).next(text, whole).slice(0, sampleRows);
  } catch (error) {
    // A quote that never closes: the separator may still be right, and reading says where.
    if (!(error instanceof InputError) || syntax.separator === '\t') return null;
    const unquoted = measured(file, text, whole, { ...syntax, quotes: 'text' });
    return unquoted === null ? null : { ...unquoted, syntax };
  }
  if (rows.length === 0) return null;
  const tally = new Map<number, number>();
  for (const { cells } of rows) tally.set(cells.length, (tally.get(cells.length) ?? 0) + 1);
  const [cells, count] = [...tally].sort((a, b) => b[1] - a[1] || b[0] - a[0])[0]!;
  return { syntax, rows, cells, share: count / rows.length };
}

function chosen(tried: Candidate[], isKnownName: (name: string) => boolean): Candidate | null {
  const several = tried.filter(({ cells, rows }) => cells > 1 && rows[0]!.cells.length === cells);
  const known = ({ rows }: Candidate): number => rows[0]!.cells.filter((cell) => isKnownName(cell)).length;
  const steady = several.filter(({ share }) => share >= steadyShare);
  const best = (from: Candidate[], by: (each: Candidate) => number): Candidate | null =>
    from.reduce<Candidate | null>((top, each) => (top === null || by(each) > by(top) ? each : top), null);
  const named = best(
    several.filter((each) => known(each) > 1),
    known,
  );
  const found =
    best(steady, ({ cells }) => cells) ??
    named ??
    best(
      several.filter(({ share }) => share >= likelyShare),
      ({ share }) => share,
    );
  if (found !== null) return found;
  // A head of several known names is above rows of another width: they are refused by line, not the file.
  const headed = best(
    tried.filter((each) => each.rows[0]!.cells.length > 1 && known(each) > 1),
    known,
  );
  if (headed !== null) return headed;
  // One column has no separator to show it; its name does, or quotes around every cell.
  return (
    tried.find(
      ({ cells, share, rows }) =>
        cells === 1 &&
        share >= steadyShare &&
        (isKnownName(rows[0]!.cells[0]!) ||
          (rows.length > 1 && rows.slice(1).every(({ quoted, fault }) => quoted && fault === null))),
    ) ?? null
  );
}

function isHeader(
  first: readonly string[],
  rows: readonly CsvRow[],
  isKnownName: (name: string) => boolean,
): boolean {
  if (first.some((cell) => isKnownName(cell))) return true;
  if (rows.length === 0) return false;
  const short = first.every((cell) => cell.length <= shortCell && !/^[-+]?[\d.,]+$/.test(cell.trim()));
  // pandas leaves the name of its index blank.
  const blank = first.filter((cell) => cell.trim() === '').length;
  const distinct = new Set(first).size === first.length;
  const unlike = first.every((cell, at) => cell === '' || rows.every(({ cells }) => cells[at] !== cell));
  const sentence = first.some((cell) => /[.?!]$/.test(cell.trim()));
  return short && blank < 2 && distinct && unlike && !sentence;
}

function headNames(file: string, { cells, line }: CsvRow): string[] {
  const names = cells.map((cell, at) => (cell.trim() === '' ? `column ${at + 1}` : cell));
  for (const [at, name] of names.entries()) {
    const before = names.indexOf(name);
    if (before === at) continue;
    throw new InputError(
      `Two columns are called “${name}”: the ${before + 1}. and the ${at + 1}.`,
      'Give each column its own name.',
      { file, line },
    );
  }
  return names;
}

function decimalCommas({ syntax, rows }: Candidate): number {
  if (syntax.separator === ',') return 0;
  return rows.filter(({ cells }) => cells.some((cell) => /^[-+]?\d+,\d+$/.test(cell.trim()))).length;
}
