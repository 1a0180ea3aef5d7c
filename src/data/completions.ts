/**
 * Reason and answer out of a teacher's own words. *Faithful* is the research code of Distilling Step-by-Step, task by
 * task (github.com/google-research/distilling-step-by-step, data_utils.py); *repaired* reads what people get from
 * today's servers and says what it repaired.
 */
import { findChoice } from './choices.ts';

export const completionModes = ['faithful', 'repaired'] as const;
export type CompletionMode = (typeof completionModes)[number];

/** What was repaired to read a completion. */
export type Repair = 'thought' | 'cut off' | 'run-on' | 'json' | 'case' | 'cut' | 'letter';

export interface Answer {
  rationale: string | null;
  /** Null where no answer was found. */
  label: string | null;
  repairs: readonly Repair[];
}

/** The tasks of the research code, each with a way to read a completion. */
export const faithfulTasks = ['cqa', 'svamp', 'anli', 'esnli'] as const;
export type FaithfulTask = (typeof faithfulTasks)[number];

const voters = 50;

/** Whose completions these are, by the marks that most of the first ones hold. */
export function faithfulTaskOf(texts: readonly string[]): FaithfulTask {
  const first = texts.slice(0, voters);
  const share = (mark: RegExp): number =>
    first.filter((text) => mark.test(text)).length / Math.max(1, first.length);
  if (share(/So the answer is/) >= 0.5) {
    // CommonsenseQA's answers have a letter in brackets.
    return share(/So the answer is\s*\(.\)/) >= 0.25 ? 'cqa' : 'anli';
  }
  if (share(/The answer is/) >= 0.5) return 'svamp';
  return share(/Answer: /) >= 0.5 ? 'esnli' : 'cqa';
}

const unread: Answer = { rationale: null, label: '', repairs: [] };

/** As the research code reads it; where it raises: a blank label (wrong) and no rationale. */
export function readFaithfully(text: string, task: FaithfulTask): Answer {
  switch (task) {
    case 'cqa': {
      const parts = text.split('Q:')[0]!.trimEnd().split('So the answer is');
      if (parts.length !== 2) return unread;
      const label = parts[1]!.split(/\(.\)/)[1]?.trim().replace(/\.$/, '');
      return answerOf(parts[0]!, label ?? '');
    }
    case 'svamp': {
      const parts = text.split('Q:')[0]!.trimEnd().split('The answer is');
      if (parts.length !== 2) return unread;
      return answerOf(parts[0]!, /\(.*\)/.exec(parts[1]!)?.[0] ?? '');
    }
    case 'anli': {
      const parts = text.split('Premise:')[0]!.trimEnd().split('So the answer is');
      if (parts.length !== 2) return unread;
      // The authors take off the last character, whatever it is.
      return answerOf(parts[0]!, parts[1]!.trim().slice(0, -1));
    }
    case 'esnli':
      return answerOf(
        text.split('Answer:')[0]!,
        text.split('Answer: ')[1]?.split('Premise')[0]?.trimEnd() ?? '',
      );
    default:
      return task satisfies never;
  }
}

function answerOf(rationale: string, label: string): Answer {
  return { rationale: rationale.trim() === '' ? null : rationale.trim(), label, repairs: [] };
}

const thoughts = [
  ['<think>', '</think>'],
  ['<thinking>', '</thinking>'],
  ['<reasoning>', '</reasoning>'],
  ['[THINK]', '[/THINK]'],
  ['<|begin_of_thought|>', '<|end_of_thought|>'],
] as const;
/** Also signs with which a template ends a turn, where a server lets them through. */
const wrappers =
  /<\/?(?:answer|final_answer)>|<\|(?:begin|end)_of_solution\|>|(?:<\/s>|<\|(?:im_end|eot_id|end_of_text|endoftext|end|return)\|>)\s*$/g;
/** An answer in tags of its own, which a cut text may leave open. */
const tagged = /<(answer|final_answer)>([\s\S]*?)(?:<\/\1>|$)/g;

/** A thought apart from what follows it; `rest` is null where the thought was never closed. Null where there is none. */
function splitThought(text: string): { thought: string | null; rest: string | null } | null {
  // Lengths stay what they are where only ASCII changes its case.
  const sought = text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
  for (const [open, close] of thoughts) {
    const opened = sought.indexOf(open.toLowerCase());
    const closed = sought.lastIndexOf(close.toLowerCase());
    if (opened === -1 && closed === -1) continue;
    const from = opened === -1 ? 0 : opened + open.length;
    const thought = text.slice(from, closed === -1 || closed < from ? undefined : closed).trim();
    return {
      thought: thought === '' ? null : thought,
      rest: closed === -1 || closed < from ? null : text.slice(closed + close.length),
    };
  }
  return null;
}

/** What follows a thought, and is the answer; empty where the thought was never closed. */
export function afterThought(text: string): string {
  const split = splitThought(text);
  return split === null ? text : (split.rest ?? '');
}

/** Where a completion runs on into the next invented question. */
const runOn = /\n\s*(?:Q:|Question:|Premise:)/;

