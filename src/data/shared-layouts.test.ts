/** Files as people publish them, each with the first rows as they should be derived. */
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { InputError } from '../base/errors.ts';
import { inspection } from './inspect.ts';
import { openContainers } from './containers.ts';
import { readContainer, type DataFile, type ReadOptions } from './read-file.ts';

const folder = '../shared/data/layouts';
const present = existsSync(folder);
if (!present) console.info(`skipped: ${folder} is not here, so that no published layouts were read`);

interface Derived {
  rows: number;
  withoutLabel: number;
  first?: Partial<Record<'id' | 'input' | 'label' | 'rationale' | 'teacherLabel', string>>[];
}
const derived = present
  ? (JSON.parse(readFileSync(`${folder}/derived.json`, 'utf8')) as Record<string, Derived>)
  : {};

async function read(name: string, options: ReadOptions = {}): Promise<DataFile> {
  const [container] = await openContainers(name, new Uint8Array(readFileSync(`${folder}/${name}`)), {
    // This one has no mark and is no UTF-8: a person is asked.
    ...(name.includes('cp1252') ? { encoding: 'windows-1252' } : {}),
  });
  return readContainer(container!, options);
}

/** The layout of each file. */
const layouts: Record<string, string> = {
  '01-gsm8k-jsonl/example_model_solutions.jsonl': 'gsm8k-solutions',
  '01-gsm8k-jsonl/test_socratic.jsonl': 'gsm8k',
  '01-gsm8k-jsonl/train.jsonl': 'gsm8k',
  '02-aqua-rat-jsonl/dev.json': 'aqua',
  '02-aqua-rat-jsonl/dev.tok.json': 'aqua',
  '03-commonsenseqa-official/dev_rand_split.jsonl': 'commonsense-qa',
  '03-commonsenseqa-official/test_rand_split_no_answers.jsonl': 'commonsense-qa',
  '04-cos-e-official-explanations/cose_dev_v1.11_processed.jsonl': 'explanations',
  '05-ecqa-csv/ecqa.jsonl': 'explanations',
  '09-cqa-raw-completions-gemma/cqa_test.json': 'cos-e',
  '09-cqa-raw-completions-gemma/cqa_train.json': 'cos-e',
  '09-cqa-raw-completions-gemma/llm_gemma/causal/test_CoT_0.json': 'completions',
  '09-cqa-raw-completions-gemma/llm_gemma/causal/train_CoT_0.json': 'completions',
  '09-cqa-raw-completions-gemma/llm_gemma/if_else/train_CoT_0.json': 'completions',
  '09-cqa-raw-completions-gemma/llm_gemma/voting/train_CoT_0.json': 'completions',
  '10-cnalty-gen_label-array/anli1_test_llama3.json': 'gen-label',
  '10-cnalty-gen_label-array/cqa_test_llama3.json': 'gen-label',
  '10-cnalty-gen_label-array/cqa_test_random_llama3.json': 'gen-label',
  '11-svamp-official/SVAMP.json': 'svamp',
  '13-e-care-jsonl/dev_full.jsonl': 'e-care',
  '14-strategyqa-json/bigbench_task.json': 'big-bench',
  '14-strategyqa-json/dev.json': 'strategy-qa',
  '15-arith-zero-shot-cot/AddSub.json': 'arithmetic',
  '15-arith-zero-shot-cot/MultiArith.json': 'arithmetic',
  '15-arith-zero-shot-cot/last_letters.json': 'mapped',
  '16-alpaca-json/alpaca_en_demo.json': 'alpaca',
  '16-alpaca-json/math_data.json': 'alpaca',
  '16-alpaca-json/openbookqa_train.json': 'alpaca',
  '17-teacher-predictions-cot/gsm8k_1.json': 'predictions',
  '19-messages-typed-parts/v1_sft_demo.jsonl': 'chat',
  '19-messages-typed-parts/reason_tool_use_demo.jsonl': 'chat',
  '20-concatenated-pretty-json/generic_test.json': 'rows',
  '20-concatenated-pretty-json/generic_train.json': 'rows',
  '22-scienceqa-object-by-id/problems.json': 'science-qa',
  '23-esnli-csv/esnli_hf.jsonl': 'nli',
  '24-cot-collection-map/CoT_collection.json': 'cot-collection',
  '24-cot-collection-map/CoT_collection.jsonl': 'cot-collection',
  '25-openthoughts-think/openthoughts.jsonl': 'chat',
  '25-openthoughts-think/openthoughts_metadata.jsonl': 'open-thoughts',
  '25-openthoughts-think/r1_messages.jsonl': 'chat',
  '25-openthoughts-think/s1k.jsonl': 's1',
  '26-openai-chat-jsonl/kiln_two_message_cot.jsonl': 'chat',
  '26-openai-chat-jsonl/openai_batch_output.jsonl': 'batch-output',
  '26-openai-chat-jsonl/openai_chat.jsonl': 'chat',
  '26-openai-chat-jsonl/reasoning_content.jsonl': 'chat',
  '27-hf-datasets-server-rows/rows.json': 'nli',
  '28-annotation-exports/argilla.jsonl': 'argilla',
  '28-annotation-exports/distilabel.jsonl': 'distilabel',
  '28-annotation-exports/label_studio.json': 'label-studio',
  '28-annotation-exports/label_studio_min.json': 'mapped',
  '05-ecqa-csv/cqa_data_test.csv': 'ecqa',
  '06-flan-cot-tsv-no-header/creak_train.tsv': 'flan-cot',
  '06-flan-cot-tsv-no-header/ecqa_train.tsv': 'flan-cot',
  '06-flan-cot-tsv-no-header/gsm8k_train.tsv': 'flan-cot',
  '06-flan-cot-tsv-no-header/sensemaking_train.tsv': 'flan-cot',
  '06-flan-cot-tsv-no-header/strategyqa_train.tsv': 'flan-cot',
  '11-svamp-official/cv_asdiv-a_dev.csv': 'mawps',
  '23-esnli-csv/esnli_dev.csv': 'nli',
  '29-autotrain-unsloth-csv/autotrain_classification.csv': 'mapped',
  '29-autotrain-unsloth-csv/autotrain_sft.csv': 'prompt-and-answer',
  '29-autotrain-unsloth-csv/excel_cp1252.csv': 'rows',
  '29-autotrain-unsloth-csv/excel_de.csv': 'mapped',
  '29-autotrain-unsloth-csv/excel_sep_line.csv': 'rows',
  '29-autotrain-unsloth-csv/excel_unicode_text.txt': 'rows',
  '30-hf-parquet-classlabel/arc-test-00000-of-00001.parquet': 'choices',
  '30-hf-parquet-classlabel/esnli-train-00000-of-00001.parquet': 'nli',
};

