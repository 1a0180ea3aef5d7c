/**
 * The parts of a pattern, as far as they say what texts it looks for: letters, classes of letters, groups, and how often
 * each may come. What is not understood counts as a letter: the texts made from it (`pattern-texts.ts`) are only tried.
 */

/** What stands at one place of a pattern. */
export type Part =
  | { kind: 'letter'; letter: string }
  /** A class of letters, as it is written: `[a-z]`, `\d`, `\p{Lu}`, `.`. */
  | { kind: 'class'; source: string }
  /** One of several sequences. `aside`: looked at and not taken, or looked for in vain. */
  | { kind: 'group'; options: Item[][]; aside: 'ahead' | 'behind' | 'never' | null; number: number | null }
  /** The text of an earlier group once more, by its number from 1 on; by its name, the newest. */
  | { kind: 'again'; group: number };

/** A part, and the fewest and most times that it comes. */
export interface Item {
  part: Part;
  least: number;
  most: number;
}

/** Groups in groups are followed so deep. */
const deepest = 200;
const quantifier = /^(?:([*+?])|\{(\d*)(,?)(\d*)\})[?+]?/u;
const groupStart = /^\?(?:<([=!])|([=!])|<[\p{L}_]\w*>|>|[a-z-]*:)/u;
/** Switches for what follows, and remarks. */
const groupWithout = /^\?(?:[a-z-]+\)|#[^)]*\))/u;
const escapedClass = /^\\(?:[pP]\{[^}]*\}|[wWdDsShH])/u;
const escapedNumber = /^\\(?:u\{([0-9a-f]{1,6})\}|x\{([0-9a-f]{1,6})\}|u([0-9a-f]{4})|x([0-9a-f]{2}))/iu;
const escapedBefore = /^\\(?:([1-9])|k<[^>]*>)/u;
/** Places and not letters. */
const escapedPlace = /^\\[bBAzZGK]/u;
const controls: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', f: '\f', v: '\v', '0': '\0' };

/** What is read of a pattern: the place, and the groups so far. */
class Reading {
  at = 0;
  groups = 0;
  constructor(readonly text: string) {}

  get rest(): string {
    return this.text.slice(this.at, this.at + 4096);
  }

  /** Takes what a rule finds here, or null. */
  take(rule: RegExp): RegExpExecArray | null {
    const found = rule.exec(this.rest);
    if (found !== null) this.at += found[0].length;
    return found;
  }

  letter(): string {
    const letter = String.fromCodePoint(this.text.codePointAt(this.at) ?? 0);
    this.at += letter.length;
    return letter;
  }
}

/** The sequences that a pattern may be. */
export function partsOf(pattern: string): Item[][] {
  const reading = new Reading(pattern);
  const options: Item[][] = [];
  // A bracket too many ends nothing.
  while (reading.at < pattern.length) {
    options.push(...readOptions(reading, 0));
    reading.at += 1;
  }
  return options;
}

function readOptions(reading: Reading, depth: number): Item[][] {
  const options: Item[][] = [[]];
  while (reading.at < reading.text.length) {
    const here = reading.text[reading.at];
    if (here === ')') break;
    if (here === '|') {
      options.push([]);
      reading.at += 1;
      continue;
    }
    const part = readPart(reading, depth);
    if (part !== null) options.at(-1)!.push({ part, ...readQuantifier(reading) });
  }
  return options;
}

function readQuantifier(reading: Reading): { least: number; most: number } {
  const found = reading.take(quantifier);
  if (found === null) return { least: 1, most: 1 };
  const [, sign, from = '', comma, to = ''] = found;
  switch (sign) {
    case '*':
      return { least: 0, most: Infinity };
    case '+':
      return { least: 1, most: Infinity };
    case '?':
      return { least: 0, most: 1 };
    default:
      break;
  }
  const least = Number(from);
  return { least, most: to !== '' ? Number(to) : comma === '' ? least : Infinity };
}

/** The part at this place; null for what is no letter at all. */
function readPart(reading: Reading, depth: number): Part | null {
  switch (reading.text[reading.at]) {
    case '(':
      reading.at += 1;
      return reading.take(groupWithout) !== null ? null : readGroup(reading, depth);
    case '[':
      return { kind: 'class', source: takeClass(reading) };
    case '.':
      reading.at += 1;
      return { kind: 'class', source: '.' };
    case '^':
    case '$':
      reading.at += 1;
      return null;
    case '\\':
      return readEscape(reading);
    default:
      return { kind: 'letter', letter: reading.letter() };
  }
}

function readGroup(reading: Reading, depth: number): Part {
  const found = reading.take(groupStart);
  const number = found === null || /^\?<[\p{L}_]/u.test(found[0]) ? (reading.groups += 1) : null;
  const sign = found?.[1] ?? found?.[2];
  const aside = sign === undefined ? null : sign === '!' ? 'never' : found?.[1] === '=' ? 'behind' : 'ahead';
  if (depth >= deepest) return { kind: 'group', options: [[]], aside, number };
  const options = readOptions(reading, depth + 1);
  reading.at += 1;
  return { kind: 'group', options, aside, number };
}

/** A class in brackets, with the classes in it. */
function takeClass(reading: Reading): string {
  const { text, at: from } = reading;
  let open = 0;
  for (let at = from; at < text.length; at += 1) {
    if (text[at] === '\\') at += 1;
    else if (text[at] === '[' && (at === from || isNested(text, at))) open += 1;
    else if (text[at] === ']') open -= 1;
    if (open > 0) continue;
    reading.at = at + 1;
    return text.slice(from, at + 1);
  }
  // It does not end: a bracket as a letter.
  reading.at += 1;
  return '\\[';
}

/** Oniguruma has classes in classes; a bracket alone is a letter to JavaScript. */
function isNested(text: string, at: number): boolean {
  return /^\[(?::|[^\]]*\][^[]*\])/u.test(text.slice(at, at + 400));
}

function readEscape(reading: Reading): Part | null {
  const set = reading.take(escapedClass);
  if (set !== null) return { kind: 'class', source: set[0] };
  if (reading.take(escapedPlace) !== null) return null;
  const again = reading.take(escapedBefore);
  if (again !== null) return { kind: 'again', group: Number(again[1] ?? reading.groups) };
  const number = reading.take(escapedNumber);
  if (number !== null) {
    const digits: readonly (string | undefined)[] = number.slice(1);
    const code = Number.parseInt(digits.find((some) => some !== undefined) ?? '', 16);
    return { kind: 'letter', letter: code <= 0x10ffff ? String.fromCodePoint(code) : '?' };
  }
  reading.at += 1;
  const letter = reading.letter();
  return { kind: 'letter', letter: controls[letter] ?? letter };
}
