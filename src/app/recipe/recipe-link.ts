/**
 * A recipe in the page's address: `#/train?alpha=0.8&steps=600&seed=3&recipe=1`. It has the seed and what is not as the
 * notebook has it, as `run.json` may leave out the rest; never data, or the name of a file or folder. What everybody can
 * have is named: `student=nano`, `student=hub:owner/name@commit`, `data=sample`, `data=hub:owner/name@commit`. `recipe=1`
 * stands last, so that a link that was cut off is found out.
 */
import { mostNamed, notebookRecipe, type Recipe, type RecipeKey } from '../../distill/recipe.ts';
import { hashOf } from '../routes.ts';
import { draftOf, readDraft, recipeKeys, type RecipeDraft } from './recipe-draft.ts';
import { issueWords } from './recipe-fields.ts';

const versionKey = 'recipe';
const version = '1';
const start = `${hashOf('train')}?`;

/** What a link names beside the recipe: what comes with the studio, or a hub's. */
export interface LinkPlaces {
  student: string | null;
  data: string | null;
}

export type LinkReading =
  | { draft: RecipeDraft; places: LinkPlaces; problems: [] }
  | { draft: null; places: null; problems: string[] };

const placeKeys = ['student', 'data'] as const;
/** What comes with every studio, by the key it stands under. */
const bundled = { student: 'nano', data: 'sample' } as const;
const nowhere: LinkPlaces = { student: null, data: null };

/** The address that fills the form with this recipe. */
export function recipeHash(recipe: Recipe, places: LinkPlaces = nowhere): string {
  const texts = draftOf(recipe);
  const notebook = draftOf(notebookRecipe);
  const query = new URLSearchParams();
  for (const key of recipeKeys) {
    if (key === 'seed' || texts[key] !== notebook[key]) query.set(key, texts[key]);
  }
  for (const key of placeKeys) {
    const place = places[key];
    if (place !== null) query.set(key, place);
  }
  query.set(versionKey, version);
  return `${start}${query.toString()}`;
}

/** The recipe in an address, or all that is wrong with it; null where the address has none. */
export function readRecipeHash(hash: string): LinkReading | null {
  if (!hash.startsWith(start)) return null;
  const query = new URLSearchParams(hash.slice(start.length));
  const known = query.get(versionKey);
  if (known === null) return refused(['It was cut off: its end is missing.']);
  if (known !== version)
    return refused([`It is of a kind that this studio does not know (${brief(known)}).`]);
  query.delete(versionKey);
  const problems: string[] = [];
  const draft = draftOf(notebookRecipe);
  const seen = new Set<string>();
  const places = { ...nowhere };
  for (const [key, text] of query) {
    if (seen.has(key)) problems.push(`“${brief(key)}” is in it twice.`);
    seen.add(key);
    if (key === 'student' || key === 'data') {
      if (text === bundled[key] || isHubPlace(text, key)) places[key] = text;
      else
        problems.push(
          `“${brief(text)}” is no ${key === 'student' ? 'student' : 'data'} that a link can name.`,
        );
    } else if (!isKey(key)) problems.push(`“${brief(key)}” is no setting.`);
    else if (typeof notebookRecipe[key] === 'boolean' && !/^(true|false)$/.test(text))
      problems.push(`${issueWords({ key, problem: `${key} must be true or false` })}.`);
    else draft[key] = text;
  }
  if (problems.length > mostNamed)
    problems.splice(mostNamed, problems.length, `So it is with ${problems.length - mostNamed} more.`);
  problems.push(...readDraft(draft).issues.map((issue) => `${issueWords(issue)}.`));
  return problems.length === 0 ? { draft, places, problems: [] } : refused(problems);
}

function refused(problems: string[]): LinkReading {
  return { draft: null, places: null, problems };
}

/** `hub:owner/name@commit`, of rows with `:configuration`: of a branch it would be another one tomorrow. */
function isHubPlace(text: string, key: 'student' | 'data'): boolean {
  const place = /^hub:(?:\w[\w.-]*\/){0,3}\w[\w.-]*@[0-9a-f]{40}$/;
  const rows = /^hub:(?:\w[\w.-]*\/){0,3}\w[\w.-]*@[0-9a-f]{40}(?::\w[\w.,+-]{0,95})?$/;
  return (key === 'student' ? place : rows).test(text) && !text.includes('..');
}

function isKey(key: string): key is RecipeKey {
  return recipeKeys.some((one) => one === key);
}

/** So much of a stranger's text as a message bears. */
function brief(text: string): string {
  return text.length > 30 ? `${text.slice(0, 30)}…` : text;
}
