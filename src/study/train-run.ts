/** One run of the study: trained on an engine, asked every test row, counted. */
import type { Example, Tally } from '../data/example.ts';
import { answerAll, type Speaker } from '../distill/answer.ts';
import type { Recipe } from '../distill/recipe.ts';
import { Session } from '../distill/session.ts';
import { answerPrompt } from '../distill/tasks.ts';
import type { Engine } from '../engine/engine.ts';
import { chooseRows } from '../experiment/rows.ts';
import { recipeOf, type Run, type TaskName } from './design.ts';

/** What runs on one task share. */
export interface Task {
  name: TaskName;
  tokenizer: Speaker;
  train: readonly Example[];
  test: readonly Example[];
  /** Whether an answer is right. */
  isRight: (answer: string, label: string) => boolean;
}

/** What a run came to. */
export interface Outcome extends Tally {
  /** Losses of the last step. */
  answerLoss: number;
  rationaleLoss: number | null;
  /** Time of all steps, and of training and answering together. */
  stepsMs: number;
  elapsedMs: number;
}

/**
 * Trains the student that the engine holds, and asks it all test rows, greedily.
 * @throws NonFiniteError where a loss or norm is not finite.
 */
export async function trainRun(engine: Engine, task: Task, run: Run): Promise<Outcome> {
  const startedAt = performance.now();
  const recipe = recipeOf(run);
  const train = chooseRows(task.train, run);
  const session = new Session({ engine, tokenizer: task.tokenizer, recipe, train, test: [] });
  const losses = { answerLoss: NaN, rationaleLoss: null as number | null, stepsMs: 0 };
  for await (const event of session.run()) {
    if (event.type !== 'metrics') continue;
    const { answerLoss, rationaleLoss, elapsedMs } = event.point;
    Object.assign(losses, { answerLoss, rationaleLoss, stepsMs: elapsedMs });
  }
  const prompts = task.test.map(({ input }) => answerPrompt(recipe, input));
  const score = await ask(engine, task, recipe, prompts);
  return { ...score, ...losses, elapsedMs: Math.round(performance.now() - startedAt) };
}

/** How much the untouched student gets right, asked with the bare input. */
export function askBase(engine: Engine, task: Task, recipe: Recipe): Promise<Tally> {
  return ask(
    engine,
    task,
    recipe,
    task.test.map(({ input }) => input),
  );
}

async function ask(
  engine: Engine,
  { tokenizer, test, isRight }: Task,
  recipe: Recipe,
  prompts: readonly string[],
): Promise<Tally> {
  const answers = answerAll(engine, tokenizer, prompts, {
    maxInputTokens: recipe.maxInputTokens,
    maxNewTokens: recipe.generationMaxTokens,
  });
  for (;;) {
    const next = await answers.next();
    if (!next.done) continue;
    const correct = next.value.filter((answer, index) => isRight(answer, test[index]!.label)).length;
    return { correct, total: test.length };
  }
}
