/** What a teacher wrote, as a label and a rationale. */
import { diffChars } from 'diff';
import { afterThought, readAnswer as readCompletion } from '../data/completions.ts';
import { letterOf } from './prompt.ts';

export type ReadAnswer = { ok: true; label: string; rationale: string | null } | { ok: false; why: string };

/** What an answer can be, where that is known. */
export interface Expected {
  /** The row's own choices. */
  choices: readonly string[] | null;
  /** The labels of the whole dataset, where they are few. */
  labels: readonly string[] | null;
}

/** More different labels than this, and they are no list of classes. */
const fewLabels = 32;

/** The dataset's labels, where they are a list of classes: some, few, and used twice each on average. */
export function closedLabels(rows: readonly { label: string }[]): string[] | null {
  const labels = new Set(rows.map(({ label }) => label));
  return labels.size >= 2 && labels.size <= fewLabels && labels.size * 2 <= rows.length ? [...labels] : null;
}

/** "So the answer is", as the authors' format has it and as models vary it. */
const marker =
  /(?:\b(?:so|thus|hence|therefore),?\s+)?\bthe\s+(?:final\s+|correct\s+|best\s+|right\s+)?(?:answer|choice|option)\s*(?:is|:)(?!\s+not\b)\s*:?/gi;
/** A last line that names the answer alone: `Answer: x`, `**Final answer:** x`, `#### x`. */
const lastLine = /^[ \t>*_]*(?:(?:final\s+)?answer\s*[*_]*\s*[:=]|#{4})[ \t*_]*(.+)$/gim;

/**
 * Reads an answer: the rationale is what stands before "So the answer is", the label what comes after it, to the end of
 * the line. What follows the next `Q:` is another question, which the teacher made up. With choices or classes, the
 * label is one of them: by its letter, or by its text without regard to case. An answer in none of the forms that were
 * asked for is read as files of answers are.
 */
export function readAnswer(text: string, expected: Expected): ReadAnswer {
  const own = afterThought(text)
    .trimStart()
    .split(/\n\s*Q:/)[0]!;
  const json = readJson(own, expected);
  if (json !== null) return json;
  const found = [...own.matchAll(marker)].at(-1);
  if (found !== undefined) {
    const after = own.slice(found.index + found[0].length).trimStart();
    return asAnswer(own.slice(0, found.index), after.split('\n')[0]!, expected);
  }
  const line = [...own.matchAll(lastLine)].at(-1);
  if (line !== undefined) return asAnswer(own.slice(0, line.index), line[1]!, expected);
  const { rationale, label } = readCompletion(own, expected.choices ?? expected.labels);
  if (label !== null && label !== '') return { ok: true, label, rationale };
  return { ok: false, why: own.trim() === '' ? 'it is empty' : 'it never says what the answer is' };
}

/** `{"rationale": …, "label": …}`, alone or in a fence. */
function readJson(text: string, expected: Expected): ReadAnswer | null {
  const body = /^\s*(?:```(?:json)?\s*)?(\{[\s\S]*\})\s*(?:```)?\s*$/.exec(text)?.[1];
  if (body === undefined) return null;
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    return null;
  }
  const { rationale, label } = value as Record<string, unknown>;
  if (typeof label !== 'string' && typeof label !== 'number') return null;
  return asAnswer(typeof rationale === 'string' ? rationale : '', String(label), expected);
}

function asAnswer(before: string, after: string, expected: Expected): ReadAnswer {
  const rationale = before.replace(/^\s*A:\s*/, '').trim();
  const label = labelOf(after, expected);
  if (label === null) return { ok: false, why: 'its answer is not one of the choices' };
  if (label === '') return { ok: false, why: 'its answer is empty' };
  return { ok: true, label, rationale: rationale === '' ? null : rationale };
}

function labelOf(words: string, { choices, labels }: Expected): string | null {
  // "(a) x or (c) y" is no answer.
  if (/\([a-z]\).*(?:\bor\b|\band\b|,)\s*\([a-z]\)/i.test(words)) return null;
  const bare = stripped(words);
  const known = choices ?? labels;
  const lettered = /^\(?([a-z])\)\s*[:.]?\s*(.*)$/i.exec(bare) ?? /^([a-z])[.:]\s+(.*)$/i.exec(bare);
  const name = stripped(lettered?.[2] ?? bare);
  if (known === null) return lettered !== null && name !== '' ? name : bare;
  const same = (one: string, other: string): boolean => one.toLowerCase() === other.toLowerCase();
  // The text counts before the letter, as the authors read it: teachers slip on letters more than on words.
  const byText = known.find((choice) => same(choice, bare) || same(choice, name));
  if (byText !== undefined) return byText;
  if (choices !== null) {
    const letter = (lettered?.[1] ?? (bare.length === 1 ? bare : '')).toLowerCase();
    const byLetter = choices.find((_, index) => letterOf(index) === letter);
    // Teachers correct the spelling of a choice; other words under its letter are another answer.
    if (byLetter !== undefined && (lettered === null || name === '' || isNearly(name, byLetter)))
      return byLetter;
  }
  // "hospital, because …": the longest class that the words begin with.
  const begun = known
    .filter((choice) => new RegExp(`^${escaped(choice)}(?![\\p{L}\\p{N}])`, 'iu').test(name))
    .sort((a, b) => b.length - a.length)[0];
  return begun ?? null;
}

/** Without what models put around an answer: emphasis, quotation marks, a full stop. */
function stripped(words: string): string {
  return words
    .trim()
    .replace(/(?:<\/s>|<\|[a-z_]+\|>)+$/, '')
    .replace(/^\$?\\boxed\{(.*)\}\.?\$?\.?$/, '$1')
    .replace(/^[*_`"“'‘\s]+|[*_`"”'’\s]+$/g, '')
    .replace(/[.*_`"”’]+$/g, '')
    .trim();
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}

/** Whether two texts share three quarters of their letters, in order. */
function isNearly(one: string, other: string): boolean {
  const common = diffChars(one.toLowerCase(), other.toLowerCase())
    .filter(({ added, removed }) => !added && !removed)
    .reduce((sum, { value }) => sum + value.length, 0);
  return common >= 0.75 * Math.max(one.length, other.length);
}
