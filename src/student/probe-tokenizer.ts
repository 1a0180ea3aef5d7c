/**
 * A tokenizer of a stranger tried before it is kept. Its file may hold patterns, and some patterns never come to an end
 * with some texts. Which do is not to be known without trying: so texts are tried that are made of the pattern's own
 * letters, over and over, which is where such patterns run wild. Whoever calls this ends it where one text takes too long.
 */
import { InputError, reportError, withoutStop } from '../base/errors.ts';
import type { Tokenizer } from './tokenizer.ts';

/** What any tokenizer has to live with. */
const plainTexts = [
  'A man is walking his dog.\nWhat does he do? Answer Choices: (a) walk (b) run',
  'a'.repeat(200),
  ' '.repeat(200),
  '0'.repeat(200),
  '!'.repeat(200),
  `${'aA0 _-'.repeat(40)}!`,
  'Größe – œuvre, 水を飲む。 Пить воду; שתה מים 🙂',
];
/** So often a letter is said: enough that doubling for each of them would take for ever. */
const repeats = 60;
/** A pattern with more letters than this is a list of letters; the first are tried. */
const mostLetters = 40;
/** All texts together may take so long: hundreds of rows would take as long. */
const longestMs = 5000;
/** Letters that patterns are made with, besides what they look for. */
const syntax = /[\\[\](){}|?*+.^$,:=!<>]/u;

/** Every pattern in an object of `tokenizer.json`, at any depth. */
function patternsIn(value: unknown): string[] {
  const found: string[] = [];
  const open: unknown[] = [value];
  while (open.length > 0) {
    const next = open.pop();
    if (typeof next !== 'object' || next === null) continue;
    for (const [key, inner] of Object.entries(next)) {
      if (key === 'Regex' && typeof inner === 'string') found.push(inner);
      else open.push(inner);
    }
  }
  return found;
}

/** One of each class of letters that a pattern may name. */
const letterOfClass = 'a0 _\nA!é水';
/** Letters that a pattern has as their numbers. */
const numbered = /\\(?:u\{([0-9a-f]{1,6})\}|x\{([0-9a-f]{1,6})\}|u([0-9a-f]{4})|x([0-9a-f]{2}))/giu;

/** A pattern with its letters as they are. */
function spelled(pattern: string): string {
  return pattern.replace(numbered, (said, ...found: (string | undefined)[]) => {
    const code = Number.parseInt(found.slice(0, 4).find((digits) => digits !== undefined) ?? '', 16);
    return code <= 0x10ffff ? String.fromCodePoint(code) : said;
  });
}

/** Letters that a pattern may be run wild with: its own, and one of each class. */
function lettersOf(pattern: string): string[] {
  const letters = new Set<string>(letterOfClass);
  for (const letter of pattern) if (!syntax.test(letter)) letters.add(letter);
  return [...letters].slice(0, mostLetters);
}

/** What a pattern looks for before the first part that it may repeat. */
function beginningOf(pattern: string): string {
  const before = pattern.split(/[+*{]/u, 1)[0]!.replace(/\\[a-z]/giu, '');
  return Array.from(before)
    .filter((letter) => letter === ':' || !syntax.test(letter))
    .join('');
}

/** The texts that a `tokenizer.json` is tried with. */
export function* probeTexts(tokenizerJson: unknown): Generator<string> {
  yield* plainTexts;
  const { normalizer, pre_tokenizer, decoder } = (tokenizerJson ?? {}) as Record<string, unknown>;
  for (const pattern of new Set(patternsIn([normalizer, pre_tokenizer, decoder]))) {
    const letters = lettersOf(spelled(pattern));
    const beginning = beginningOf(spelled(pattern)).slice(0, mostLetters);
    for (const letter of letters) {
      // What follows must not match, so that every way to match what went before is tried.
      yield `${letter.repeat(repeats)}\u0001`;
      yield `x${letter.repeat(repeats)}!`;
      if (beginning !== '') yield `${beginning}${letter.repeat(repeats)}\u0001`;
    }
    for (const [index, letter] of letters.entries()) {
      const next = letters[(index + 1) % letters.length]!;
      yield `${(letter + next).repeat(repeats)}\u0001`;
    }
  }
}

/**
 * Tries a tokenizer with texts that would run its patterns wild.
 * @param onText Told before each text: whoever hears nothing for too long ends all of it.
 * @throws InputError where the texts together take too long, or one cannot be tokenised.
 */
export function probeTokenizer(
  tokenizer: Tokenizer,
  tokenizerJson: unknown,
  file: string,
  onText: () => void = () => undefined,
): void {
  const startedAt = performance.now();
  for (const text of probeTexts(tokenizerJson)) {
    onText();
    try {
      tokenizer.decode(tokenizer.encode(text));
    } catch (error) {
      const words = error instanceof InputError ? error.problem : reportError(error).message;
      throw new InputError(
        `The tokenizer fails with a plain text (${withoutStop(words)}).`,
        'Use the tokenizer.json that came with the model.',
        { file },
      );
    }
    if (performance.now() - startedAt > longestMs) throw tooSlow(file);
  }
}

/** What is said of a tokenizer that does not come to an end. */
function tooSlow(file: string): InputError {
  return new InputError(
    'The tokenizer does not come to an end with a short text: a pattern in it takes ever longer with each letter.',
    'Use the tokenizer.json that came with the model, or ask whoever made this one.',
    { file },
  );
}
