import { describe, expect, it } from 'vitest';
import { notebookRecipe, withBaseDtype, withLora, type Recipe } from '../../distill/recipe.ts';
import { chosenByTestWords } from '../../distill/selection.ts';
import type { ModelCardFacts } from './facts.ts';
import { trainingSection } from './training.ts';

const facts = {
  curves: { points: [], evaluations: [] },
  recipe: { ...notebookRecipe, steps: 20 },
  datasetName: 'rows',
  trainRows: 4000,
  steps: 20,
  early: false,
  losses: null,
  elapsedMs: 65_000,
  engine: null,
} as unknown as ModelCardFacts;
const lines = (changes: Partial<ModelCardFacts> = {}, keys: Partial<Recipe> = {}) =>
  trainingSection({ ...facts, ...changes, recipe: { ...facts.recipe, ...keys } });
const text = (...given: Parameters<typeof lines>) => lines(...given).join('\n');

describe('how a student was trained', () => {
  it('is its method, with the weight of each loss', () => {
    expect(lines({}, { alpha: 0.3 })[0]).toContain('loss = 0.3 · answer + 0.7 · rationale.');
    expect(lines({}, { method: 'standard' })[0]).toMatch(/^Standard fine-tuning/);
    expect(lines({}, { method: 'rationale-then-label' })[0]).toContain(
      'the teacher’s rationale, then the label behind `answer:`.',
    );
    expect(lines({}, { method: 'label-then-rationale' })[0]).toContain(
      'the label, then the teacher’s rationale behind `because:`.',
    );
  });

  it('is its rows and steps, with those of a step, and why there are fewer than the recipe has', () => {
    expect(text({}, { batchSize: 6, accumulation: 2 })).toContain('- 20 steps of 12 rows, in 1 min 5 s');
    expect(text()).toContain('- Data: 4,000 rows of rows, gold labels');
    expect(text({}, { labels: 'teacher' })).toContain('rows of rows, the teacher’s labels');
    expect(text({ steps: 19 })).toContain('- 19 steps of 16 rows, stopped by hand (the recipe has 20), in');
    expect(text({ steps: 19, early: true })).toContain(
      'ended early, when it got no better (the recipe has 20)',
    );
  });

  it('is its optimiser, and what is frozen or beside the weights', () => {
    expect(text()).toContain(
      '- AdamW, learning rate 0.00005, linear, 0 steps of warm-up, weight decay 0, gradient norm up to 1, dropout 0.1, seed 0',
    );
    expect(text({}, { optimizer: 'adafactor', maxGradNorm: 0 })).toMatch(
      /- Adafactor, learning rate .* up to any,/,
    );
    expect(text({}, { optimizer: 'adafactor-relative' })).toContain('- Adafactor with its own rate');
    expect(text({}, { freeze: ['encoder', 'decoder'] })).toContain(
      '- Frozen, as they were before: encoder, decoder',
    );
    expect(text()).not.toMatch(/LoRA|Frozen/);
    const adapted = withLora(facts.recipe, 4);
    expect(text({}, adapted)).toContain(
      '- LoRA: rank 4, alpha 4, dropout 0, on q, v; merged into these weights',
    );
    const all = { ...withBaseDtype(adapted, 'float16').lora!, targets: 'all-linear' as const };
    expect(text({}, { lora: all })).toContain(
      'on all linear layers, on a base rounded to half precision; merged',
    );
  });

  it('is how its rows were read, each word that a person had in it', () => {
    const reading = {
      map: 'input={a}',
      onlyMatching: true,
      unaligned: true,
      splitColumn: 'split',
      holdOut: { share: 0.1, seed: 3 },
      validation: { share: 0.12345, seed: 4 },
      rationalised: 1,
      edited: 2000,
    };
    const read = text({ reading });
    for (const line of [
      '- Columns: input={a}',
      '- Rationales: only those of the same id or input were joined',
      '- Rationales were kept as they were joined, against the warning',
      '- Splits by the column: split',
      ': 10 % of the training rows, held out by seed 3',
      '- Validation rows: 12.35 % of the training rows, held out by seed 4',
      '- Reasons of 1 row were asked for',
      '- Reasons of 2,000 rows were written by hand',
    ])
      expect(read).toContain(line);
    const none = text({ reading: { onlyMatching: false, unaligned: false, splitColumn: null } });
    expect(none).toBe(text());
    expect(text({ reading: { edited: 1 } })).toContain('- Reasons of 1 row were written by hand');
  });

  it('is what was noticed of its rows, where that is known', () => {
    expect(text({ notes: null })).not.toContain('oticed');
    expect(text({ notes: [] })).toContain('- Nothing was noticed of its rows');
    expect(text({ notes: ['2 rows repeat'] })).toContain(
      '- Noticed of its rows, and trained on as they are:\n  - 2 rows repeat',
    );
  });

  it('is whose weights these are, and who chose them', () => {
    expect(text()).not.toContain('These are the weights');
    expect(text({ takenStep: 1500 })).toContain('- These are the weights of step 1,500, as the recipe says.');
    const best = { takenStep: 15, chosenBy: 'validation' } as const;
    expect(text(best, { take: 'best' })).toContain('step 15, the best by accuracy on the validation rows.');
    expect(text({ ...best, chosenBy: 'test' }, { take: 'best' })).toContain(
      `the best by accuracy on the test rows. ${chosenByTestWords}`,
    );
    expect(text({ early: true, chosenBy: 'test' })).toContain(`- ${chosenByTestWords}`);
    expect(text({ early: true, chosenBy: 'validation' })).not.toContain(chosenByTestWords);
    expect(text({ chosenBy: 'test' })).not.toContain(chosenByTestWords);
  });

  it('is what computed it, and its losses at both ends', () => {
    expect(text()).toContain('- Engine: not said');
    const engine = { engine: 'torch', backend: 'cuda', adapter: 'a_b' } as ModelCardFacts['engine'];
    expect(text({ engine })).toContain('- Engine: PyTorch; torch on cuda, a\\_b');
    const at = (step: number, answerLoss: number, rationaleLoss: number | null) => ({
      step,
      answerLoss,
      rationaleLoss,
    });
    const losses = { first: at(1, 2, 3), last: at(1200, 1, 0.5) } as ModelCardFacts['losses'];
    expect(text({ losses })).toContain(
      '| Loss | step 1 | step 1,200 |\n| --- | --- | --- |\n| Answer | 2.0000 | 1.0000 |\n| Rationale | 3.0000 | 0.5000 |',
    );
    const alone = { first: at(1, 2, 3), last: at(1200, 1, null) } as ModelCardFacts['losses'];
    expect(text({ losses: alone })).not.toContain('| Rationale');
    const points = (count: number) =>
      ({ points: new Array(count).fill({}), evaluations: [] }) as unknown as ModelCardFacts['curves'];
    expect(text({ losses, curves: points(1) })).not.toContain('curves.svg');
    expect(text({ losses, curves: points(2) })).toContain('](curves.svg)');
  });
});
