/** How the folder is used, in code that runs as it stands there. */
import { formatCount } from '../../base/units.ts';
import { answerTokens } from '../../distill/answer.ts';
import { isOneTarget, targetMarkers, type OneTarget } from '../../distill/methods.ts';
import type { Recipe } from '../../distill/recipe.ts';
import { answerPrompt } from '../../distill/tasks.ts';
import type { OnnxStorage } from '../onnx/matrices.ts';
import { exampleRowsOf, examplesFile } from './examples.ts';
import { codeBlock, type CardForm, type ModelCardFacts } from './facts.ts';

/** What each storage of ONNX is, in words. */
export const storageWords = {
  f32: 'float32: the weights exactly as they were trained',
  f16: 'float16 for storage, computed in float32: half the size, answers differ in rare cases',
  w8: '8 bits with a scale for each row, computed in float32: a quarter of the size, few answers differ',
  q8: '8 bits, computed in 8 bits: fast, not exact; an answer may depend on its neighbours in a batch',
} as const satisfies Record<OnnxStorage, string>;

/** How the graphs beside a card keep weights; null where there are none. */
export function storageOf(form: CardForm): OnnxStorage | null {
  return form.kind === 'model' ? null : form.storage;
}

export function usageSection(facts: ModelCardFacts): string[] {
  const { form, recipe } = facts;
  const storage = storageOf(form);
  return [
    ...(form.kind === 'onnx' ? [] : [...halfNote(facts), ...inTransformers(facts)]),
    ...(storage === null ? [] : inOnnx(facts, storage)),
    ...(form.kind === 'server'
      ? [
          '',
          'The folder around this one has a server in Python that answers with it; its README says how to start it.',
        ]
      : []),
    ...(recipe.method === 'step-by-step'
      ? ['', 'With `explain: ` in place of `predict: ` it writes a rationale.']
      : []),
    ...(isOneTarget(recipe.method) ? ['', readingWords(recipe.method)] : []),
    ...(form.kind === 'onnx' ? [] : checkAgain(facts)),
  ];
}

/** transformers 5 computes in the type that is stored, and T5's feed-forward output (`wo`) overflows in f16. */
function halfNote({ dtype, rounding }: ModelCardFacts): string[] {
  if (dtype === 'f32') return [];
  const measured =
    rounding === null || rounding === undefined
      ? []
      : [
          `Of the answers to the first ${formatCount(rounding.rows)} test rows, ${formatCount(rounding.differing)} ${rounding.differing === 1 ? 'differs' : 'differ'} from those of the float32 weights.`,
          '',
        ];
  if (dtype === 'bf16') return measured;
  return [
    ...measured,
    'The weights are stored in 16-bit floats to save space. Compute with them in float32 or bfloat16, as below: the activations of a T5 overflow in float16. The figures above were measured with the float32 weights.',
    '',
  ];
}

function inTransformers({ recipe, dtype, form }: ModelCardFacts): string[] {
  const place = JSON.stringify(form.kind === 'hub' ? form.repository : '.');
  const load = dtype === 'f16' ? `${place}, dtype="float32"` : place;
  return codeBlock(
    [
      'from transformers import AutoModelForSeq2SeqLM, AutoTokenizer',
      '',
      `tokenizer, model = AutoTokenizer.from_pretrained(${place}), AutoModelForSeq2SeqLM.from_pretrained(${load})`,
      `ids = model.generate(**tokenizer(${JSON.stringify(samplePrompt(recipe))}, return_tensors="pt"), max_new_tokens=${answerTokens(recipe)})`,
      'print(tokenizer.decode(ids[0], skip_special_tokens=True))',
    ].join('\n'),
    'python',
  );
}

function samplePrompt(recipe: Recipe): string {
  return answerPrompt(recipe, 'your input');
}

/** Python that asks the rows of examples.jsonl again, behind the code that loads the model. */
function checkAgain(facts: ModelCardFacts): string[] {
  const rows = exampleRowsOf(facts);
  // Of one target the answer is a part of what is written.
  if (rows.length === 0 || isOneTarget(facts.recipe.method)) return [];
  const right = rows.filter((row) => row.right).length;
  const all = rows.length === facts.predictions.length;
  const { form } = facts;
  const isOnHub = form.kind === 'hub';
  const file = isOnHub
    ? `hf_hub_download(${JSON.stringify(form.repository)}, "${examplesFile}")`
    : `"${examplesFile}"`;
  return [
    '',
    `Behind it, this asks the rows of \`${examplesFile}\` again. In the run ${formatCount(right)} of ${formatCount(rows.length)} were right${all ? ', as the first table has it' : ''}.`,
    '',
    ...codeBlock(
      [
        'import json',
        ...(isOnHub ? ['from huggingface_hub import hf_hub_download'] : []),
        '',
        `rows = [json.loads(line) for line in open(${file}, encoding="utf-8")]`,
        'right = same = 0',
        'for row in rows:',
        `    ids = model.generate(**tokenizer(row["prompt"], return_tensors="pt", truncation=True, max_length=${facts.recipe.maxInputTokens}), max_new_tokens=${answerTokens(facts.recipe)})`,
        '    answer = tokenizer.decode(ids[0], skip_special_tokens=True)',
        '    same += answer == row["answer"]',
        '    right += answer == row["answer"] and row["right"]',
        'print(f"{right} of {len(rows)} right, {same} as written here")',
      ].join('\n'),
      'python',
    ),
  ];
}

function inOnnx({ recipe, form }: ModelCardFacts, storage: OnnxStorage): string[] {
  const isOnHub = form.kind === 'hub';
  const [from, place] = isOnHub
    ? [["import { pipeline } from '@huggingface/transformers';", ''], form.repository]
    : [
        [
          "import { env, pipeline } from '@huggingface/transformers';",
          '',
          "env.localModelPath = './';",
          'env.allowRemoteModels = false;',
        ],
        'this-folder',
      ];
  return [
    ...(form.kind === 'onnx' ? [] : ['', 'The same for ONNX runtimes is in `onnx/`.', '']),
    `The graphs keep their weights as ${storageWords[storage]}.`,
    '',
    isOnHub
      ? 'With transformers.js, in Node and browsers:'
      : 'With transformers.js (Node; in a browser, where the folder is served), started beside the folder:',
    '',
    ...codeBlock(
      [
        ...from,
        `const ask = await pipeline('text2text-generation', '${place}');`,
        `const [{ generated_text }] = await ask(${JSON.stringify(samplePrompt(recipe))}, { max_new_tokens: ${answerTokens(recipe)} });`,
        'console.log(generated_text);',
      ].join('\n'),
      'js',
    ),
    ...beamWords(recipe),
  ];
}

/** Where the graphs are not asked as the run measured; optimum and the server take all of its settings. */
function beamWords({ generation }: Recipe): string[] {
  // Missing in recipes of runs that were begun by earlier versions.
  const beams = generation?.numBeams ?? 1;
  return beams === 1
    ? []
    : [
        '',
        `transformers.js has no beam search: it answers greedily, where the figures above were measured with ${formatCount(beams)} beams. optimum searches with them, as \`generation_config.json\` says.`,
      ];
}

function readingWords(method: OneTarget): string {
  const marker = `\`${targetMarkers[method]}\``;
  return method === 'rationale-then-label'
    ? `It writes a rationale and then its answer: what stands behind the last ${marker}.`
    : `It writes its answer and then a rationale: the answer is what stands before ${marker}.`;
}
