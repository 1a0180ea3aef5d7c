/** Patterns that a `tokenizer.json` may hold: of real tokenizers, and made so that they never come to an end. */

/** What models that many people use are split with. */
export const realPatterns: Readonly<Record<string, string>> = {
  t5: ' {2,}',
  gpt2: "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+",
  llama3:
    "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
  qwen2:
    "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
  o200k:
    "[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]*[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
  bloom: ' ?[^(\\s|[.,!?…。，、।۔،])]+',
  deepseek:
    '[!"#$%&\'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+|[^\\r\\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+| ?[\\p{P}\\p{S}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+',
  cjk: '[一-龥぀-ゟ゠-ヿ]+',
  clip: "'s|'t|'re|'ve|'m|'ll|'d|[\\p{L}]+|[\\p{N}]|[^\\s\\p{L}\\p{N}]+",
};

/** Each with another trap. */
export const endlessPatterns: readonly string[] = [
  // One repeated part in another, with letters, classes and their numbers.
  '(a+)+$',
  '^(\\w+\\s?)*$',
  '([0-9]+)*:',
  '(?:-+|_)+\\.$',
  '(\\s|\\n)*;$',
  '(é+é+)+$',
  '([\\u4e01-\\u9fa5]+)+$',
  '([\\u{1f600}-\\u{1f64f}]+)+$',
  '(?:\\u0061+)+b',
  '(\\p{Script=Han}+)+$',
  '(\\p{Script=Cyrillic}+)+;',
  '(\\p{Lu}+)+;',
  '(a*)*b',
  '(a*){20,}b',
  '((x{2})+)+y',
  '(?:[+]+)+=',
  '\\((\\(+)+\\)',
  '((?:🙂|🙂🙂)+)x',
  '(?:(?:(?:a)+)+)+b',
  '(?i:(a+)+)b',
  // Words, and what has to come before them.
  '((abc)+)+d',
  '((ab)*)*c',
  '(?:(?:the )+)+end',
  'foo(a+)+b',
  '(?<=Q: )(\\d+)+$',
  '^(([a-z])+.)+[A-Z]([a-z])+$',
  "([\\p{L}\\p{N}]+['-]?)+§",
  '(\\d+,?)+$',
  '(?:"[^"]*"?)+x',
  '([A-Z]?[a-z]*)+\\d',
  // Choices that say the same.
  '(x|xx|xxx)*$',
  '(foo|foofoo)+!',
  '(?:hello|hel|lo)+ world!!',
  '(?:ab|a|b)+(?:ab)+;',
  '(a|a)*b',
  '(a|a?)+b',
  '(ab?a?)+c{2}',
  '(?:[ab]|[bc])+\\x00\\x00',
  // Classes that share a few letters.
  '(\\p{L}|\\p{Lu})+\\d{3}',
  '(\\p{L}|\\p{Script=Thai})+;;',
  '([a-m]|[k-z])+!!',
  '([a-m0-9]|[k-z])+;;',
  '([^a-j]|[^l-z])+;;',
  // Around a place, before and behind it, and with what was found before.
  '(?=(a+)+b)a',
  '(?!(b+)+c)b',
  '(?<!b(c+)+d)e',
  '(?<=b(z+)+y)w',
  '(\\w+)\\1+(\\w+)+\\1;',
  '((.)\\2*)+#',
  '(?<n>k+)\\k<n>*(k+)*;',
  // Only a certain end, or none, does not fit.
  '(a+)+[^a]',
  '(a+)+(?:[^aQ]|$)',
  '(?:a+b?)+[^ab\\u0001!]',
  '(\\s*\\S+)*\\u0007\\u0007',
  // Many one after the other.
  '(.*a){30}',
  'a*a*a*a*a*a*a*a*a*a*a*a*b',
  '(\\w*\\w*\\w*\\w*\\w*\\w*\\w*\\w*);',
  '(.+)+(.+)+(.+)+~~',
  '^(?:.?.?.?)+~$',
];
