import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { parseRecipe, recipeSchema } from '../distill/recipe.ts';
import { commandOf, shellWord } from './command-run.ts';
import type { RunFiles } from './run-files.ts';

const files: RunFiles = {
  student: 'public/students/nano',
  train: "./it's $HOME rows.jsonl",
  trainRationales: null,
  test: './test.jsonl',
  testRationales: null,
};
const recipe = recipeSchema.parse({ alpha: 0.8, seed: 7 });

/** What a shell makes of the lines, with `npm` and `cat` telling what they are given. */
function inShell(lines: string): { recipe: string; args: string[] } {
  const script = `npm() { printf '%s\\0' "$@"; }\ncat() { command cat; printf '\\1'; }\n${lines.replace('> run.json ', '')}`;
  const { stdout, status } = spawnSync('sh', ['-c', script], { encoding: 'utf8' });
  expect(status).toBe(0);
  const [heredoc, words] = stdout.split('\u0001');
  return { recipe: heredoc!, args: words!.split('\0').slice(0, -1) };
}

describe('commandOf', () => {
  it('gives a shell the recipe and every option as it is, whatever a file is called', () => {
    const said = inShell(commandOf({ recipe, files, testRows: 50, engine: 'wasm', backend: 'wasm' }));
    expect(parseRecipe(said.recipe, 'run.json')).toEqual(recipe);
    expect(said.args).toEqual([
      ...['run', 'headless', '--', 'train', '--student', 'public/students/nano'],
      ...['--train', "./it's $HOME rows.jsonl", '--test', './test.jsonl', '--recipe', 'run.json'],
      ...['--test-rows', '50', '--engine', 'wasm', '--backend', 'wasm'],
    ]);
  });

  it('names neither rationales without their rows, nor what the machine decides', () => {
    const lines = commandOf({
      recipe,
      files: { ...files, test: null, testRationales: './lonely.json' },
      testRows: null,
      engine: null,
      backend: null,
    });
    for (const option of ['--test', '--engine', '--backend']) expect(lines).not.toContain(option);
  });
});

it('quotes for a shell only what needs it', () => {
  expect(shellWord('./a-b_c.json')).toBe('./a-b_c.json');
  expect(shellWord('')).toBe("''");
  expect(shellWord('a b')).toBe("'a b'");
});
