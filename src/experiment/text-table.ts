/** A table as Markdown, CSV or LaTeX. */

export interface TextTable {
  heads: readonly string[];
  rows: readonly (readonly string[])[];
}

/** Lines of Markdown with the columns in line. */
export function markdownTable({ heads, rows }: TextTable): string[] {
  const escaped = (cell: string): string => cell.replaceAll('|', '\\|').replaceAll('\n', ' ');
  const all = [heads, ...rows].map((cells) => heads.map((_, column) => escaped(cells[column] ?? '')));
  const widths = heads.map((_, column) => Math.max(3, ...all.map((cells) => cells[column]!.length)));
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column]!)).join(' | ')} |`;
  return [line(all[0]!), line(widths.map((width) => '-'.repeat(width))), ...all.slice(1).map(line)];
}

/** CSV (RFC 4180: CRLF, quotes where a cell needs them). */
export function csvTable({ heads, rows }: TextTable): string {
  const cell = (text: string): string => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  return [heads, ...rows].map((cells) => `${cells.map(cell).join(',')}\r\n`).join('');
}

const latexNames: Readonly<Record<string, string>> = {
  '\\': '\\textbackslash{}',
  '~': '\\textasciitilde{}',
  '^': '\\textasciicircum{}',
  '±': '$\\pm$',
  '−': '$-$',
};

/** A `tabular` environment that needs no package. */
export function latexTable({ heads, rows }: TextTable): string {
  const cell = (text: string): string =>
    text.replaceAll(/[\\~^±−&%$#_{}]/g, (sign) => latexNames[sign] ?? `\\${sign}`);
  const line = (cells: readonly string[]): string => `${cells.map(cell).join(' & ')} \\\\`;
  return [
    `\\begin{tabular}{${'l'.repeat(heads.length)}}`,
    '\\hline',
    line(heads),
    '\\hline',
    ...rows.map(line),
    '\\hline',
    '\\end{tabular}',
    '',
  ].join('\n');
}
