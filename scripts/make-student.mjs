// Makes the bundled student, public/students/seedling: an untrained T5 v1.1 and a small Unigram tokenizer made from the
// words of the bundled sample. Deterministic; run it again after the sample has changed: node scripts/make-student.mjs
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { runnerImport } from 'vite';
import { commonWords, suffixes } from './common-words.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const sampleFolder = `${root}public/sample`;
const folder = `${root}public/students/seedling`;
const seed = 1;
const metaspace = '▁';

/** Text of the sample as the student will read and write it. */
function sampleTexts() {
  if (!existsSync(sampleFolder)) return [];
  const files = readdirSync(sampleFolder)
    .filter((name) => name.endsWith('.jsonl'))
    .sort();
  return files.flatMap((name) =>
    readFileSync(`${sampleFolder}/${name}`, 'utf8')
      .split('\n')
      .filter((line) => line.trim() !== '')
      .flatMap((line) => {
        const { input, label, rationale, teacherLabel } = JSON.parse(line);
        return [`predict: ${input}`, `explain: ${input}`, label, rationale, teacherLabel].filter(Boolean);
      }),
  );
}

/** Words as pieces: runs of letters, single digits, single signs; `▁` before what follows a space. */
function piecesOf(text) {
  return text
    .normalize('NFKC')
    .trim()
    .split(/\s+/)
    .flatMap((word) => (metaspace + word).match(/▁?(?:\p{L}+|.)/gu) ?? []);
}

/** Pieces with scores, natural logarithms of relative frequencies; the first three are <pad>, </s>, <unk>. */
function makeVocabulary() {
  const counts = new Map();
  for (const text of sampleTexts())
    for (const piece of piecesOf(text)) counts.set(piece, (counts.get(piece) ?? 0) + 1);
  // What the sample does not show is given a count that keeps known words in one piece and spelling the last resort.
  const atLeast = (piece, count) => counts.set(piece, Math.max(counts.get(piece) ?? 0, count));
  for (const word of commonWords) atLeast(metaspace + word, 0.5);
  for (const suffix of suffixes) atLeast(suffix, 0.2);
  atLeast(metaspace, 0.2);
  const ascii = Array.from({ length: 94 }, (_, index) => String.fromCharCode(33 + index));
  for (const character of [...ascii, ...'£€¢°×÷±–—‘’“”«»¿¡•àáâäçèéêëíîïñóôöùúûüßæøåÀÁÄÅÇÈÉÍÑÓÖÜØ'])
    atLeast(character, 0.05);
  for (const character of ascii.filter((sign) => /[A-Za-z0-9]/.test(sign)))
    atLeast(metaspace + character, 0.05);

  const total = [...counts.values()].reduce((sum, count) => sum + count, 0);
  const ordered = [...counts].sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1));
  return [
    ['<pad>', 0],
    ['</s>', 0],
    ['<unk>', 0],
    ...ordered.map(([piece, count]) => [piece, Number(Math.log(count / total).toFixed(6))]),
  ];
}

function makeTokenizer(vocabulary) {
  const special = (content, id) => ({
    id,
    content,
    single_word: false,
    lstrip: false,
    rstrip: false,
    normalized: false,
    special: true,
  });
  const end = { SpecialToken: { id: '</s>', type_id: 0 } };
  const sequence = (id) => ({ Sequence: { id, type_id: 0 } });
  const spaces = { replacement: metaspace, prepend_scheme: 'always', split: true };
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: [special('<pad>', 0), special('</s>', 1), special('<unk>', 2)],
    normalizer: {
      type: 'Sequence',
      normalizers: [
        { type: 'NFKC' },
        { type: 'Replace', pattern: { Regex: '\\s+' }, content: ' ' },
        // Not `Strip`: it also takes a byte order mark in JavaScript, and does not in Rust.
        { type: 'Replace', pattern: { Regex: '^ +| +$' }, content: '' },
      ],
    },
    pre_tokenizer: { type: 'Metaspace', ...spaces },
    post_processor: {
      type: 'TemplateProcessing',
      single: [sequence('A'), end],
      pair: [sequence('A'), end, sequence('B'), end],
      special_tokens: { '</s>': { id: '</s>', ids: [1], tokens: ['</s>'] } },
    },
    decoder: { type: 'Metaspace', ...spaces },
    model: { type: 'Unigram', unk_id: 2, vocab: vocabulary, byte_fallback: false },
  };
}

