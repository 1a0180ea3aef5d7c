/** A chart's values as CSV (RFC 4180): every value, also those that lines leave out. */
import type { LineSeries } from './chart.ts';

export function chartCsv(xName: string, x: readonly number[], series: readonly LineSeries[]): string {
  const quoted = (text: string): string => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  const header = [xName, ...series.map(({ name, label, key }) => quoted(name ?? (label || key)))];
  const rows = x.map((value, index) =>
    [value, ...series.map(({ values }) => values[index] ?? '')].map(String).join(','),
  );
  return [header.join(','), ...rows].join('\r\n') + '\r\n';
}
