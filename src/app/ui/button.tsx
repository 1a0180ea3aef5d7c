import type { LucideIcon } from 'lucide-react';
import type { ReactNode } from 'react';
import { ariaKey, keyWords, type KeyId } from '../keys/keys.ts';
import styles from './button.module.css';
import { classes } from './classes.ts';
import { Icon } from './icon.tsx';

export interface ButtonProps {
  children: ReactNode;
  onClick: () => void;
  kind?: 'primary' | 'plain' | 'quiet' | 'danger';
  icon?: LucideIcon;
  /** Why it cannot be pressed now; null or missing where it can. */
  reason?: string | null | undefined;
  /** Shown beside the word: the key that does the same. */
  shortcut?: KeyId;
  /** A fuller name, where the word alone would be ambiguous to a screen reader. */
  label?: string;
  small?: boolean;
}

/** A button. While it has a `reason` it keeps its place and focus, says why, and does nothing. */
export function Button({
  children,
  onClick,
  kind = 'plain',
  icon,
  reason,
  shortcut,
  label,
  small,
}: ButtonProps) {
  const blocked = reason !== undefined && reason !== null;
  return (
    <button
      type="button"
      className={classes(styles['button'], styles[kind], small && styles['small'])}
      onClick={() => {
        if (!blocked) onClick();
      }}
      aria-disabled={blocked || undefined}
      aria-label={label}
      aria-keyshortcuts={shortcut && ariaKey(shortcut)}
      title={reason ?? undefined}
    >
      {icon && <Icon of={icon} />}
      {children}
      {shortcut !== undefined && (
        <kbd className={styles['key']} aria-hidden="true">
          {keyWords(shortcut)}
        </kbd>
      )}
    </button>
  );
}

/** A link that looks like a button: it goes somewhere and does nothing else. */
export function LinkButton({
  children,
  href,
  kind = 'plain',
  icon,
}: {
  children: ReactNode;
  href: string;
  kind?: 'primary' | 'plain';
  icon?: LucideIcon;
}) {
  return (
    <a className={classes(styles['button'], styles[kind])} href={href}>
      {icon && <Icon of={icon} />}
      {children}
    </a>
  );
}
