import { lazy, Suspense } from 'react';
import { useKeys } from '../keys/use-keys.ts';
import { navigate, routes } from '../routes.ts';
import { closePanel, openPanel, usePanel } from '../state/panels.ts';

const views = {
  palette: lazy(() => import('../keys/palette.tsx').then((module) => ({ default: module.Palette }))),
  keys: lazy(() => import('../keys/keys-list.tsx').then((module) => ({ default: module.KeysList }))),
  machine: lazy(() => import('./machine-dialog.tsx').then((module) => ({ default: module.MachineDialog }))),
};

/** The dialogs of the frame, loaded when they are first asked for, and the keys that ask for them or go to a screen. */
export function Panels() {
  const panel = usePanel();
  useKeys({
    palette: () => openPanel('palette'),
    'show-keys': () => openPanel('keys'),
    ...Object.fromEntries(routes.map((route) => [`go-${route}`, () => navigate(route)])),
  });
  if (panel === null) return null;
  const View = views[panel];
  return (
    <Suspense fallback={null}>
      <View key={panel} onClose={closePanel} />
    </Suspense>
  );
}
