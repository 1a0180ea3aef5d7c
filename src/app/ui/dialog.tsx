import { lazy, Suspense } from 'react';
import type { DialogProps } from './modal-dialog.tsx';

const ModalDialog = lazy(() =>
  import('./modal-dialog.tsx').then((module) => ({ default: module.ModalDialog })),
);

/** A modal dialog. What it is made of is loaded when one is first asked for. */
export function Dialog(props: DialogProps) {
  return (
    <Suspense fallback={null}>
      <ModalDialog {...props} />
    </Suspense>
  );
}
