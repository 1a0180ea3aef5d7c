/** What the palette offers: the screens, what can be done now, and the runs. */
import { presets } from '../../distill/recipe.ts';
import { draftOf } from '../recipe/recipe-draft.ts';
import { navigate } from '../routes.ts';
import type { StudioState } from '../state/studio-store.ts';
import { studio } from '../state/studio.ts';
import { applyTheme, themes } from '../theme.ts';
import { recipeWords } from '../words.ts';
import type { KeyBinding } from '../keys/keys.ts';
import { isOffered, obstacleOf, type Action } from './action.ts';
import { goToScreen, showKeys, thisMachine } from './anywhere.ts';
import { openRunAction } from './open-run.ts';
import { pauseOrResume, skipMeasurement, stopAndKeep } from './run-under-way.ts';
import { startTraining } from './start-training.ts';
import { sampleAction } from './sample-action.ts';

const takePreset = presets.map((preset): Action => ({
  id: `preset-${preset.name}`,
  kind: 'action',
  label: () => `Take the ${preset.title} preset`,
  detail: () => recipeWords(preset.recipe),
  perform: () => {
    studio.setDraft(draftOf(preset.recipe));
    navigate('train');
  },
}));

const takeTheme = themes.map(({ value, label }): Action => ({
  id: `theme-${value}`,
  kind: 'action',
  label: () => (value === 'system' ? 'Theme as the system has it' : `${label} theme`),
  perform: () => applyTheme(value),
}));

const actions: readonly Action[] = [
  ...goToScreen,
  startTraining,
  pauseOrResume,
  stopAndKeep,
  skipMeasurement,
  ...takePreset,
  sampleAction,
  ...takeTheme,
  thisMachine,
  showKeys,
];

/** An action as it is now. */
export interface Entry {
  id: string;
  kind: Action['kind'];
  name: string;
  detail: string | undefined;
  /** Not `key`: the list of the palette would take that for the entry's own. */
  binding: KeyBinding | undefined;
  /** Why it cannot be done now; null where it can. */
  reason: string | null;
  action: Action;
}

export function entriesOf(state: StudioState): Entry[] {
  return [...actions, ...state.runs.map(openRunAction)]
    .filter((action) => isOffered(action, state))
    .map((action) => ({
      id: action.id,
      kind: action.kind,
      name: action.label(state),
      detail: action.detail?.(state),
      binding: action.key,
      reason: obstacleOf(action, state),
      action,
    }));
}

/** As `entriesOf`, and the very same list again while nothing that it shows has changed. */
export function steadyEntries(): (state: StudioState) => Entry[] {
  let last: Entry[] = [];
  return (state) => {
    const next = entriesOf(state);
    // What an action does follows from what is shown of it; functions have no text here.
    if (JSON.stringify(next) !== JSON.stringify(last)) last = next;
    return last;
  };
}

/** Entries that hold every word typed; those whose name begins with what was typed come first. */
export function findEntries(entries: readonly Entry[], typed: string): Entry[] {
  const text = typed.trim().toLowerCase();
  if (text === '') return [...entries];
  const words = text.split(/\s+/);
  const rank = ({ name }: Entry): number => {
    const lower = name.toLowerCase();
    if (lower.startsWith(text)) return 0;
    return words.every((word) => lower.includes(word)) ? 1 : 2;
  };
  return entries
    .filter(({ kind, name, detail = '' }) => {
      const whole = `${name} ${detail} ${kind}`.toLowerCase();
      return words.every((word) => whole.includes(word));
    })
    .toSorted((a, b) => rank(a) - rank(b));
}
