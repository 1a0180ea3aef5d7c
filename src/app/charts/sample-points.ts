/** Few of many, for tables that stand in for curves. */

/** At most `count` items, evenly spread, the first and the last among them. `count` is at least 2. */
export function samplePoints<Item>(items: readonly Item[], count: number): Item[] {
  if (items.length <= count) return [...items];
  const stride = (items.length - 1) / (count - 1);
  return Array.from({ length: count }, (_, index) => items[Math.round(index * stride)]!);
}
