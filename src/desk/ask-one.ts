/**
 * One question to a teacher outside its rows: asked in the manner of the rows, answered once, and kept in no store. Who asks
 * looks on, so that nothing is tried again behind their back.
 */
import type { Example } from '../data/example.ts';
import { costOf } from '../teacher/budget.ts';
import type { Outcome } from '../teacher/outcome.ts';
import { choicesOf } from '../teacher/prompt.ts';
import type { Ask, Feature, Reply, Usage } from '../teacher/provider.ts';
import { readAnswer } from '../teacher/read-answer.ts';
import { answerSchema } from '../teacher/schema.ts';
import { mannerOf, promptOf, type Setup } from './setup.ts';

export type OneAnswer =
  | { kind: 'answered'; answer: string; rationale: string | null; usage: Usage | null; cost: number | null }
  /** Nothing could be made of what it wrote. */
  | { kind: 'unread'; text: string; why: string; usage: Usage | null; cost: number | null }
  | { kind: 'silent'; why: string };

/**
 * @param question In the form of the rows' inputs; its choices are read out of it where it has some.
 * @param ask Sends it.
 */
export async function askOne(
  setup: Setup,
  question: string,
  ask: (ask: Ask) => Promise<Outcome>,
): Promise<OneAnswer> {
  // No row of the dataset, so that no demonstration is left out for it, and no answer is known that could be given.
  const row: Example = { ...unknown, input: question };
  const own = setup.mode === 'label' ? setup.instruction : '';
  const prompt = promptOf(row, { ...setup, mode: 'label', instruction: own }, 'first');
  const { model, temperature, maxTokens, usesSchema } = mannerOf(setup);
  const { streams } = setup;
  const schema = usesSchema ? answerSchema(choicesOf(row)) : null;
  const omitted = new Set<Feature>();
  for (;;) {
    const asking = { model, prompt, temperature, maxTokens, streams, schema, omitted };
    const outcome = await ask(asking);
    switch (outcome.kind) {
      case 'answered':
        return read(outcome.reply, row, setup);
      case 'unsupported':
        if (omitted.has(outcome.feature)) return { kind: 'silent', why: outcome.words };
        omitted.add(outcome.feature);
        break;
      case 'ended':
        return { kind: 'silent', why: `${outcome.problem} ${outcome.remedy}` };
      case 'slower':
        return { kind: 'silent', why: `It is asked too often (${outcome.words}). Ask again in a while.` };
      case 'fault':
      case 'refused':
        return { kind: 'silent', why: outcome.words };
      default:
        return outcome satisfies never;
    }
  }
}

const unknown: Example = {
  row: -1,
  input: '',
  label: '',
  rationale: null,
  teacherLabel: null,
  question: null,
  choices: null,
};

function read({ text, reasoning, finish, usage }: Reply, row: Example, { prices }: Setup): OneAnswer {
  const cost = usage === null ? null : costOf(usage, prices);
  // Some servers put the whole answer where the thinking goes.
  const said = text.trim() === '' && finish === 'stop' ? reasoning : text;
  const found = readAnswer(said, { choices: choicesOf(row), labels: null });
  if (found.ok) return { kind: 'answered', answer: found.label, rationale: found.rationale, usage, cost };
  const why = finish === 'length' ? 'it was cut before it said what the answer is' : found.why;
  return { kind: 'unread', text: said.trim(), why, usage, cost };
}
