/** A run as lines for a shell: the recipe as a file, then `headless train`. */
import { formatRecipe } from '../distill/recipe.ts';
import { reducedNote, type TrainJob } from './train-job.ts';

/** The recipe's file, beside which the command is run. */
export const recipeFileName = 'recipe.json';

/** Lines for a POSIX shell in Stillroom's folder that do the same run as the studio. Data files go by name. */
export function trainCommand(job: TrainJob): string {
  const { recipe, student, studentIsReduced, data, testRows, engine, backend } = job;
  const options: [name: string, value: string | number | null][] = [
    ['student', student],
    ['train', data?.train ?? null],
    ['train-rationales', data?.trainRationales ?? null],
    ['validation', data?.validation ?? null],
    ['validation-rationales', data?.validationRationales ?? null],
    ['test', data?.test ?? null],
    ['test-rationales', data?.testRationales ?? null],
    ['recipe', recipeFileName],
    ['test-rows', testRows],
    ['engine', engine],
    ['backend', backend],
  ];
  const given = options.flatMap(([name, value]) =>
    value === null ? [] : [`--${name} ${shellWord(String(value))}`],
  );
  const notes = ['# In the folder of Stillroom.'];
  if (student !== null || data !== null)
    notes.push('# Files are named as the studio knows them; write the paths that they have.');
  if (studentIsReduced) notes.push(reducedNote);
  return [
    ...notes,
    `cat > ${recipeFileName} <<'END'`,
    `${formatRecipe(recipe)}END`,
    `npm run headless -- train ${given.join(' \\\n  ')}`,
    '',
  ].join('\n');
}

/** A word as a POSIX shell reads it back. A name that looks like an option is told apart by `./`. */
function shellWord(text: string): string {
  const word = text.startsWith('-') ? `./${text}` : text;
  return /^[\w./@%+=:,-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
