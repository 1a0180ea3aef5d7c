import { useEffect, useRef, type ReactNode } from 'react';
import { Dialog as DialogPanel } from 'react-aria-components/Dialog';
import { Heading } from 'react-aria-components/Heading';
import { Modal, ModalOverlay } from 'react-aria-components/Modal';
import { Text } from 'react-aria-components/Text';
import { Button } from './button.tsx';
import { classes } from './classes.ts';
import styles from './modal-dialog.module.css';

export interface DialogProps {
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

/**
 * A modal dialog: it keeps the focus inside, closes on Escape, and gives the focus back. One that asks begins at
 * Cancel and is left by an answer alone; the others close on a press beside them too.
 */
export function ModalDialog({ title, children, onClose, confirm, wide, top }: DialogProps) {
  const cancel = useRef<HTMLButtonElement>(null);
  const asks = confirm !== undefined;
  useEffect(() => {
    if (asks) cancel.current?.focus();
  }, [asks]);
  return (
    <ModalOverlay
      className={classes(styles['overlay'], top && styles['top'])}
      isOpen
      isDismissable={!asks}
      onOpenChange={(open) => {
        if (!open) onClose();
      }}
    >
      <Modal className={classes(styles['modal'], wide && styles['wide'])}>
        <DialogPanel className={classes(styles['dialog'])} role={asks ? 'alertdialog' : 'dialog'}>
          <Heading slot="title" className={classes(styles['title'])}>
            {title}
          </Heading>
          <Text slot="description" elementType="div" className={classes(styles['body'])}>
            {children}
          </Text>
          <div className={styles['actions']}>
            <Button ref={cancel} onClick={onClose}>
              {asks ? 'Cancel' : 'Close'}
            </Button>
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
        </DialogPanel>
      </Modal>
    </ModalOverlay>
  );
}
