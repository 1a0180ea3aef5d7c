import { later } from './later.tsx';

/** A modal dialog. What it is made of is loaded when one is first asked for. */
export const Dialog = later(() => import('./modal-dialog.tsx').then((module) => module.ModalDialog));