/** What stands before an answer; the last that yields one decides. */
const marks = [
  /(?:\b(?:so|hence|therefore|thus),?\s+)?\b(?:(?:the|my)\s+)?(?:correct |final |right |best )?answer\s+is\s*:?\s*(?:answer\s*:\s*)?/gi,
  /\bthe\s+(?:correct|final|right|best)\s+(?:option|choice)\s+is\s*:?\s*/gi,
  /(?:^|\n)[*\s]*(?:final\s+)?answer\s*[*]*\s*:[*\s]*/gi,
  /####\s*/g,
  /\\boxed\s*\{/g,
  /\n\s*A:\s+/g,
];

interface Mark {
  start: number;
  end: number;
  boxed: boolean;
}

function findMarks(text: string): Mark[] {
  const found: Mark[] = [];
  for (const mark of marks) {
    for (const match of text.matchAll(mark)) {
      found.push({
        start: match.index,
        end: match.index + match[0].length,
        boxed: match[0].startsWith('\\boxed'),
      });
    }
  }
  return found.sort((a, b) => a.end - b.end);
}

/** What is in braces that are opened before `from`. */
function inBraces(text: string, from: number): string {
  let depth = 1;
  for (let at = from; at < text.length; at += 1) {
    if (text[at] === '{') depth += 1;
    else if (text[at] === '}') depth -= 1;
    if (depth === 0) return text.slice(from, at);
  }
  return '';
}

/** The answer that begins here: its line, and of that the first sentence, without marks around it. */
function tidied(text: string): string {
  const line = text.split('\n')[0]!;
  const sentence = /^(.*?[^\d\s]|.*?\d)\.(?:\s+\p{Lu}|\s*$)/u.exec(line)?.[1] ?? line;
  return sentence
    .trim()
    .replace(/^[*"“'`]+|[*"”'`]+$/g, '')
    .replace(/\.$/, '')
    .trim();
}

const letterBefore = /^\(?\s*([A-Za-z])\s*\)\s*/;

/** The label that an answer comes to, or null; with choices only one of them counts. */
function labelOf(
  answer: string,
  choices: readonly string[] | null,
): { label: string; repair: Repair | null } | null {
  if (answer === '' || /^either\b/i.test(answer)) return null;
  const text = answer.replace(letterBefore, '').trim();
  if (choices === null) return { label: text === '' ? answer : text, repair: null };
  // Text beats its letter; a letter counts only where no text follows it.
  const found = findChoice(text === '' ? answer : (text.split(/\s*\([A-Za-z]\)/)[0] ?? text), choices);
  if (found === null) return null;
  const repair = found.how === 'exact' || found.how === 'spaces' ? null : found.how;
  return { label: found.choice, repair };
}

const reasonKeys = ['rationale', 'reasoning', 'explanation', 'reason', 'thought'];
const answerKeys = ['answer', 'label', 'final_answer', 'prediction'];

/** An object of reason and answer, alone, in a code fence, or with words around it; null where there is none. */
function fromJson(text: string): { rationale: string | null; answer: string } | null {
  const bare = /\{[\s\S]*\}/.exec(text)?.[0];
  if (bare === undefined) return null;
  try {
    const value = JSON.parse(bare) as Record<string, unknown>;
    const pick = (keys: readonly string[]): unknown =>
      keys
        .map((key) => (Object.hasOwn(value, key) ? value[key] : undefined))
        .find((one) => one !== undefined);
    const answer = pick(answerKeys);
    const rationale = pick(reasonKeys);
    if (typeof answer !== 'string' && typeof answer !== 'number') return null;
    return { rationale: typeof rationale === 'string' ? rationale : null, answer: String(answer) };
  } catch {
    return null;
  }
}

/**
 * Reason and answer as people's servers write them: a thought in tags, JSON, a run-on, the last mark with an answer.
 *
 * @param choices What the answer has to be one of; null where anything counts.
 * @param bare Whether a text without any mark is an answer by itself (a chat's last turn) or a reason without one.
 */
export function readAnswer(text: string, choices: readonly string[] | null, bare = false): Answer {
  const repairs: Repair[] = [];
  const split = splitThought(text);
  if (split !== null) {
    if (split.rest === null) return { rationale: split.thought, label: null, repairs: ['cut off'] };
    repairs.push('thought');
  }
  let rest = (split?.rest ?? text).replace(wrappers, '');
  const json = fromJson(rest);
  if (json !== null) {
    const label = labelOf(json.answer.trim(), choices);
    return {
      rationale: split?.thought ?? json.rationale,
      label: label?.label ?? null,
      repairs: [...repairs, 'json', ...(label?.repair ? [label.repair] : [])],
    };
  }
  const end = runOn.exec(rest);
  if (end !== null && rest.slice(0, end.index).trim() !== '') {
    rest = rest.slice(0, end.index);
    repairs.push('run-on');
  }
  for (const mark of findMarks(rest).reverse()) {
    const answer = mark.boxed ? inBraces(rest, mark.end).trim() : tidied(rest.slice(mark.end));
    const label = labelOf(answer, choices);
    if (label === null) continue;
    if (label.repair !== null) repairs.push(label.repair);
    const before = reasonText(rest.slice(0, mark.start));
    return { rationale: split === null ? before : split.thought, label: label.label, repairs };
  }
  const inTags = [...(split?.rest ?? text).matchAll(tagged)].at(-1);
  const inTag = inTags === undefined ? null : labelOf(tidied(inTags[2]!.trim()), choices);
  if (inTags !== undefined && inTag !== null) {
    if (inTag.repair !== null) repairs.push(inTag.repair);
    const before = reasonText((split?.rest ?? text).slice(0, inTags.index));
    return { rationale: split?.thought ?? before, label: inTag.label, repairs };
  }
  const whole = rest.trim();
  if (split !== null || bare) {
    const label = whole === '' ? null : labelOf(choices === null ? whole : tidied(whole), choices);
    if (label?.repair) repairs.push(label.repair);
    return {
      rationale: split?.thought ?? null,
      label: choices === null && whole !== '' ? whole : (label?.label ?? null),
      repairs,
    };
  }
  return { rationale: reasonText(rest), label: null, repairs };
}

/** A reason without the `A:` that prompts begin it with; null where nothing is left. */
export function reasonText(text: string): string | null {
  const reason = text.replace(/^\s*A:\s*/, '').trim();
  return reason === '' ? null : reason;
}
