/** The terminal's arguments: what each command takes, checked before anything is read. */
import { parseArgs, type ParseArgsConfig } from 'node:util';
import { InputError, withoutStop } from '../base/errors.ts';

export const usage = `Stillroom from a terminal.

  npm run headless -- train [--student DIR] [--train FILE] [--train-rationales FILE] [--test FILE]
                            [--test-rationales FILE] [--validation FILE] [--validation-rationales FILE]
                            [--map input=…,label=…] [--completions faithful|repaired]
                            [--only-matching] [--unaligned] [--recipe run.json] [--out DIR]
                            [--engine wgsl|wasm|tfjs] [--backend webgpu|wasm|cpu] [--test-rows N]
                            [--precision f32|f16|bf16] [--lora RANK [--base-dtype float32|float16]]
                            [--patience N] [--take best|last|STEP]
                            [--rationales-map rationale=…,teacherLabel=…] [--teachers NAME|cycle|vote|right]
                            [--split-column NAME|none] [--hold-out-validation 10%] [--subsample 50%]
                            [--generation greedy|own] [--force]
                            [--hold-out 10%] [--metric NAME] [--fix NAME,NAME] [--encoding NAME]
      Trains, compares and writes metrics.jsonl, predictions.jsonl, summary.json and model/ to --out
      (default: runs/ and the time). Without --student, --train or --recipe it takes the bundled student,
      the bundled sample and the small preset. --out may be new or empty; an earlier run in it is
      replaced with --force alone.
      --hold-out 10% sets training rows aside to test with, the same for the same seed: no input is on both sides, and
      few labels keep their shares. --hold-out-validation 10% does so for validation rows; --subsample 50% trains on
      the part of the rows that the research code's subsample draws. A column called split (or named by
      --split-column) says which rows are for what. All these are written to run.json, which brings them back.
      --lora 8 trains adapters of this rank on q and v and leaves the student's weights alone (settings: lora in
      run.json); model/ is the student with them merged in, adapter/ has them alone, as peft's folder. With
      --base-dtype float16 the student's matrices are kept in half precision, which takes half their memory.
      --validation: rows for accuracy and both losses every evalEvery steps (run.json); without them the test rows give
      the accuracy. --generation own measures, and exports, with what the student's generation_config.json asks for
      (beams, no repeated n-grams, penalties, a least length); otherwise answers are greedy. --patience 3 ends training
      after three measurements without a better one; --take best writes the weights of the best measurement to model/,
      and compares these.

  npm run headless -- train --resume DIR [--from-start]
      Resumes the run in DIR from its newest checkpoint, to the very bytes of a run that was never stopped. Where steps
      were taken and no checkpoint is whole, --from-start begins again with step 1; else nothing is touched.
      (--student, --train and the like say where files have moved to.)

  npm run headless -- inspect --train FILE [--train-rationales FILE] [--test FILE] [--test-rationales FILE]
                              [--validation FILE] [--validation-rationales FILE]
                              [--hold-out 10%] [--hold-out-validation 10%] [--subsample 50%]
                              [--map input=…,label=…] [--completions faithful|repaired] [--only-matching]
                              [--rationales-map …] [--teachers …] [--split-column …]
                              [--fix NAME,NAME] [--student DIR] [--examples N] [--json]
      Says what was recognised and why, how many rows, which were refused, how the teacher's answers were joined, how
      often they are right, what is worth a look (for the bundled student, or the one named), the first rows as they
      would be learned, and how many rows each split has. Files may be named several times: their rows follow each
      other. --map says which column is what where names do not: the input may be a template ("{question}\\nAnswer
      Choices:\\n{choices:(a) {}}"), the roles are input, label, rationale, teacherLabel, id, choices and split;
      --rationales-map does so for the teacher's file. Several teachers' files answer the same rows: --teachers says
      whose answer counts, that of one FILE, each in turn (cycle), the label that most give (vote), or right answers
      alone (right). --completions: raw completions are read as the research code does, or repaired. --fix NAME,NAME
      corrects rows (train and convert take it too): cut-labels, choice-spelling, letters, encoding, use-gold,
      drop-no-value, drop-no-choice, drop-leaks, drop-repeated. --metric: what answers are judged by (train takes it
      too): exact, normalised, choice, number or equation; else what suits the labels. --encoding NAME: of texts that
      are not UTF-8 and carry no mark (windows-1252, shift_jis, …).

  npm run headless -- convert --train FILE [--train-rationales FILE] [--map …] [--completions …] --out FILE [--force]
      Writes the rows, joined and read, as JSON Lines that every command takes: id, input, label, rationale,
      teacherLabel, choices. A file that is there is replaced with --force alone.

  npm run headless -- download NAME[@REVISION] [--out DIR]
      Fetches a T5 from the hub (google/flan-t5-small) to a new folder, or to the cache, where --student
      hub:NAME[@REVISION] finds it: every command takes that in place of a student's folder, and fetches what is not
      there yet. After a break the same command resumes it; every file is checked by its hash. From the environment:
      HF_TOKEN (for private models), HF_ENDPOINT (another hub), HF_HUB_OFFLINE=1 (ask nothing).
      Rows, too: datasets/NAME[@REVISION][:CONFIG/SPLIT] is the Parquet that the hub made of a dataset (without a
      revision), or its own files; hub:datasets/… stands wherever a command takes a file of rows.

  npm run headless -- upload --run DIR|--student DIR --to OWNER/NAME [--private] [--onnx f32|f16|w8|q8] [--yes]
      Lists what a repository on the hub would be sent: the folder with its card and run.json, and ONNX where it is
      wished for; what is the same there is left. With --yes it is sent, as one commit; a repository that is not there is
      made. HF_TOKEN is the token that may write.

  npm run headless -- generate --student DIR [--prefix TEXT] [--max-tokens N] [--max-input-tokens N]
                               [--beams N | --generation own] [--json] [--engine NAME] [--backend NAME]
                               [--adapter DIR]
      Answers lines from standard input, one line each. With --json lines and answers are JSON strings, which may
      hold line breaks. --generation own: as the student's generation_config.json asks, to --max-tokens. --adapter: a
      LoRA that was trained on this student, as peft's folder.

  npm run headless -- plan --student DIR|--shape NAME [--recipe FILE] [--batch N] [--input N] [--target N]
                           [--engine wasm|wgsl] [--lora RANK [--base-dtype float32|float16]] [--json]
      Prints a training step as the compiled engine runs it: operations, shapes, slots, FLOPs, bytes, totals.
      With --json: what a run takes, for the engine that would run it (steadyBytes, peakBytes, largestBindingBytes,
      microBatches). A shape is t5-efficient-tiny, t5-efficient-mini, t5-small, flan-t5-small, t5-base,
      flan-t5-base, byt5-small, mt5-small, mt5-base, t5-large or flan-t5-large.

  npm run headless -- rate-test [--student DIR] [--train FILE] [--train-rationales FILE] [--recipe run.json]
                                [--engine NAME] [--backend NAME] [--json]
      Takes up to 61 steps at learning rates from 1e-6 to 1, each a little higher, and says which to begin with: below the
      one that drives the loss up. Nothing is written.

  npm run headless -- reduce --student DIR --out DIR [--train FILE] [--train-rationales FILE]
                             [--test FILE] [--test-rationales FILE] [--vocabulary N [--drop-rare]]
                             [--encoder-layers N|LIST] [--decoder-layers N|LIST] [--json]
                             [--precision f32|f16|bf16]
      Writes a smaller student to a new folder: the pieces that the files use (up to N with the most frequent others),
      some layers (a count, or numbers from 0 with commas: 0,2,5 or 3, for one). Without a data file the vocabulary stays.

  npm run headless -- add-pieces --student DIR --train FILE [--test FILE] [--train-rationales FILE] --out DIR
                                 [--precision f32|f16|bf16] [--json]
      Writes the student with pieces for the characters of the labels that its tokenizer cannot write ({, <, ~, line
      breaks). Each begins as the mean of what stands beside it in the files. Other texts are read as before.

  npm run headless -- teach --data FILE --endpoint URL --model NAME --out FILE [--key-env NAME]
                            [--api chat|completions|anthropic|google|ollama] [--schema] [--rows N]
                            [--demos FILE|N] [--mode label|rationalise] [--instruction TEXT] [--max-tokens N]
                            [--temperature X] [--in-flight N] [--budget-rows N] [--budget-tokens N]
                            [--budget-money X --price-input X --price-output X] [--idle-seconds N]
                            [--no-stream] [--votes K] [--prompts FILE | --answers FILE]
      Asks a large model to think aloud about each row and writes {input, label, rationale, teacherLabel} to --out.
      Every answer is kept beside it, in FILE.answers, as it comes: the same command resumes, and no answer that is
      there is asked for again. With --schema answers are JSON of a schema, where the server keeps to it.
      --votes: K answers a row, and the label that most give. Without a server: --prompts writes what would be asked
      as lines for the interface's batches, and --answers reads the lines that come back. The key is read from the
      environment variable that --key-env names. --demos: rows with rationales, or so many rows of --data whose
      rationale led to the right label. --budget-… holds over all runs with the same --out; prices are for a million
      tokens.

  npm run headless -- serve --student DIR|--run DIR [--port 7080] [--host 127.0.0.1] [--threads 1] [--engine NAME]
      Answers over HTTP: GET /health, POST /predict {"instances": ["…"]} -> {"predictions": [["…"]]}, GET /metrics.
      SIGTERM and Ctrl+C answer what was taken, then end. The page docs/serving.md has the contract and the
      environment's variables (AIP_HTTP_PORT, STILLROOM_TOKEN and the like).

  npm run headless -- export --run DIR|--student DIR --onnx f32|f16|w8|q8 [--with-past] --out DIR
  npm run headless -- export --run DIR|--student DIR --model f32|f16|bf16 --out DIR
  npm run headless -- export --run DIR|--student DIR --serve [--onnx f32|f16|w8] --out DIR
      Writes what a run trained, or a student, to a new folder: for transformers.js, optimum and ONNX runtimes (f32
      and f16; w8 has 8-bit weights; q8 computes with 8 bits, fast and not exact), as a Hugging Face folder, or with a
      server in Python and its Dockerfile (--serve). Of a run each has a model card with its figures, curves.svg and
      examples.jsonl. What nobody else can know stands there as it is said: --licence apache-2.0, --dataset cos_e,
      --dataset-licence NAME, --language en. --with-past adds the two decoders that older programs look for.

  npm run headless -- export --run DIR|--student DIR --demo FILE.html
      Writes one page that answers by itself, in any browser, without a network.

  npm run headless -- export --scale [--student DIR] [--train FILE] [--test FILE] [--recipe run.json] … --out DIR
  npm run headless -- export --scale --run DIR --out DIR
      Writes a project that trains the run on one process or many, on GPUs and machines of your own: recipe, rows as they
      are trained on, student, and a loop in PyTorch for torchrun, accelerate and Ray Train. It takes train's options for
      files; with --run it continues from that run's checkpoint. Its out/ is a run's folder for train --resume, and
      out/run.zip opens in the studio (docs/scale-out.md).

  npm run headless -- sweep --spec sweep.json --out DIR [--jobs N] [--from-start] [--report]
      Trains every combination of a spec, N runs at a time (default: one a core, one thread each), into folders below
      --out, with a line for each in results.jsonl, and prints a table (also table.md, .csv and .tex). A spec:
        {"train": FILE, "trainRationales": FILE, "test": FILE, "testRationales": FILE, "student": DIR,
         "recipe": {…}, "vary": {"alpha": [0.1, 0.5], "fraction": [0.5, 1], "seed": [0, 1]}}
      All keys may be left out: the sample, nano, the small preset. Any setting of the recipe may vary, and "fraction"
      (of the training rows) and "student"; "vary" may be a list of such grids, whose runs follow each other. "metric"
      and "completions" are train's options; a file may be a list of files. Paths are relative to the spec. What has
      ended is never trained again; lists may grow. --report writes the tables of what there is, and trains nothing.
      A run of which no checkpoint is whole fails, and keeps its curve; with --from-start it begins again with step 1.

  npm run study -- [--report] [--jobs N] [--from-start] [--specs DIR] [--out DIR] [--work DIR]
      Sweeps the specs of the study (sample.json and svamp.json of --specs, default: docs/study) into --work (default:
      build/study), and writes them up as study.md and charts in --out (default: docs). No run is trained twice; Ctrl+C
      stops. --report writes up what is published there, and trains nothing.

Bad input ends with exit code 2 and one message that names the file, the line and what to do.
`;

