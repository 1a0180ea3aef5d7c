/** What people call a layout: apart from the layouts themselves, which a screen has no need of. */
import type { Layout } from './example.ts';

export const layoutTitles = {
  alpaca: 'Alpaca’s instructions',
  aqua: 'AQuA-RAT rows',
  argilla: 'Argilla’s records',
  arithmetic: 'arithmetic problems (sQuestion, lSolutions)',
  'batch-output': 'answers of a batch server',
  'big-bench': 'BIG-bench examples',
  chat: 'conversations',
  choices: 'questions with choices',
  'commonsense-qa': 'CommonsenseQA rows',
  'cos-e': 'CoS-E rows',
  'cot-collection': 'CoT Collection’s rows',
  distilabel: 'distilabel’s generations',
  'e-care': 'e-CARE rows',
  ecqa: 'ECQA rows',
  explanations: 'explanations without labels',
  'flan-cot': 'input, answer and reason without a header (FLAN)',
  'gen-label': 'rows with a generated answer beside the true one',
  gsm8k: 'GSM8K rows',
  'gsm8k-solutions': 'GSM8K with models’ solutions',
  'label-studio': 'Label Studio’s tasks',
  mawps: 'word problems with placeholders (MAWPS)',
  nli: 'premises and hypotheses (NLI)',
  'open-thoughts': 'OpenThoughts’ rows',
  predictions: 'a teacher’s predictions with chains of thought',
  'prompt-and-answer': 'prompts with their answers in one column',
  rationales: 'rationales',
  rows: 'generic rows',
  s1: 's1 rows',
  'strategy-qa': 'StrategyQA rows',
  'science-qa': 'ScienceQA rows',
  svamp: 'SVAMP or ASDiv rows',
  mapped: 'columns by their role',
  completions: 'a teacher’s raw completions',
  taught: 'reasons that a teacher was asked for here',
} as const satisfies Record<Layout, string>;

/** What people call a layout; one of a record of another version by its id. */
export function layoutTitle(layout: Layout): string {
  return (layoutTitles as Partial<Record<string, string>>)[layout] ?? layout;
}
