import { expect, test } from 'vitest';
import { chanceWords } from '../words.ts';
import { distillationWords, teacherWords } from './paired-words.ts';

test('a probability has two digits, and no more zeros than one can read', () => {
  expect(chanceWords(0.3411)).toBe('0.34');
  expect(chanceWords(0.0214)).toBe('0.021');
  expect(chanceWords(2e-146)).toBe('below 0.001');
  expect(chanceWords(1)).toBe('1');
});

test('better, worse, chance and nothing are told apart', () => {
  expect(distillationWords({ lost: 0, won: 6, p: 0.03125 })).toMatch(
    /^Distilled is better .* 6 fixed to 0 broken .* 0\.031\.$/,
  );
  expect(distillationWords({ lost: 6, won: 0, p: 0.03125 })).toMatch(/^Distilled is worse/);
  expect(distillationWords({ lost: 0, won: 5, p: 0.0625 })).toMatch(/^5 fixed to 0 broken may be chance/);
  expect(distillationWords({ lost: 0, won: 0, p: 1 })).toMatch(/nothing to tell apart/);
  expect(teacherWords({ lost: 15, won: 60, p: 1e-7 })).toMatch(
    /60 that it got wrong .* 15 .* more than chance/,
  );
  expect(teacherWords({ lost: 0, won: 0, p: 1 })).not.toMatch(/chance/);
});
