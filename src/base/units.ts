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

/** A duration in the two units that matter: `41 s`, `3 min 20 s`, `2 h 5 min`. */
export function formatDuration(elapsedMs: number): string {
  if (elapsedMs < 950) return `${Math.round(elapsedMs)} ms`;
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

/** A share as per cent with two digits: `74.26 %`. */
export function formatPercent(share: number, digits = 2): string {
  return `${(share * 100).toFixed(digits)} %`;
}

/** `1 row`, `9,741 rows`. */
export function plural(count: number, one: string, many = `${one}s`): string {
  return `${formatCount(count)} ${count === 1 ? one : many}`;
}
