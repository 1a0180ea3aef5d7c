/**
 * Texts that a pattern may take for ever with. Such patterns say a part again and again that can be read in more than one
 * way: so each part that may be repeated is said many times, in the words that it can be, after what has to come before it
 * and before something that does not fit.
 */
import { partsOf, type Item, type Part } from './pattern-parts.ts';

/** So often a word is said: enough that doubling for each of them would take for ever. */
const repeats = 60;
/** Of longer words fewer do, and keep a text short. */
const longRepeats = 30;
const longWord = 40;
/** What one part can be is tried in so many ways. */
const mostWords = 12;
/** A word may have so many letters: repeated parts in repeated parts would make it endless. */
const mostWordLetters = 2000;
/** Kinds of letters that are told apart in one pattern, by so many of its classes. */
const mostKinds = 48;
const mostClasses = 60;
/** Letters that a pattern names one by one: with more it is a list of letters. */
const mostNamed = 40;
/** What any text may hold. */
const plainLetters = Array.from('a0 _\nA!é水-\'"');
/** Letters are looked for among these: all of the first scripts, some of each later one. */
const lastLetter = 0x20000;
const stepAt = (code: number): number => (code < 0x600 ? 1 : code < 0x3400 ? 4 : 32);

/** Letters of a pattern: one of each kind that its classes tell apart, and those that it names. */
class Alphabet {
  readonly letters: readonly string[];
  readonly #members = new Map<string, string[]>();

  constructor(options: readonly Item[][]) {
    const classes = new Set<string>();
    const named = new Set<string>();
    for (const part of eachPart(options)) {
      if (part.kind === 'class') classes.add(part.source);
      if (part.kind === 'letter') named.add(part.letter);
    }
    const near = new Set<string>(plainLetters);
    // Ends of ranges, and what lies beside them.
    for (const letter of spelled([...classes].join(''))) {
      const code = letter.codePointAt(0)!;
      named.add(letter);
      for (const one of [code - 1, code + 1])
        if (one > 0 && one <= 0x10ffff) near.add(String.fromCodePoint(one));
    }
    const known = [...classes].slice(0, mostClasses).map((source) => ({ source, test: testOf(source) }));
    const kinds = new Map<string, string>();
    const look = (letter: string): void => {
      if (kinds.size >= mostKinds) return;
      const kind = known.map(({ test }) => (test?.test(letter) === false ? '0' : '1')).join('');
      if (!kinds.has(kind)) kinds.set(kind, letter);
    };
    for (const letter of near) look(letter);
    for (const letter of named) look(letter);
    if (known.length > 0) {
      for (let code = 1; code < lastLetter; code += stepAt(code)) {
        if (code < 0xd800 || code > 0xdfff) look(String.fromCodePoint(code));
      }
    }
    this.letters = [...new Set([...kinds.values(), ...[...named].slice(0, mostNamed)])];
    for (const { source, test } of known) {
      const members = this.letters.filter((letter) => test?.test(letter) ?? true);
      this.#members.set(source, members);
    }
  }

  /** Letters of a class. */
  of(source: string): readonly string[] {
    return this.#members.get(source) ?? this.letters;
  }
}

/** Whether a letter is of a class; null where JavaScript does not know how it is written. */
function testOf(source: string): RegExp | null {
  try {
    return new RegExp(`^${source}$`, 'u');
  } catch {
    return null;
  }
}

/** Letters that a pattern has as their numbers. */
const numbered = /\\(?:u\{([0-9a-f]{1,6})\}|x\{([0-9a-f]{1,6})\}|u([0-9a-f]{4})|x([0-9a-f]{2}))/giu;

/** A pattern with its letters as they are. */
function spelled(pattern: string): string {
  return pattern.replace(numbered, (said, ...found: (string | undefined)[]) => {
    const code = Number.parseInt(found.slice(0, 4).find((digits) => digits !== undefined) ?? '', 16);
    return code <= 0x10ffff ? String.fromCodePoint(code) : said;
  });
}

function* eachPart(options: readonly Item[][]): Generator<Part> {
  for (const items of options) {
    for (const { part } of items) {
      yield part;
      if (part.kind === 'group') yield* eachPart(part.options);
    }
  }
}

/** What the parts of a pattern can be. */
class Words {
  readonly #groups = new Map<number, Part>();
  readonly #found = new Map<Part, readonly string[]>();

  constructor(
    options: readonly Item[][],
    readonly alphabet: Alphabet,
  ) {
    for (const part of eachPart(options))
      if (part.kind === 'group' && part.number !== null) this.#groups.set(part.number, part);
  }

