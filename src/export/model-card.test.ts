import { describe, expect, it } from 'vitest';
import { notebookRecipe } from '../distill/recipe.ts';
import { escapeMarkdown, modelCard, type ModelCardFacts } from './model-card.ts';

const facts: ModelCardFacts = {
  name: 'quiet-heron',
  baseStudent: 'nano',
  parameters: 618880,
  recipe: { ...notebookRecipe, alpha: 0.1 },
  datasetName: 'trips',
  trainRows: 400,
  steps: 4000,
  accuracy: {
    base: { correct: 0, total: 200 },
    distilled: { correct: 163, total: 200 },
    teacher: { correct: 177, total: 200 },
  },
  losses: {
    first: { step: 1, answerLoss: 6.85, rationaleLoss: 8.49 },
    last: { step: 4000, answerLoss: 0.01, rationaleLoss: 0.06 },
  },
  elapsedMs: 200_000,
  examples: [
    { input: 'where was peter?', distilled: 'forest', rationale: 'most are in a forest, so forest.' },
  ],
  engine: { engine: 'tfjs', backend: 'wasm', adapter: 'wasm SIMD, 4 threads' },
  dtype: 'f16',
  rounding: { rows: 50, differing: 1 },
};

describe('modelCard', () => {
  const card = modelCard(facts);

  it.each([
    '# quiet-heron\n',
    'Of the answers to the first 50 test rows, 1 differs from those of the float32 weights.',
    'Compute with them in float32 or bfloat16, as below: the activations of a T5 overflow in float16.',
    'AutoModelForSeq2SeqLM.from_pretrained(".", dtype="float32")',
    'A T5 of 618,880 parameters (float16), distilled from nano',
    '| Student before, asked with the bare input | 0.00 % | 0.00 % – 1.88 % | 0 of 200 |',
    '| 81.50 % | 75.54 % – 86.27 % | 163 of 200 |',
    '| Teacher | 88.50 % | 83.34 % – 92.21 % | 177 of 200 |',
    '| Answer | 6.8500 | 0.0100 |',
    '| Rationale | 8.4900 | 0.0600 |',
    'loss = 0.1 · answer + 0.9 · rationale',
    '- 4,000 steps of 16 rows, in 3 min 20 s',
    'tokenizer("predict: your input", return_tensors="pt")',
    'wasm SIMD, 4 threads',
  ])('says: %s', (line) => {
    expect(card).toContain(line);
  });

  it('marks reasons that were asked for with the label given, and those written by hand', () => {
    const marked = modelCard({ ...facts, reading: { rationalised: 12, edited: 1 } });
    expect(marked).toContain('- Reasons of 12 rows were asked for with the label given');
    expect(marked).toContain('- Reasons of 1 row were written by hand');
  });

  it('loads other floats as they are stored', () => {
    const full = modelCard({ ...facts, dtype: 'f32' });
    expect(full).toContain('AutoModelForSeq2SeqLM.from_pretrained(".")');
    expect(full).not.toContain('float16');
  });

  it('shows what the student reads and what it wrote, word for word', () => {
    const fed = card.slice(card.indexOf('## What it is fed'), card.indexOf('## Training'));
    expect(fed).toContain('```text\npredict: where was peter?\n```\n\nIt wrote:\n\n```text\nforest\n```');
    expect(fed).toContain(
      '```text\nexplain: where was peter?\n```\n\nIt wrote:\n\n```text\nmost are in a forest',
    );
    // Rows from files cannot end the block that they stand in.
    const input = '````\n# No heading\n<b>';
    const fenced = modelCard({ ...facts, examples: [{ input, distilled: 'x', rationale: null }] });
    expect(fenced).toContain(`\`\`\`\`\`text\npredict: ${input}\n\`\`\`\`\`\n`);
    const standard = modelCard({ ...facts, recipe: { ...facts.recipe, method: 'standard' } });
    expect(standard).toContain('```text\nwhere was peter?\n```');
    expect(standard).not.toContain('explain: where');
  });

  it('says nothing that was not measured', () => {
    const bare = modelCard({ ...facts, accuracy: null, losses: null, examples: [] });
    expect(bare).toContain('was not tested');
    expect(bare).not.toContain('%');
    expect(bare).not.toContain('| Loss');
    expect(bare).not.toContain('## What it is fed');
    const alone = modelCard({
      ...facts,
      accuracy: { ...facts.accuracy!, teacher: null },
      losses: {
        first: { ...facts.losses!.first, rationaleLoss: null },
        last: { ...facts.losses!.last, rationaleLoss: null },
      },
    });
    expect(alone).not.toContain('| Teacher');
    expect(alone).not.toContain('| Rationale');
  });

  it('tells the standard method and a stopped run apart', () => {
    const standard = modelCard({ ...facts, steps: 700, recipe: { ...facts.recipe, method: 'standard' } });
    expect(standard).toContain('Standard fine-tuning');
    expect(standard).toContain('tokenizer("your input"');
    expect(standard).not.toContain('explain: ');
    expect(standard).toContain('- 700 steps of 16 rows, stopped by hand (the recipe has 4,000)');
  });

  it('takes text from files as text', () => {
    const hostile = '<script>x</script>\n# head | [a](b) `c` ![i](http://x) **b** $m$';
    const card = modelCard({ ...facts, name: hostile, datasetName: hostile, baseStudent: hostile });
    expect(card).not.toContain('<script>');
    expect(card).not.toContain('\n# head');
    expect(card.split('\n').filter((line) => line.startsWith('# '))).toHaveLength(1);
    expect(escapeMarkdown(hostile)).toBe(
      '&lt;script&gt;x&lt;/script&gt; \\# head \\| \\[a\\](b) \\`c\\` !\\[i\\](http\\://x) \\*\\*b\\*\\* \\$m\\$',
    );
  });
});
