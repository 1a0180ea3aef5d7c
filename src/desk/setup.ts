/** How a teacher is asked for a dataset's rows: what a person sets up, and what is kept of it. The key is no part of it. */
import { z } from '../base/schemas.ts';
import type { Example } from '../data/example.ts';
import { demonstrationsIn } from '../teacher/demonstrations.ts';
import type { Manner } from '../teacher/lessons.ts';
import {
  buildPrompt,
  instructionFor,
  modes,
  stricterInstruction,
  unknownColumns,
  type Demonstration,
  type Mode,
  type Prompt,
} from '../teacher/prompt.ts';
import { apis, providers, type Api } from '../teacher/providers.ts';

/** Demonstrations of a prompt at most, as the method's authors used up to ten. */
export const mostDemonstrations = 10;

const limit = z.number().positive().nullable();

const demonstrationSchema = z.object({
  /** The row that it was picked from; null where it was written. It is never shown to that row itself. */
  row: z.number().int().nonnegative().nullable(),
  input: z.string(),
  question: z.string().nullable(),
  choices: z.array(z.string()).nullable(),
  label: z.string(),
  rationale: z.string(),
});
export type DeskDemonstration = z.infer<typeof demonstrationSchema>;

const setupSchema = z.object({
  /**
   * `hosted` and `local` are behind an address; `tab` is a model in this page; `file` is asked by whoever takes the prompts
   * along.
   */
  where: z.enum(['hosted', 'local', 'tab', 'file']),
  api: z.enum(apis as [Api, ...Api[]]),
  endpoint: z.string(),
  model: z.string(),
  /** Whether a key was given with it; the key itself is gone with the page. */
  hadKey: z.boolean(),
  mode: z.enum(modes),
  /** In mode `label`: where the teacher was wrong, the reason for the true label is asked for too. */
  thenRationalise: z.boolean(),
  template: z.string(),
  /** Empty for the studio's own words. */
  instruction: z.string(),
  demonstrations: z.array(demonstrationSchema).max(mostDemonstrations),
  temperature: z.number().nonnegative(),
  maxTokens: z.number().int().positive(),
  votes: z.number().int().positive(),
  usesSchema: z.boolean(),
  streams: z.boolean(),
  inFlight: z.number().int().positive(),
  idleSeconds: z.number().positive(),
  budget: z.object({ rows: limit, tokens: limit, money: limit }),
  prices: z.object({ input: z.number().nonnegative(), output: z.number().nonnegative() }).nullable(),
  /** Of answers with another label than the row's: whether their reasons become the dataset's too. */
  keepsWrong: z.boolean(),
});
export type Setup = z.infer<typeof setupSchema>;

export const firstSetup: Setup = {
  where: 'local',
  api: 'chat',
  endpoint: 'http://127.0.0.1:8080/v1',
  model: '',
  hadKey: false,
  mode: 'label',
  thenRationalise: false,
  template: '{input}',
  instruction: '',
  demonstrations: [],
  temperature: 0,
  maxTokens: 256,
  votes: 1,
  usesSchema: false,
  streams: true,
  inFlight: 8,
  idleSeconds: 120,
  budget: { rows: null, tokens: null, money: null },
  prices: null,
  keepsWrong: false,
};

/** A stored setup; null where it is none of this version's. */
export function readSetup(stored: unknown): Setup | null {
  const read = setupSchema.safeParse(stored);
  return read.success ? read.data : null;
}

/** A teacher's name in the store: answers of one model by one interface are one teacher's. */
export function teacherIdOf({ api, model }: Pick<Setup, 'api' | 'model'>): string {
  return `${api} ${model}`;
}

export function mannerOf({ where, api, model, temperature, maxTokens, votes, ...setup }: Setup): Manner {
  const usesSchema = setup.usesSchema && api !== 'completions' && where !== 'tab';
  return { api, model, temperature, maxTokens, votes, usesSchema };
}

/** What is wrong with a question's template; null where nothing is. */
export function templateProblem(template: string): string | null {
  const [unknown] = unknownColumns(template);
  if (unknown !== undefined) return `There is no column {${unknown}}.`;
  return /\{(?:input|question)\}/.test(template) ? null : 'It names neither {input} nor {question}.';
}

/** Which of the questions about a row: the first one; harder, where no answer could be read; with the label given. */
export type Pass = 'first' | 'again' | 'given';

/** The prompt of a row. A row that is a demonstration itself is asked with the others alone. */
export function promptOf(row: Example, setup: Setup, pass: Pass): Prompt {
  const kind = providers[setup.api].promptKind;
  const mode: Mode = pass === 'given' ? 'rationalise' : setup.mode;
  const asJson = mannerOf(setup).usesSchema;
  // One that is not written yet would teach to give no reason.
  const isWhole = ({ rationale, label }: DeskDemonstration): boolean =>
    rationale.trim() !== '' && label.trim() !== '';
  const demonstrations = setup.demonstrations.filter((one) => one.row !== row.row && isWhole(one));
  // A model that only continues a text is led by demonstrations alone, as the authors did.
  const isLed = kind === 'text' && demonstrations.length > 0;
  const own = mode === setup.mode ? setup.instruction.trim() : '';
  const usual = own !== '' ? own : isLed ? null : instructionFor(mode, asJson);
  const instruction = pass === 'again' ? stricterInstruction(mode, asJson) : usual;
  const template = setup.template === '{input}' ? undefined : setup.template;
  return buildPrompt(row, { kind, mode, asJson, demonstrations, instruction, template });
}

/** Demonstrations out of rows whose reason led to the right label. */
export function pickDemonstrations(rows: readonly Example[], count: number): DeskDemonstration[] {
  const byRow = new Map(rows.map((row) => [row.row, row]));
  const picked: DeskDemonstration[] = [];
  const labels = new Set<string>();
  const pool = demonstrationsIn(rows);
  // Different labels first: a teacher that is shown one answer only gives that one.
  for (const fresh of [true, false]) {
    for (const one of pool) {
      if (picked.length >= count) return picked;
      if (fresh === labels.has(one.label) || picked.some(({ row }) => row === one.row)) continue;
      labels.add(one.label);
      picked.push(demonstrationOf(byRow.get(one.row)!, one.rationale));
    }
  }
  return picked;
}

export function demonstrationOf(row: Example, rationale: string, label = row.label): DeskDemonstration {
  const { input, question, choices } = row;
  return {
    row: row.row,
    input,
    question,
    label,
    rationale,
    choices: choices === null ? null : [...choices],
  } satisfies DeskDemonstration & Demonstration;
}
