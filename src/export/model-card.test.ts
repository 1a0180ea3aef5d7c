import { describe, expect, it } from 'vitest';
import { accuracyOf } from '../distill/compare.ts';
import { generationSchema, notebookRecipe } from '../distill/recipe.ts';
import { readStudentFolder } from '../student/folder.ts';
import { filesInMemory } from '../student/student-files.ts';
import { tinyFolder } from '../student/testing/tiny-student.ts';
import type { MetricsPoint, Prediction } from '../distill/run-state.ts';
import {
  cardFiles,
  escapeMarkdown,
  modelCard,
  untrainedCardFiles,
  type ModelCardFacts,
} from './model-card.ts';

const row: Prediction = {
  row: 0,
  input: 'where was peter?',
  label: 'forest',
  teacher: 'forest',
  base: '',
  distilled: 'forest',
  rationale: 'most are in a forest, so forest.',
  teacherRationale: null,
};

const point = (step: number, answerLoss: number): MetricsPoint => ({
  step,
  answerLoss,
  rationaleLoss: answerLoss + 1,
  loss: answerLoss,
  learningRate: 1e-3,
  gradNorm: 1,
  tokens: 1,
  elapsedMs: step,
});

const facts: ModelCardFacts = {
  form: { kind: 'model' },
  curves: { points: [], evaluations: [] },
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
  predictions: [row],
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
    // Rows from files cannot end the block that they are in.
    const input = '````\n# No heading\n<b>';
    const fenced = modelCard({ ...facts, predictions: [{ ...row, input, rationale: null }] });
    expect(fenced).toContain(`\`\`\`\`\`text\npredict: ${input}\n\`\`\`\`\`\n`);
    const standard = modelCard({ ...facts, recipe: { ...facts.recipe, method: 'standard' } });
    expect(standard).toContain('```text\nwhere was peter?\n```');
    expect(standard).not.toContain('explain: where');
  });

  it('says nothing that was not measured', () => {
    const bare = modelCard({ ...facts, accuracy: null, losses: null, predictions: [] });
    expect(bare).toContain('was not tested');
    expect(bare).not.toContain('%');
    expect(bare).not.toContain('| Loss');
    expect(bare).not.toContain('It wrote');
    expect(bare).toContain('Licence: not said.');
    expect(bare).toContain('- The data on a hub: not said; its licence: not said');
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

  it('has in its front matter what was said and what the hub may ask, and nothing else', () => {
    const front = card.slice(0, card.indexOf('\n---', 4));
    expect(front).toContain('widget:\n  - text: "predict: where was peter?"\n    example_title: "Answer 1"');
    expect(front).not.toMatch(/license|datasets|language|base_model/);
    const said = modelCard({
      ...facts,
      baseModel: 'google/flan-t5-small',
      about: { licence: 'apache-2.0', dataset: 'cos_e', datasetLicence: 'bsd-3-clause', language: 'en' },
    });
    for (const line of ['license: apache-2.0', 'datasets:\n  - cos_e', 'language:\n  - en'])
      expect(said.slice(0, said.indexOf('\n---', 4))).toContain(line);
    expect(said).toContain('base_model: google/flan-t5-small\n');
    expect(said).toContain('- The data on a hub: cos\\_e; its licence: bsd-3-clause');
  });

  it('has an interval for every figure', () => {
    const predictions = Array.from({ length: 60 }, (_, at): Prediction => ({
      row: at,
      input: `row ${at}`,
      label: at % 2 === 0 ? 'yes' : 'no',
      teacher: null,
      base: 'no',
      distilled: at % 3 === 0 ? 'no' : at % 2 === 0 ? 'yes' : 'no',
      rationale: 'it was so',
      teacherRationale: at % 2 === 0 ? 'it was so' : 'it was not so',
    }));
    const measured = modelCard({ ...facts, predictions, accuracy: accuracyOf(predictions) });
    const interval = String.raw`\([\d.]+(?: %)? – [\d.]+(?: %)?\)`;
    expect(measured).toMatch(
      new RegExp(`macro-F1 of the labels \\| 0\\.333 ${interval} \\| 0\\.829 ${interval} \\| –`),
    );
    expect(measured).toMatch(new RegExp(`ROUGE-L 0\\.[0-9]+ ${interval}, token F1 0\\.[0-9]+ ${interval}`));
    expect(measured).toMatch(
      new RegExp(`final stop \\| [\\d.]+ % ${interval} \\| [\\d.]+ % ${interval} \\| –`),
    );
  });

  it('has its curves and its rows beside it', () => {
    const points = [point(1, 3), point(2, 2), point(3, Number.NaN)];
    const evaluations = [1, 3].map((step) => ({ step, correct: step, total: 4 }));
    const files = cardFiles({ ...facts, curves: { points, evaluations } });
    expect(files.map(({ path }) => path)).toEqual(['README.md', 'curves.svg', 'examples.jsonl']);
    const [text, picture, rows] = files.map(({ bytes }) => new TextDecoder().decode(bytes));
    expect(text).toContain('](curves.svg)');
    expect(picture).toContain('answer loss from 3.000 to 2.000');
    expect(picture).toContain('accuracy from 25.00 % to 75.00 %');
    expect(picture).not.toContain('NaN');
    expect(JSON.parse(rows!)).toEqual({
      prompt: 'predict: where was peter?',
      answer: 'forest',
      label: 'forest',
      right: true,
      rationalePrompt: 'explain: where was peter?',
      rationale: 'most are in a forest, so forest.',
    });
    expect(cardFiles({ ...facts, predictions: [] }).map(({ path }) => path)).toEqual(['README.md']);
  });

  it('says of graphs how they keep their weights, and of an untrained student that nothing is known', async () => {
    const onnx = modelCard({ ...facts, form: { kind: 'onnx', storage: 'q8' } });
    expect(onnx).toContain('fast, not exact; an answer may depend on its neighbours');
    expect(onnx).toContain("pipeline('text2text-generation'");
    const student = await readStudentFolder(filesInMemory(tinyFolder()), 'tiny');
    const [bare] = untrainedCardFiles(student, { name: 'tiny', form: { kind: 'model' }, dtype: 'f32' });
    expect(new TextDecoder().decode(bare!.bytes)).toContain('No run of its own is known here');
  });

  it('says where graphs are not asked as the run measured', () => {
    const generation = generationSchema.parse({ numBeams: 4 });
    const recipe = { ...facts.recipe, generation };
    const form = { kind: 'onnx', storage: 'f32' } as const;
    expect(modelCard({ ...facts, form, recipe })).toContain('transformers.js has no beam search');
    expect(modelCard({ ...facts, form, recipe })).toContain('measured with 4 beams');
    expect(modelCard({ ...facts, form })).not.toContain('beam search');
    expect(modelCard({ ...facts, recipe })).not.toContain('transformers.js');
  });

  it('names its repository in the code of a card that stands on a hub', () => {
    const form = { kind: 'hub', repository: 'me/student', storage: null } as const;
    const card = modelCard({ ...facts, form });
    expect(card).toContain('AutoModelForSeq2SeqLM.from_pretrained("me/student"');
    expect(card).toContain('hf_hub_download("me/student", "examples.jsonl")');
    expect(card).not.toContain('onnx');
    const both = modelCard({ ...facts, form: { ...form, storage: 'w8' } });
    expect(both).toContain("pipeline('text2text-generation', 'me/student')");
    expect(both).toContain('  - onnx\n  - transformers.js');
    expect(both).toContain('library_name: transformers\n');
    expect(both).not.toContain('localModelPath');
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