  of(part: Part): readonly string[] {
    let found = this.#found.get(part);
    if (found === undefined) {
      // A group that names itself is nothing then.
      this.#found.set(part, ['']);
      found = this.#made(part);
      this.#found.set(part, found);
    }
    return found;
  }

  #made(part: Part): readonly string[] {
    switch (part.kind) {
      case 'letter':
        return [part.letter];
      case 'class':
        return this.alphabet.of(part.source);
      case 'again': {
        const group = this.#groups.get(part.group);
        return group === undefined ? [''] : this.of(group);
      }
      case 'group': {
        if (part.aside === 'never') return [''];
        const all = part.options.flatMap((items) => this.ofItems(items));
        return [...new Set(all)].slice(0, mostWords);
      }
      default:
        return part satisfies never;
    }
  }

  /** What a sequence can be: its parts once each, in several ways, and with only what it must have. */
  ofItems(items: readonly Item[]): string[] {
    const taken = items.filter(({ part, most }) => most > 0 && !isAhead(part));
    const words = taken.map(({ part }) => this.of(part));
    const ways = Math.min(mostWords, Math.max(1, ...words.map((some) => some.length)));
    const found: string[] = [];
    for (let way = 0; way < ways; way += 1) {
      const said = (index: number): string => words[index]![way % Math.max(1, words[index]!.length)] ?? '';
      for (const fewest of [1, 0]) {
        const word = taken.map(({ least }, index) =>
          said(index).repeat(Math.min(3, Math.max(fewest, least))),
        );
        found.push(word.join('').slice(0, mostWordLetters));
      }
    }
    return [...new Set(found)];
  }
}

/** What is only looked at takes no letters. */
function isAhead(part: Part): boolean {
  return part.kind === 'group' && (part.aside === 'ahead' || part.aside === 'never');
}

/** A part that may be repeated, what can come before it, and what after it. */
interface Repeated {
  part: Part;
  before: string;
  after: string;
}

function* repeatedIn(
  options: readonly Item[][],
  words: Words,
  around: Omit<Repeated, 'part'>,
): Generator<Repeated> {
  for (const items of options) {
    const said = items.map((item) => words.ofItems([item])[0] ?? '');
    const behind: string[] = [];
    let after = around.after;
    for (let index = items.length - 1; index >= 0; index -= 1) {
      behind[index] = after;
      after = (said[index]! + after).slice(0, mostWordLetters);
    }
    let before = around.before;
    for (const [index, { part, most }] of items.entries()) {
      const at = { before, after: behind[index]! };
      if (most > 1) yield { part, ...at };
      if (part.kind === 'group') yield* repeatedIn(part.options, words, at);
      before = (before + said[index]!).slice(-mostWordLetters);
    }
  }
}

/** Whether a part holds a choice of its own: only then can one text be read in many ways. */
function hasChoice(part: Part): boolean {
  return (
    part.kind === 'group' &&
    (part.options.length > 1 ||
      part.options.some((items) =>
        items.some(({ part: inner, least, most }) => least !== most || hasChoice(inner)),
      ))
  );
}

/** Texts that are tried on a pattern. */
export function* textsFor(pattern: string): Generator<string> {
  const options = partsOf(pattern);
  const alphabet = new Alphabet(options);
  const words = new Words(options, alphabet);
  const seen = new Set<string>();
  for (const letter of alphabet.letters) yield `${letter.repeat(repeats)}\u0001`;
  for (const { part, before, after: rest } of repeatedIn(options, words, { before: '', after: '' })) {
    const some = words.of(part).filter((word) => word !== '');
    const choice = hasChoice(part);
    // Two words in turn are a third.
    const both = choice ? some.map((word, index) => word + some[(index + 1) % some.length]!) : [];
    for (const word of new Set([...some, ...both])) {
      const body = word.repeat(word.length > longWord ? longRepeats : repeats);
      // Where nothing after it fits, every way to read what went before is tried: so no letter may be the one that fits.
      const others = choice ? alphabet.letters.filter((letter) => !word.includes(letter)) : [];
      for (const after of new Set(['\u0001', '', '!', ...others])) {
        const text = `${before}${body}${after}`;
        if (seen.has(text)) continue;
        seen.add(text);
        yield text;
      }
      yield `x${before}${body}\u0001`;
      // What looks back reads from its end, so that it is its beginning that must not fit.
      if (rest !== '') yield `\u0001${body}${rest}`;
    }
  }
}
