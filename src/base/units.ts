/** Numbers as people read them. */

const byteUnits = ['bytes', 'KB', 'MB', 'GB', 'TB'] as const;

/** Bytes in decimal units, as browsers and shops count them: `1.23 MB`. */
export function formatBytes(sizeBytes: number): string {
  let value = sizeBytes;
  let unit = 0;
  while (value >= 1000 && unit < byteUnits.length - 1) {
    value /= 1000;
    unit += 1;
  }
  const digits = unit === 0 || value >= 100 ? 0 : value >= 10 ? 1 : 2;
  return `${value.toFixed(digits)} ${byteUnits[unit]!}`;
}

/** At most one decimal: `4.7`, `5`. */
function tenths(value: number): string {
  return String(Number(value.toFixed(1)));
}

/** A duration with the digits that matter: `8.2 ms`, `24 ms`, `4.7 s`, `41 s`, `3 min 20 s`, `2 h 5 min`. */
export function formatDuration(elapsedMs: number): string {
  if (elapsedMs > 0 && elapsedMs < 9.95) return `${tenths(elapsedMs)} ms`;
  if (elapsedMs < 950) return `${Math.round(elapsedMs)} ms`;
  if (elapsedMs < 9950) return `${tenths(elapsedMs / 1000)} s`;
  const seconds = Math.round(elapsedMs / 1000);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${seconds % 60} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

const counts = new Intl.NumberFormat('en-GB');

/** A number with thousands separated: `9,741`. */
export function formatCount(count: number): string {
  return counts.format(count);
}

/** A number of parameters as people name students: `42,112`, `0.6 M`, `77 M`, `307.9 M`, `2.8 B`. */
export function formatParameters(parameters: number): string {
  if (parameters >= 999.95e6) return `${tenths(parameters / 1e9)} B`;
  return parameters >= 1e5 ? `${tenths(parameters / 1e6)} M` : formatCount(parameters);
}

/**
 * A number as it is typed: `600`, `2e-3`, `4,000` with its thousands as the studio writes them, and `0,5` as much of
 * Europe does.
 * @returns NaN where it is empty or no number.
 */
export function readNumber(text: string): number {
  const trimmed = text.trim();
  if (trimmed === '') return NaN;
  if (/^[+-]?[1-9]\d{0,2}(?:,\d{3})+(?:\.\d*)?$/.test(trimmed)) return Number(trimmed.replaceAll(',', ''));
  return Number(/^[+-]?\d*,\d+(?:e[+-]?\d+)?$/i.test(trimmed) ? trimmed.replace(',', '.') : trimmed);
}

/** A share as per cent with two digits: `74.26 %`. */
export function formatPercent(share: number, digits = 2): string {
  return `${(share * 100).toFixed(digits)} %`;
}

/** `1 row`, `9,741 rows`. */
export function plural(count: number, one: string, many = `${one}s`): string {
  return `${formatCount(count)} ${count === 1 ? one : many}`;
}
