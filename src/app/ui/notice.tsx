import { CircleAlert, Info, TriangleAlert } from 'lucide-react';
import type { ReactNode } from 'react';
import type { ErrorReport } from '../../base/errors.ts';
import { Button } from './button.tsx';
import { classes } from './classes.ts';
import { Icon } from './icon.tsx';
import styles from './notice.module.css';

const drawings = { error: CircleAlert, warning: TriangleAlert, info: Info } as const;

interface Props {
  kind: keyof typeof drawings;
  title?: string;
  children?: ReactNode;
  onDismiss?: () => void;
}

/** Something the person should know. Errors are announced at once, the others are read in their place. */
export function Notice({ kind, title, children, onDismiss }: Props) {
  return (
    <div className={classes(styles['notice'], styles[kind])} role={kind === 'error' ? 'alert' : undefined}>
      <span className={styles['icon']}>
        <Icon of={drawings[kind]} size={18} />
      </span>
      <div className={styles['words']}>
        {title !== undefined && <p className={styles['title']}>{title}</p>}
        {children}
      </div>
      {onDismiss && (
        <Button kind="quiet" small onClick={onDismiss}>
          Dismiss
        </Button>
      )}
    </div>
  );
}

/** A failure in its own words; the file and the line at fault stand above them. */
export function ErrorNotice({ error, onDismiss }: { error: ErrorReport; onDismiss?: () => void }) {
  const place =
    error.file === null ? null : error.line === null ? error.file : `${error.file}, line ${error.line}`;
  // Messages begin with the place; it is shown once.
  const message =
    place !== null && error.message.startsWith(`${place}: `)
      ? error.message.slice(place.length + 2)
      : error.message;
  // A sentence that begins with a file's name keeps that name as it is.
  const sentence = /^[a-z]+[ ,’]/.test(message)
    ? message.charAt(0).toUpperCase() + message.slice(1)
    : message;
  return (
    <Notice kind="error" {...(place === null ? {} : { title: place })} {...(onDismiss ? { onDismiss } : {})}>
      <p>{sentence}</p>
    </Notice>
  );
}
