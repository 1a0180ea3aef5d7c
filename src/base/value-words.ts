/** A value of a stranger's JSON as a message has it: as JSON, but for what is nested too deep to be written out. */
export function valueWords(value: unknown): string {
  if (value === undefined) return 'not there';
  try {
    return JSON.stringify(value);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return Array.isArray(value) ? 'a list' : 'an object';
  }
}
