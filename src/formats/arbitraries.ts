/** What the property tests of this room draw from; the rooms above draw from it too. */
import fc from 'fast-check';

/** Text as files have it: any characters, JSON's own marks and markup among them. */
export const anyText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 12 }),
  fc
    .array(
      fc.constantFrom(
        '"',
        '\\',
        '{',
        '}',
        '[',
        ']',
        '},{',
        '}\n{',
        ',',
        '\n',
        '\r',
        '<b>',
        '&amp;',
        'a',
        '\u2028',
        '\ufeff',
        ' ',
      ),
      { maxLength: 8 },
    )
    .map((parts) => parts.join('')),
);

/** Objects of any JSON values, as `JSON.parse` gives them back. */
export const anyObject = fc
  .dictionary(
    anyText,
    fc.oneof(
      anyText,
      fc.integer(),
      fc.boolean(),
      fc.constant(null),
      fc.array(anyText, { maxLength: 3 }),
      fc.dictionary(anyText, anyText, { maxKeys: 2 }),
    ),
    { maxKeys: 4 },
  )
  .map((object) => JSON.parse(JSON.stringify(object)) as Record<string, unknown>);

/** A byte order mark or none. */
export const mark = fc.constantFrom('', '\ufeff');
/** How lines end. */
export const lineEnd = fc.constantFrom('\n', '\r\n');