/** Where the derived rows are a prototype's and ours are better. */
const ours: Record<string, { label: string; why: string }> = {
  '22-scienceqa-object-by-id/problems.json 1': {
    label: '3',
    why: 'the answer is the index 1, not the choice “1”: the solution says 3',
  },
};

/** A derived teacher's label with the letter of its choice taken off: the answer is the text. */
const withoutLetter = (label: string): string => label.replace(/^\([a-z]\) /, '');

describe.skipIf(!present)('published layouts', () => {
  it.each(Object.entries(layouts))('%s is %s', async (name, layout) => {
    const want = derived[name]!;
    const data = await read(name, { completions: 'repaired' });
    const got = inspection(data, null);
    expect(got.layout).toBe(layout);
    expect(got.rows + got.refused.length).toBe(want.rows);
    for (const [index, first] of (want.first ?? []).entries()) {
      const row = got.examples[index]!;
      const better = ours[`${name} ${index}`];
      const label = first.label?.trim() ?? null;
      if (data.kind === 'rationales')
        expect(row.teacherLabel?.trim() ?? null).toBe(label === null ? null : withoutLetter(label));
      else {
        expect(row.input?.trim()).toBe(first.input?.trim());
        expect(row.label).toBe(better?.label ?? label);
        const teacher = first.teacherLabel ?? null;
        // A row that was answered without a readable answer has a blank one, which counts as wrong.
        expect(row.teacherLabel || null).toBe(teacher === null ? null : withoutLetter(teacher));
      }
      expect(row.rationale?.trim() ?? null).toBe(first.rationale?.trim() ?? null);
      if (first.id !== undefined) expect(row.id).toBe(first.id);
    }
  });

  it('says what a conversation of several turns or with tools is refused for', async () => {
    const tools = await read('19-messages-typed-parts/reason_tool_use_demo.jsonl');
    expect(tools.refused).toHaveLength(
      derived['19-messages-typed-parts/reason_tool_use_demo.jsonl']!.withoutLabel,
    );
    expect(tools.refused[0]!.reason).toContain('calls tools');
    const turns = await read('18-sharegpt-json/dummy_conversation.json');
    expect(turns.rows).toHaveLength(3);
    expect(turns.refused).toHaveLength(7);
    expect(turns.refused[0]!.reason).toContain('has 2 answers');
  });

  it('asks where nothing is known', async () => {
    await expect(read('19-messages-typed-parts/dataset_info.json')).rejects.toThrow(InputError);
  });
});
