import { useRef, useState, type ComponentProps } from 'react';
import { Focusable } from 'react-aria-components/Focusable';
import { Tooltip as TooltipBody, TooltipTrigger } from 'react-aria-components/Tooltip';
import { classes } from './classes.ts';
import styles from './tooltip.module.css';

interface Props {
  /** What is said; null while there is nothing to say. */
  text: string | null;
  /** The control that it is about, a native one. `say` is for a press, which is all that a finger has. */
  children: (say: (control: HTMLElement) => void) => ComponentProps<typeof Focusable>['children'];
}

const delayMs = 300;
/** Where a control can stand; what is said of it is in the same. */
const landmarks = 'main, [role=dialog], [role=alertdialog]';

/** Words about a control beside it: while a pointer is on it, when a key reaches it, and when it is pressed. */
export function Tooltip({ text, children }: Props) {
  const [open, setOpen] = useState(false);
  const control = useRef<HTMLElement>(null);
  const silent = text === null;
  // Else it would come back by itself with the next words, to a control that was left meanwhile.
  if (silent && open) setOpen(false);
  const say = (pressed: HTMLElement): void => {
    // Not every browser focuses what a finger presses; losing the focus closes it.
    pressed.focus();
    setOpen(true);
  };
  return (
    <TooltipTrigger
      isDisabled={silent}
      isOpen={open && !silent}
      onOpenChange={setOpen}
      shouldCloseOnPress={false}
      delay={delayMs}
    >
      <Focusable ref={control}>{children(say)}</Focusable>
      {!silent && (
        <TooltipBody
          className={classes(styles['tooltip'])}
          offset={6}
          // eslint-disable-next-line @typescript-eslint/no-deprecated -- what follows it is not among the components
          UNSTABLE_portalContainer={control.current?.closest(landmarks) ?? document.body}
        >
          {text}
        </TooltipBody>
      )}
    </TooltipTrigger>
  );
}

/** What a blocked control says of itself: also to a reader that passes over it and neither points nor focuses. */
export function blockedProps(reason: string | null): {
  'aria-disabled'?: true;
  'aria-description'?: string;
} {
  return reason === null ? {} : { 'aria-disabled': true, 'aria-description': reason };
}
