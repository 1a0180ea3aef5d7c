import { useEffect, useId, useRef, type ReactNode } from 'react';
import { Button } from './button.tsx';
import styles from './dialog.module.css';

interface Props {
  title: string;
  children: ReactNode;
  onClose: () => void;
  /** What is asked for; without it the dialog only tells and closes. */
  confirm?: { label: string; act: () => void };
}

/** A native modal dialog: it keeps the focus inside, closes on Escape, and gives the focus back. */
export function Dialog({ title, children, onClose, confirm }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  const titleId = useId();
  useEffect(() => {
    const element = dialog.current;
    element?.showModal();
    return () => element?.close();
  }, []);
  return (
    <dialog ref={dialog} className={styles['dialog']} aria-labelledby={titleId} onClose={onClose}>
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
