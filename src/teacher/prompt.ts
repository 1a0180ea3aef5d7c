/**
 * What a teacher is asked with: demonstrations and a row, in the format of the authors of Distilling Step-by-Step
 * (arXiv 2305.02301): `Q: …`, `A: … So the answer is (c) x.` A completions interface gets it as one text, a chat as turns.
 */
import type { Example } from '../data/example.ts';

/** A worked answer that shows the teacher how to answer. */
export type Demonstration = Asked & { rationale: string };

/** What of a row a question is made of. */
type Asked = Pick<Example, 'input' | 'label' | 'choices'> & { question?: string | null };

/** `label`: think, then answer. `rationalise`: the label is given, and the reason for it is asked for. */
export type Mode = 'label' | 'rationalise';
export const modes = ['label', 'rationalise'] as const satisfies readonly Mode[];

export interface Turn {
  role: 'user' | 'assistant';
  content: string;
}

export type Prompt =
  | { kind: 'text'; text: string; stop: readonly string[] }
  | { kind: 'turns'; system: string | null; turns: readonly Turn[] };

export interface PromptForm {
  kind: Prompt['kind'];
  mode: Mode;
  demonstrations: readonly Demonstration[];
  /** Answers are JSON, `{rationale, label}`, as `answerSchema` has it. */
  asJson: boolean;
  /** Said before everything; null leaves it out, which demonstrations allow. */
  instruction: string | null;
  /** How a question is composed of `questionColumns`; missing for the student's own input. */
  template?: string | undefined;
}

/** What a template can name, in braces. */
export const questionColumns = ['input', 'question', 'choices'] as const;

/** Names in braces that are no column. */
export function unknownColumns(template: string): string[] {
  const names = [...template.matchAll(/\{(\w+)\}/g)].map(([, name]) => name!);
  return names.filter((name) => !(questionColumns as readonly string[]).includes(name));
}

/** Students of up to 3 B parameters learn better from short reasons (arXiv 2502.12143, 2502.18001). */
const atMost = 'in at most 60 words';

const instructions = {
  label:
    `Answer each question. First think aloud ${atMost}, then end with one line exactly in this form: ` +
    'So the answer is X.',
  rationalise:
    `Each question comes with its answer. Give the reason for it ${atMost}, as if you had found it yourself, then ` +
    'end with one line exactly in this form: So the answer is X.',
} as const satisfies Record<Mode, string>;

const endInWords = /end with one line exactly in this form: So the answer is X\.$/;

/** What a teacher is told, where the person says nothing else. */
export function instructionFor(mode: Mode, asJson: boolean): string {
  const inWords = instructions[mode];
  return asJson
    ? inWords.replace(
        endInWords,
        'answer with a JSON object alone: {"rationale": the reason, "label": the answer}.',
      )
    : inWords;
}

/** For rows whose answer could not be read: the same, said once more and harder. */
export function stricterInstruction(mode: Mode, asJson: boolean): string {
  const last = asJson
    ? 'Write nothing before or after the object. The label is copied letter by letter from the question’s choices.'
    : 'That line is the last one: write nothing after it. X is copied letter by letter from the question’s choices, ' +
      'without brackets or quotation marks around it.';
  return `${instructionFor(mode, asJson)} ${last}`;
}

/** Models that were not tuned to follow instructions continue with a next question (all of PaLM's answers did). */
const stop = ['\nQ:', '\n\n'];

/** The prompt of one row. */
export function buildPrompt(row: Example, form: PromptForm): Prompt {
  const { kind, instruction } = form;
  const demonstrations = form.demonstrations.map((one) => ({
    question: questionOf(one, form),
    answer: form.asJson ? answerAsJson(one) : answerInWords(one),
  }));
  const question = questionOf(row, form);
  if (kind === 'text') {
    const worked = demonstrations.map((one) => `Q: ${one.question}\nA: ${one.answer}\n\n`).join('');
    const said = instruction === null ? '' : `${instruction}\n\n`;
    return { kind, text: `${said}${worked}Q: ${question}\nA:`, stop };
  }
  const turns = demonstrations.flatMap((one): Turn[] => [
    { role: 'user', content: one.question },
    { role: 'assistant', content: one.answer },
  ]);
  return { kind, system: instruction, turns: [...turns, { role: 'user', content: question }] };
}

/** The tokens of a prompt, at most: a token is a byte or more, and a chat's template adds some around each message. */
export function mostTokens(prompt: Prompt): number {
  const messages = prompt.kind === 'text' ? 1 : prompt.turns.length + 1;
  const texts =
    prompt.kind === 'text'
      ? [prompt.text]
      : [prompt.system ?? '', ...prompt.turns.map((turn) => turn.content)];
  const encoder = new TextEncoder();
  return texts.reduce((sum, text) => sum + encoder.encode(text).length, 0) + 16 * messages + 256;
}

/** The choices of a row: its own, or those written in its input as the authors compose it. */
export function choicesOf({ input, choices }: Pick<Example, 'input' | 'choices'>): readonly string[] | null {
  if (choices !== null) return choices;
  const [, listed] = input.split(/\nAnswer Choices:\s*\n/);
  const found = [...(listed ?? '').matchAll(/^\(([a-z])\) (.+)$/gm)];
  const inOrder = found.every(([, letter], index) => letter === letterOf(index));
  return found.length >= 2 && inOrder ? found.map(([, , choice]) => choice!) : null;
}

/** `a`, `b`, … as choices are lettered. */
export function letterOf(index: number): string {
  return String.fromCharCode(97 + index);
}

function questionOf(row: Asked, { mode, template }: PromptForm): string {
  const question = template === undefined ? row.input : filled(template, row);
  return mode === 'label' ? question : `${question}\nThe answer is ${labelInWords(row)}. Why?`;
}

function filled(template: string, row: Asked): string {
  const columns: Record<(typeof questionColumns)[number], string> = {
    input: row.input,
    question: row.question ?? row.input,
    choices: (choicesOf(row) ?? []).map((choice, index) => `(${letterOf(index)}) ${choice}`).join('\n'),
  };
  return template.replace(/\{(input|question|choices)\}/g, (_, name: keyof typeof columns) => columns[name]);
}

function answerInWords({ rationale, ...row }: Demonstration): string {
  const reason = rationale.trim();
  return `${reason}${/[.!?]$/.test(reason) ? '' : '.'} So the answer is ${labelInWords(row)}.`;
}

function answerAsJson({ rationale, label }: Demonstration): string {
  return JSON.stringify({ rationale: rationale.trim(), label });
}

/** `(c) x`, or `x` where the row has no choices. */
function labelInWords(row: Asked): string {
  const index = choicesOf(row)?.indexOf(row.label) ?? -1;
  return index === -1 ? row.label : `(${letterOf(index)}) ${row.label}`;
}
