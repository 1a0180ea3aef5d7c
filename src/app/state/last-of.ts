/** The last item, typed as what it may be: nothing. (`at(-1)` is declared without that by a type package of ours.) */
export function lastOf<Item>(items: readonly Item[]): Item | undefined {
  return items[items.length - 1];
}
