import type { LucideIcon } from 'lucide-react';
import type { MouseEvent, ReactNode, Ref } from 'react';
import { ariaKey, keyWords, type KeyBinding } from '../keys/keys.ts';
import styles from './button.module.css';
import { classes } from './classes.ts';
import { Icon } from './icon.tsx';
import { blockedProps, Tooltip } from './tooltip.tsx';

export interface ButtonProps {
  children: ReactNode;
  onClick: () => void;
  kind?: 'primary' | 'plain' | 'quiet' | 'danger';
  icon?: LucideIcon | undefined;
  /** Why it cannot be pressed now; null or missing where it can. */
  reason?: string | null | undefined;
  /** Shown beside the word: the key that does the same. */
  shortcut?: KeyBinding | undefined;
  /** A fuller name, where the word alone would be ambiguous to a screen reader. */
  label?: string;
  small?: boolean;
  ref?: Ref<HTMLButtonElement>;
}

/**
 * A button. While it has a `reason` it keeps its place and focus, says why, and does nothing. It is the native one: the
 * library's takes the focus from what is disabled, and with it the reason.
 */
export function Button(props: ButtonProps) {
  // Only what may be blocked at some time carries a tooltip about.
  if (!('reason' in props)) return nativeButton(props, () => props.onClick());
  const { reason = null, onClick } = props;
  return (
    <Tooltip text={reason}>
      {(say) =>
        nativeButton(props, (event) => {
          if (reason === null) onClick();
          else say(event.currentTarget);
        })
      }
    </Tooltip>
  );
}

function nativeButton(
  { children, kind = 'plain', icon, reason, shortcut, label, small, ref }: ButtonProps,
  onPress: (event: MouseEvent<HTMLButtonElement>) => void,
) {
  return (
    <button
      ref={ref}
      type="button"
      className={classes(styles['button'], styles[kind], small && styles['small'])}
      onClick={onPress}
      {...blockedProps(reason ?? null)}
      aria-label={label}
      aria-keyshortcuts={shortcut && ariaKey(shortcut)}
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
