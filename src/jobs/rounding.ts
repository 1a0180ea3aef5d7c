/** What rounding the weights to 16 bits does to a student's answers, measured before the folder is handed over. */
import type { Example } from '../data/example.ts';
import { answerInputs, type Speaker } from '../distill/answer.ts';
import type { Watch } from '../distill/ports.ts';
import type { Recipe } from '../distill/recipe.ts';
import { stateOf, type Engine, type EngineStudent } from '../engine/engine.ts';
import { roundedWeights, type WrittenFloat } from '../student/rounded.ts';

/** Answers of the rounded weights, held against those of the float32 ones. */
export interface RoundingCheck {
  rows: number;
  differing: number;
}

/** Rows that are enough to see it, and few enough to wait for. */
const mostRows = 50;

export interface RoundingJob {
  student: EngineStudent;
  tokenizer: Speaker;
  dtype: WrittenFloat;
  recipe: Recipe;
  /** Test rows, of which the first fifty are answered. */
  examples: readonly Pick<Example, 'input'>[];
  open: (student: EngineStudent) => Promise<Engine>;
}

/**
 * Generates with the weights as the file will hold them, and with those that were trained, on one engine.
 * @returns Null where nothing is rounded, or there are no rows.
 * @throws The signal's reason where it was cancelled; what the engine throws while it is opened.
 */
export async function checkRounding(
  job: RoundingJob,
  { report, signal }: Watch,
): Promise<RoundingCheck | null> {
  const { student, dtype, recipe } = job;
  const examples = job.examples.slice(0, mostRows);
  if (dtype === 'f32' || examples.length === 0) return null;
  const inputs = examples.map(({ input }) => input);
  const weights = roundedWeights(student.weights, dtype);
  const engine = await job.open({ config: student.config, weights });
  const answer = async (first: number): Promise<string[]> => {
    const answers = answerInputs(engine, job.tokenizer, recipe, inputs);
    for (;;) {
      const next = await answers.next();
      if (next.done) return next.value.map(({ answer, rationale }) => `${answer}\n${rationale ?? ''}`);
      report(`answering test rows with ${dtype} weights`, first + next.value, 2 * inputs.length);
      signal.throwIfAborted();
    }
  };
  try {
    const own = await answer(0);
    engine.restore(stateOf(student.weights));
    const whole = await answer(inputs.length);
    return { rows: inputs.length, differing: own.filter((text, row) => text !== whole[row]).length };
  } finally {
    engine.dispose();
  }
}
