import { useMemo, useRef, useState, type ComponentProps } from 'react';
import { Autocomplete } from 'react-aria-components/Autocomplete';
import { Input } from 'react-aria-components/Input';
import { ListBox, ListBoxItem } from 'react-aria-components/ListBox';
import { TextField } from 'react-aria-components/TextField';
import { flushSync } from 'react-dom';
import { useStudio } from '../state/studio-store.ts';
import { classes } from '../ui/classes.ts';
import { Dialog } from '../ui/dialog.tsx';
import { plural } from '../words.ts';
import { findEntries, steadyEntries, type Entry } from './actions.ts';
import { perform } from './action.ts';
import { Presses } from './keys-list.tsx';
import styles from './palette.module.css';

/** Screens, actions and runs by a few letters of their names: a text field over a list that the arrows move through. */
export function Palette({ onClose }: { onClose: () => void }) {
  const [entriesNow] = useState(steadyEntries);
  const entries = useStudio(entriesNow);
  const [typed, setTyped] = useState('');
  const list = useRef<HTMLDivElement>(null);
  // What was marked last: moving about in the typed text takes the mark away, not the choice.
  const last = useRef<string | null>(null);
  const found = useMemo(() => findEntries(entries, typed), [entries, typed]);

  const choose = (entry: Entry | undefined): void => {
    if (entry === undefined || entry.reason !== null) return;
    // Closed first: the focus goes back in the next frame, and from there to wherever the action leads.
    flushSync(onClose);
    requestAnimationFrame(() => perform(entry.action));
  };

  return (
    <Dialog title="Find or do" onClose={onClose} top>
      <Autocomplete
        inputValue={typed}
        onInputChange={(text) => {
          last.current = null;
          setTyped(text);
        }}
      >
        {/* Enter is taken here: the library hands it to the entry that it was last told of, late after quick typing. */}
        <div
          role="presentation"
          onKeyDownCapture={(event) => {
            const marked = list.current?.querySelector('[data-focused]')?.getAttribute('data-key');
            last.current = marked ?? last.current;
            if (event.key !== 'Enter' || event.nativeEvent.isComposing) return;
            event.preventDefault();
            event.stopPropagation();
            choose(found.find(({ id }) => id === last.current) ?? found[0]);
          }}
        >
          {/* eslint-disable-next-line jsx-a11y/no-autofocus -- a dialog takes the focus, and this is what it was opened for */}
          <TextField autoFocus aria-label="A screen, an action or a run">
            <Input
              className={classes(styles['field'])}
              role="combobox"
              aria-expanded
              placeholder="A screen, an action or a run"
            />
          </TextField>
        </div>
        <ListBox
          ref={list}
          className={classes(styles['list'])}
          aria-label="Found"
          items={found}
          // eslint-disable-next-line jsx-a11y/no-autofocus -- the first entry is marked; the field keeps the focus
          autoFocus="first"
          shouldFocusWrap
          shouldFocusOnHover
          onAction={(id) => choose(found.find((entry) => entry.id === id))}
        >
          {(entry) => <Option entry={entry} />}
        </ListBox>
      </Autocomplete>
      <p className={styles['count']} role="status">
        {found.length === 0 ? 'Nothing has that name.' : `${plural(found.length, 'entry', 'entries')}.`}
      </p>
    </Dialog>
  );
}

/** One that cannot be done now stays within reach, so that its reason is read like the rest. */
function Option({ entry }: { entry: Entry }) {
  const { id, name, detail, reason, kind, binding } = entry;
  return (
    <ListBoxItem
      id={id}
      className={classes(styles['option'])}
      textValue={name}
      // It leads nowhere by itself, so that it is a div.
      render={(props) => (
        <div {...(props as ComponentProps<'div'>)} aria-disabled={reason !== null || undefined} />
      )}
    >
      <span>{name}</span>
      <span className={styles['detail']}>{reason ?? detail}</span>
      <span className={styles['kind']}>{binding === undefined ? kind : <Presses of={binding} />}</span>
    </ListBoxItem>
  );
}
