/** What can be done from anywhere by key: the screens, the palette, the list of keys. */
import { nameOfRoute, navigate, routes, type Route } from '../routes.ts';
import { openPanel } from '../state/panels.ts';
import { bindingOf, keysOf, type KeyBinding, type KeyPlace } from '../keys/keys.ts';
import type { Action } from './action.ts';
import { pauseOrResume } from './run-under-way.ts';

/** The second press, after `g`. */
const letters: Record<Route, string> = {
  data: 'd',
  teacher: 'e',
  student: 's',
  train: 't',
  compare: 'c',
  'take-away': 'a',
  runs: 'r',
  experiments: 'x',
  storage: 'o',
  bench: 'b',
};

export const goToScreen: readonly Action[] = routes.map((route) => ({
  id: `go-${route}`,
  kind: 'screen',
  key: { does: `Go to ${nameOfRoute(route)}`, where: 'Screens', presses: ['g', letters[route]] },
  label: () => nameOfRoute(route),
  perform: () => navigate(route),
}));

export const findOrDo = {
  id: 'palette',
  kind: 'action',
  key: { does: 'Find a screen, an action or a run', where: 'Anywhere', presses: ['Mod+k'] },
  label: () => 'Find or do',
  perform: () => openPanel('palette'),
} as const satisfies Action;

export const showKeys = {
  id: 'keys',
  kind: 'action',
  key: { does: 'Show these keys', where: 'Anywhere', presses: ['?'] },
  label: () => 'Keys',
  detail: () => 'all that there are',
  perform: () => openPanel('keys'),
} as const satisfies Action;

export const thisMachine = {
  id: 'machine',
  kind: 'action',
  label: () => 'This machine',
  perform: () => openPanel('machine'),
} as const satisfies Action;

/** All that have a key. */
export const keyActions: readonly Action[] = [findOrDo, showKeys, pauseOrResume, ...goToScreen];

/** The keys that work in a place: those of actions, then those of the table. */
export function bindingsOf(place: KeyPlace): KeyBinding[] {
  const ofActions = keyActions.flatMap(({ key }) => (key?.where === place ? [key] : []));
  return [...ofActions, ...keysOf(place).map(bindingOf)];
}
