import type { LucideIcon } from 'lucide-react';
import type { ReactNode } from 'react';
import { filesOfInput, type DroppedFile } from '../drop.ts';
import { classes } from './classes.ts';
import styles from './file-button.module.css';
import { Icon } from './icon.tsx';

interface Props {
  children: ReactNode;
  icon: LucideIcon;
  onFiles: (files: DroppedFile[]) => void;
  /** Takes a folder with all that is in it. */
  folder?: boolean;
  accept?: string;
  single?: boolean;
  testId?: string;
  /** `zone` fills its place with a dashed frame. */
  look?: 'button' | 'primary' | 'zone';
}

/** A file input under its label. Native: a trigger would be a button that presses a hidden input by script, for no gain. */
export function FileButton({
  children,
  icon,
  onFiles,
  folder,
  accept,
  single,
  testId,
  look = 'button',
}: Props) {
  return (
    <label className={classes(styles['label'], styles[look])}>
      <input
        className={styles['input']}
        type="file"
        multiple={!single}
        accept={accept}
        data-testid={testId}
        {...(folder ? { webkitdirectory: '' } : {})}
        onChange={(event) => {
          const files = filesOfInput(event.target);
          // The same file may be chosen again after it was corrected.
          event.target.value = '';
          if (files.length > 0) onFiles(files);
        }}
      />
      <Icon of={icon} />
      <span>{children}</span>
    </label>
  );
}
