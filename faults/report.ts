/** Writes what the campaign found into docs/reliability.md, between its marks. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findings, type Finding, type Measure } from './findings.ts';

const page = join(import.meta.dirname, '../docs/reliability.md');

export default function report(): void {
  const all = findings();
  const faults = all.filter((one): one is Finding => 'fault' in one);
  const measures = all.filter((one): one is Measure => 'what' in one);
  if (faults.length === 0 && measures.length === 0) return;
  let text = readFileSync(page, 'utf8');
  text = between(text, 'faults', faultTable(faults, text));
  if (measures.length > 0) text = between(text, 'measures', measureTable(measures, text));
  writeFileSync(page, text);
}

function between(text: string, mark: string, table: string): string {
  const [begin, end] = [`<!-- ${mark} -->`, `<!-- end of ${mark} -->`];
  const first = text.indexOf(begin);
  const last = text.indexOf(end);
  if (first < 0 || last < first) throw new Error(`docs/reliability.md has no place for ${mark}.`);
  return `${text.slice(0, first + begin.length)}\n\n${table}\n\n${text.slice(last)}`;
}

/** What was not tried this time keeps its row of `text`. */
function faultTable(faults: readonly Finding[], text: string): string {
  const tried = [...new Set(faults.map(({ fault }) => fault))].map((fault) => {
    const tries = faults.filter((one) => one.fault === fault);
    const lost = tries.flatMap(({ lostSteps }) => (lostSteps === null ? [] : [lostSteps]));
    const seconds = tries.flatMap(({ secondsToTraining }) =>
      secondsToTraining === null ? [] : [secondsToTraining],
    );
    return [fault, String(tries.length), range(lost, 0), range(seconds, 1)];
  });
  const names = new Set(tried.map(([name]) => name));
  const kept = rowsOf(text, 'faults').filter(([name]) => !names.has(name));
  return table(
    ['fault', 'times tried', 'steps taken again', 'seconds to be training again'],
    [...kept, ...tried],
  );
}

/** The rows of a table, as the page has it. */
function rowsOf(text: string, mark: 'faults' | 'measures'): string[][] {
  const inside = new RegExp(`<!-- ${mark} -->([^]*?)<!-- end of ${mark} -->`).exec(text)?.[1] ?? '';
  const lines = inside.split('\n').filter((line) => line.startsWith('|'));
  return lines.slice(2).map((line) =>
    line
      .slice(1, -1)
      .split('|')
      .map((cell) => cell.trim()),
  );
}

/** A figure that was taken again stands for the earlier one; one that was not keeps its row of `text`. */
function measureTable(measures: readonly Measure[], text: string): string {
  const taken = measures.map(({ what, figure }): [string, string] => [what, figure]);
  const kept = rowsOf(text, 'measures').map(([what, figure]): [string, string] => [what!, figure!]);
  return table(['what', 'figure'], [...new Map([...kept, ...taken])]);
}

/** Median, and the range where there is one. */
function range(values: readonly number[], digits: number): string {
  if (values.length === 0) return '–';
  const sorted = [...values].sort((a, b) => a - b);
  const [least, middle, most] = [sorted[0]!, sorted[sorted.length >> 1]!, sorted.at(-1)!];
  const median = middle.toFixed(digits);
  return least === most ? median : `${median} (${least.toFixed(digits)} to ${most.toFixed(digits)})`;
}

function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = heads.map((head, column) =>
    Math.max(head.length, ...rows.map((row) => row[column]!.length)),
  );
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column]!)).join(' | ')} |`;
  return [line(heads), `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`, ...rows.map(line)].join(
    '\n',
  );
}