/** How the program is called, in its own words. @param door What stands before a command, where that is not npm. */
export function usageFrom(door: string | undefined): string {
  return door === undefined
    ? usage
    : usage.replace(/npm run (?:headless|study) --/g, (said) =>
        said.includes('study') ? `${door} study` : door,
      );
}

type Options = NonNullable<ParseArgsConfig['options']>;

/** Files of training rows; each option may be given several times. */
export const trainFileOptions = {
  train: { type: 'string', multiple: true },
  'train-rationales': { type: 'string', multiple: true },
} as const satisfies Options;

/** How files are read and joined. */
export const readingOptions = {
  map: { type: 'string' },
  'rationales-map': { type: 'string' },
  'split-column': { type: 'string' },
  teachers: { type: 'string' },
  completions: { type: 'string' },
  'only-matching': { type: 'boolean' },
  unaligned: { type: 'boolean' },
  fix: { type: 'string' },
  metric: { type: 'string' },
  encoding: { type: 'string' },
} as const satisfies Options;

/** Files of all splits, and how they are read. */
export const dataOptions = {
  ...trainFileOptions,
  validation: { type: 'string', multiple: true },
  'validation-rationales': { type: 'string', multiple: true },
  test: { type: 'string', multiple: true },
  'test-rationales': { type: 'string', multiple: true },
  ...readingOptions,
} as const satisfies Options;

