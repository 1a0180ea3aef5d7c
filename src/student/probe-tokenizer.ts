/**
 * A tokenizer of a stranger tried before it is kept. Its file may hold patterns, and some patterns never come to an end
 * with some texts. Which do is not to be known without trying: so texts are tried that are made of the pattern's own
 * letters, over and over, which is where such patterns run wild. Whoever calls this ends it where one text takes too long.
 */
import { InputError, reportError, withoutStop } from '../base/errors.ts';
import { textsFor } from './pattern-texts.ts';
import type { Tokenizer } from './tokenizer.ts';

/** What is said of a tokenizer that does not come to an end, and what to do then. */
export const endlessWords = [
  'The tokenizer does not come to an end with a short text: a pattern in it takes ever longer with each letter.',
  'Use the tokenizer.json that came with the model, or ask whoever made this one.',
] as const;

/** A tokenizer does not come to an end with a text that it was tried with. */
export class EndlessPatternError extends InputError {
  constructor(file: string) {
    super(...endlessWords, { file });
  }
}

/** A short text is tokenised in a millisecond; whoever tries one may end it after so long. */
export const longestTextMs = 1500;
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
/** All texts together may take so long: hundreds of rows would take as long. */
const longestMs = 5000;

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

/** The texts that a `tokenizer.json` is tried with. */
export function* probeTexts(tokenizerJson: unknown): Generator<string> {
  yield* plainTexts;
  const { normalizer, pre_tokenizer, decoder } = (tokenizerJson ?? {}) as Record<string, unknown>;
  for (const pattern of new Set(patternsIn([normalizer, pre_tokenizer, decoder]))) yield* textsFor(pattern);
}

/**
 * Tries a tokenizer with texts that would run its patterns wild.
 * @param attempt Does the work with one text, and may end it; what it throws ends all of it.
 * @throws InputError where the texts together take too long, or one cannot be tokenised.
 */
export function probeTokenizer(
  tokenizer: Tokenizer,
  tokenizerJson: unknown,
  file: string,
  attempt: (work: () => void) => void = (work) => work(),
): void {
  const startedAt = performance.now();
  for (const text of probeTexts(tokenizerJson)) {
    try {
      attempt(() => tokenizer.decode(tokenizer.encode(text)));
    } catch (error) {
      if (error instanceof EndlessPatternError) throw error;
      const words = error instanceof InputError ? error.problem : reportError(error).message;
      throw new InputError(
        `The tokenizer fails with a plain text (${withoutStop(words)}).`,
        'Use the tokenizer.json that came with the model.',
        { file },
      );
    }
    if (performance.now() - startedAt > longestMs) throw new EndlessPatternError(file);
  }
}
