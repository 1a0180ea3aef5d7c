/** Few of many, for tables that stand in for curves. */

/**
 * At most `count` items, evenly spread, the first and the last among them. Where items are added most of the sample
 * stays as it is: its stride only ever doubles. `count` is at least 2.
 */
export function samplePoints<Item>(items: readonly Item[], count: number): Item[] {
  let stride = 1;
  while ((items.length - 1) / stride > count - 1) stride *= 2;
  const sample: Item[] = [];
  for (let index = 0; index < items.length - 1; index += stride) sample.push(items[index]!);
  return items.length === 0 ? sample : [...sample, items.at(-1)!];
}
