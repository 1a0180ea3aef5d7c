/** Numbers as people write them: `1,200`, `$1,200.00`, `1200`, `50%`. */

/** More letters than any number has, with the spaces around it. */
const mostLetters = 1000;

/**
 * The value of a text that is one number, with its sign, thousands separators, currency and unit signs; null where it is
 * none. A comma is a decimal mark only where `decimalComma` says so, or where it is after a point (`1.200,50`).
 */
export function numberValue(text: string, decimalComma = false): number | null {
  if (text.length > mostLetters) return null;
  const bare = text
    .trim()
    .replace(/^(-?)\s*[$€£¥₹]\s*/, '$1')
    .replace(/\s*[€$£¥₹%]$/, '')
    .replace(/\.$/, '')
    .replace(/[\s\u00a0\u202f](?=\d{3})/g, '');
  const point = /^-?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?$|^-?\.\d+$/;
  const comma = /^-?\d{1,3}(?:\.\d{3})+,\d+$/;
  if (decimalComma && /^-?(?:\d{1,3}(?:\.\d{3})+|\d+)(?:,\d+)?$/.test(bare))
    return Number(bare.replaceAll('.', '').replace(',', '.'));
  if (point.test(bare)) return Number(bare.replaceAll(',', ''));
  if (comma.test(bare)) return Number(bare.replaceAll('.', '').replace(',', '.'));
  return null;
}
