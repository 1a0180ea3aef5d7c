import { lazy, Suspense } from 'react';
import type { DialogProps } from './modal-dialog.tsx';

const load = () => import('./modal-dialog.tsx').then((module) => ({ default: module.ModalDialog }));
const ModalDialog = lazy(load);

/** After the first paint has had its time: a dialog must open also where the server is gone by then. */
const fetchedAfterMs = 3000;
setTimeout(() => void load().catch(() => undefined), fetchedAfterMs);

/** A modal dialog. What it is made of is loaded when one is first asked for. */
export function Dialog(props: DialogProps) {
  return (
    <Suspense fallback={null}>
      <ModalDialog {...props} />
    </Suspense>
  );
}
