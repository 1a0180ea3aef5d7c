import { useId, useLayoutEffect, useRef, type ReactNode } from 'react';
import { Button } from './button.tsx';
import { classes } from './classes.ts';
import styles from './dialog.module.css';

interface Props {
  title: string;
  children: ReactNode;
  onClose: () => void;
  /** What is asked for; without it the dialog only tells and closes. */
  confirm?: { label: string; act: () => void };
  /** Room for two columns. */
  wide?: boolean;
  /** Near the top of the page, where it keeps its place while what it holds changes in height. */
  top?: boolean;
}

/** A native modal dialog: it keeps the focus inside, closes on Escape, and gives the focus back. */
export function Dialog({ title, children, onClose, confirm, wide, top }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  const titleId = useId();
  // Closed while it is still in the page: only then does it give the focus back.
  useLayoutEffect(() => {
    const element = dialog.current;
    element?.showModal();
    return () => element?.close();
  }, []);
  return (
    <dialog
      ref={dialog}
      className={classes(styles['dialog'], wide && styles['wide'], top && styles['top'])}
      aria-labelledby={titleId}
      onClose={onClose}
    >
      <h2 className={styles['title']} id={titleId}>
        {title}
      </h2>
      <div className={styles['body']}>{children}</div>
      <div className={styles['actions']}>
        <Button onClick={onClose}>{confirm ? 'Cancel' : 'Close'}</Button>
        {confirm && (
          <Button
            kind="danger"
            onClick={() => {
              confirm.act();
              onClose();
            }}
          >
            {confirm.label}
          </Button>
        )}
      </div>
    </dialog>
  );
}