/** Rows that are drawn out of the training rows. */
export const drawOptions = {
  'hold-out': { type: 'string' },
  'hold-out-validation': { type: 'string' },
  subsample: { type: 'string' },
} as const satisfies Options;

/** How answers are chosen: the likeliest token each time, or as the student's own folder asks. */
export const generationNames = ['greedy', 'own'] as const;

/** What `train` takes. */
export const trainOptions = {
  student: { type: 'string' },
  ...dataOptions,
  ...drawOptions,
  recipe: { type: 'string' },
  out: { type: 'string' },
  resume: { type: 'string' },
  'from-start': { type: 'boolean' },
  force: { type: 'boolean' },
  engine: { type: 'string' },
  backend: { type: 'string' },
  'test-rows': { type: 'string' },
  precision: { type: 'string' },
  lora: { type: 'string' },
  'base-dtype': { type: 'string' },
  patience: { type: 'string' },
  take: { type: 'string' },
  generation: { type: 'string' },
} as const satisfies Options;

/** What `teach` takes. */
export const teachOptions = {
  data: { type: 'string' },
  endpoint: { type: 'string' },
  model: { type: 'string' },
  out: { type: 'string' },
  api: { type: 'string' },
  'key-env': { type: 'string' },
  rows: { type: 'string' },
  demos: { type: 'string' },
  mode: { type: 'string' },
  instruction: { type: 'string' },
  'max-tokens': { type: 'string' },
  temperature: { type: 'string' },
  'in-flight': { type: 'string' },
  'budget-rows': { type: 'string' },
  'budget-tokens': { type: 'string' },
  'budget-money': { type: 'string' },
  'price-input': { type: 'string' },
  'price-output': { type: 'string' },
  'idle-seconds': { type: 'string' },
  'no-stream': { type: 'boolean' },
  schema: { type: 'boolean' },
  votes: { type: 'string' },
  prompts: { type: 'string' },
  answers: { type: 'string' },
} as const satisfies Options;

