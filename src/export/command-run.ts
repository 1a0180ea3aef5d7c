/** A run as the lines of a terminal that do the same: `headless train` with its recipe. */
import { formatRecipe, type Recipe } from '../distill/recipe.ts';
import type { RunFiles } from './run-files.ts';

export interface CommandRun {
  recipe: Recipe;
  files: RunFiles;
  /** Test rows for accuracy and comparison; null for all. */
  testRows: number | null;
  /** Null where the machine decides. */
  engine: string | null;
  backend: string | null;
}

/** One word for a POSIX shell, whatever stands in it. */
export function shellWord(text: string): string {
  return /^[\w./:-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

/** Lines to paste into a terminal in the project's folder. */
export function commandOf({ recipe, files, testRows, engine, backend }: CommandRun): string {
  const options: [name: string, value: string | null][] = [
    ['student', files.student],
    ['train', files.train],
    ['train-rationales', files.trainRationales],
    ['test', files.test],
    ['test-rationales', files.test === null ? null : files.testRationales],
    ['recipe', 'run.json'],
    ['test-rows', testRows === null ? null : String(testRows)],
    ['engine', engine],
    ['backend', backend],
  ];
  const words = options.flatMap(([name, value]) => (value === null ? [] : [`--${name} ${shellWord(value)}`]));
  return [
    "cat > run.json <<'END'",
    formatRecipe(recipe).trimEnd(),
    'END',
    `npm run headless -- train ${words.join(' \\\n  ')}`,
    '',
  ].join('\n');
}