function makeConfig(vocabularySize) {
  return {
    architectures: ['T5ForConditionalGeneration'],
    model_type: 't5',
    is_encoder_decoder: true,
    vocab_size: vocabularySize,
    d_model: 96,
    d_kv: 24,
    d_ff: 192,
    num_layers: 2,
    num_decoder_layers: 2,
    num_heads: 4,
    relative_attention_num_buckets: 32,
    relative_attention_max_distance: 128,
    dropout_rate: 0.1,
    layer_norm_epsilon: 1e-6,
    feed_forward_proj: 'gated-gelu',
    tie_word_embeddings: false,
    pad_token_id: 0,
    eos_token_id: 1,
    decoder_start_token_id: 0,
    use_cache: true,
    dtype: 'float16',
    torch_dtype: 'float16',
  };
}

const readme = (parameters, pieces) => `# seedling

The student that comes with Stillroom: a T5 v1.1 of ${parameters.toLocaleString('en-GB')} parameters (2 + 2 layers, d_model 96,
4 heads, gated GELU, untied) with random weights. It has learned nothing yet: what it answers before training is noise.
Its tokenizer has ${pieces.toLocaleString('en-GB')} pieces: the words of the bundled sample, common English words, endings and single characters.

Made by \`scripts/make-student.mjs\` (seed ${seed}); Apache-2.0, like the rest of Stillroom.
`;

const load = async (path) =>
  (await runnerImport(`${root}src/student/${path}`, { configFile: false, root, logLevel: 'error' })).module;
const { initialiseWeights } = await load('initialise.ts');
const { expectedParameters, countParameters } = await load('parameters.ts');
const { parseT5Config } = await load('config.ts');
const { writeSafetensors } = await load('safetensors.ts');

const vocabulary = makeVocabulary();
const rawConfig = makeConfig(Math.ceil(vocabulary.length / 8) * 8);
const config = parseT5Config(JSON.stringify(rawConfig), 'config.json');
const weights = initialiseWeights(config, seed);
const tensors = new Map(
  expectedParameters(config).map(({ name, shape }) => [name, { shape, data: weights.get(name) }]),
);
const names = { eos_token: '</s>', pad_token: '<pad>', unk_token: '<unk>' };

mkdirSync(folder, { recursive: true });
const write = (name, content) => {
  const text =
    typeof content === 'object' && !(content instanceof Uint8Array)
      ? `${JSON.stringify(content, null, 1)}\n`
      : content;
  writeFileSync(`${folder}/${name}`, text);
};
write('config.json', rawConfig);
write('generation_config.json', { decoder_start_token_id: 0, eos_token_id: 1, pad_token_id: 0 });
write('model.safetensors', writeSafetensors(tensors, { dtype: 'f16', metadata: { format: 'pt' } }));
write('tokenizer.json', `${JSON.stringify(makeTokenizer(vocabulary))}\n`);
write('tokenizer_config.json', {
  tokenizer_class: 'PreTrainedTokenizerFast',
  clean_up_tokenization_spaces: false,
  model_max_length: 1024,
  model_input_names: ['input_ids', 'attention_mask'],
  ...names,
});
write('special_tokens_map.json', names);
write('README.md', readme(countParameters(config), vocabulary.length));
console.log(
  `seedling: ${countParameters(config)} parameters, ${vocabulary.length} pieces, vocabulary ${config.vocab_size}`,
);