/** Whether a command's arguments ask for its usage. (As an option's value it would be `--prefix=--help`.) */
export function asksForHelp(args: readonly string[]): boolean {
  return args.includes('--help') || args.includes('-h');
}

/**
 * Reads a command's options.
 * @throws InputError naming an option that it does not take.
 */
export function readOptions<const T extends Options>(command: string, args: string[], options: T) {
  return readArguments(command, args, options, false).values;
}

/** As `readOptions`, with what stands beside the options. */
export function readArguments<const T extends Options>(
  command: string,
  args: string[],
  options: T,
  allowPositionals: boolean,
) {
  try {
    return parseArgs({ args, options, allowPositionals, strict: true });
  } catch (error) {
    const known = Object.keys(options)
      .map((name) => `--${name}`)
      .join(', ');
    const problem = error instanceof Error ? error.message.split('. ')[0]! : String(error);
    throw new InputError(`${withoutStop(problem)}.`, `\`${command}\` takes ${known}.`);
  }
}

/** One of a few names, or null where the option was not given. */
export function oneOf<const T extends readonly string[]>(
  option: string,
  value: string | undefined,
  names: T,
): T[number] | null {
  if (value === undefined) return null;
  const found = names.find((name) => name === value);
  if (found !== undefined) return found;
  throw new InputError(`--${option} ${value} is not known.`, `Choose ${names.join(', ')}.`);
}

/** A whole number from 1 to `most`, or null where the option was not given. */
export function wholeNumber(option: string, value: string | undefined, most = Infinity): number | null {
  if (value === undefined) return null;
  const number = Number(value);
  if (Number.isInteger(number) && number >= 1 && number <= most) return number;
  const range = most === Infinity ? 'from 1' : `from 1 to ${most}`;
  throw new InputError(
    `--${option} ${value} is not a whole number ${range}.`,
    `Give one, or leave --${option} out.`,
  );
}

/** A number from 0, or null where the option was not given. */
export function numberFromZero(option: string, value: string | undefined): number | null {
  if (value === undefined) return null;
  const number = Number(value);
  if (value.trim() !== '' && Number.isFinite(number) && number >= 0) return number;
  throw new InputError(`--${option} ${value} is not a number from 0.`, `Give one, or leave --${option} out.`);
}
