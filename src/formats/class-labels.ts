/** The names of a column's classes, which Hugging Face's `datasets` writes into a schema's metadata as `huggingface`. */

/**
 * Names of classes by column; of a list of classes, its column's. Null where the metadata has none, or is not as expected.
 *
 * @param metadata JSON: {info: {features: {label: {names: […], _type: "ClassLabel"}}}}.
 */
export function classLabelsOf(metadata: string | null | undefined): Record<string, string[]> | null {
  if (metadata === null || metadata === undefined) return null;
  let parsed: unknown;
  try {
    parsed = JSON.parse(metadata);
  } catch {
    return null;
  }
  const features = get(get(parsed, 'info'), 'features');
  if (typeof features !== 'object' || features === null) return null;
  const found = Object.entries(features).flatMap(([column, feature]: [string, unknown]) => {
    const names =
      namesOf(feature) ??
      namesOf(get(feature, 'feature')) ??
      namesOf(Array.isArray(feature) ? feature[0] : null);
    return names === null ? [] : [[column, names] as const];
  });
  return found.length === 0 ? null : Object.fromEntries(found);
}

function namesOf(feature: unknown): string[] | null {
  const names = get(feature, 'names');
  if (get(feature, '_type') !== 'ClassLabel' || !Array.isArray(names)) return null;
  return names.every((name) => typeof name === 'string') ? names : null;
}

function get(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[key] : undefined;
}
