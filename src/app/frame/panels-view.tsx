import { lazy, Suspense } from 'react';
import { perform } from '../actions/action.ts';
import { keyActions } from '../actions/anywhere.ts';
import { useBindings } from '../keys/use-keys.ts';
import { closePanel, usePanel } from '../state/panels.ts';

const views = {
  palette: lazy(() => import('../actions/palette.tsx').then((module) => ({ default: module.Palette }))),
  keys: lazy(() => import('../actions/keys-list.tsx').then((module) => ({ default: module.KeysList }))),
  machine: lazy(() => import('./machine-dialog.tsx').then((module) => ({ default: module.MachineDialog }))),
};

const bindings = keyActions.flatMap((action) =>
  action.key === undefined
    ? []
    : [{ key: action.key, handler: (event: KeyboardEvent) => !event.repeat && perform(action) }],
);

/** The dialogs of the frame, loaded when they are first asked for, and the keys that work anywhere. */
export function Panels() {
  const panel = usePanel();
  useBindings(bindings);
  if (panel === null) return null;
  const View = views[panel];
  return (
    <Suspense fallback={null}>
      <View key={panel} onClose={closePanel} />
    </Suspense>
  );
}
