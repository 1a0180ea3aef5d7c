import { useEffect, useId, useRef, useState, type KeyboardEvent } from 'react';
import { useStudio } from '../studio-store.ts';
import { Dialog } from '../ui/dialog.tsx';
import { plural } from '../words.ts';
import { commandsOf, findCommands, type Command } from './commands.ts';
import { Presses } from './keys-list.tsx';
import styles from './palette.module.css';

/** Screens, actions and runs by a few letters of their names: a text field over a list that the arrows move through. */
export function Palette({ onClose }: { onClose: () => void }) {
  const id = useId();
  const state = useStudio((whole) => whole);
  const [typed, setTyped] = useState('');
  const [at, setAt] = useState(0);
  const list = useRef<HTMLDivElement>(null);
  const found = findCommands(commandsOf(state), typed);
  const active = Math.min(at, found.length - 1);

  useEffect(() => {
    list.current?.children[active]?.scrollIntoView({ block: 'nearest' });
  }, [active, typed]);

  const choose = (command: Command | undefined): void => {
    if (command === undefined || command.reason !== null) return;
    // Closed first: the focus goes back, and from there to wherever the command leads.
    onClose();
    command.act();
  };

  const press = (event: KeyboardEvent): void => {
    const next = moved(event.key, active, found.length);
    if (next !== null) setAt(next);
    else if (event.key === 'Enter' && !event.nativeEvent.isComposing) choose(found[active]);
    else return;
    event.preventDefault();
  };

  return (
    <Dialog title="Find or do" onClose={onClose} top>
      <input
        className={styles['field']}
        type="text"
        role="combobox"
        aria-label="A screen, an action or a run"
        aria-expanded="true"
        aria-controls={`${id}-list`}
        aria-autocomplete="list"
        aria-activedescendant={found.length === 0 ? undefined : `${id}-${active}`}
        autoComplete="off"
        spellCheck={false}
        placeholder="A screen, an action or a run"
        value={typed}
        onChange={(event) => {
          setTyped(event.target.value);
          setAt(0);
        }}
        onKeyDown={press}
      />
      <div className={styles['list']} ref={list} id={`${id}-list`} role="listbox" aria-label="Found">
        {found.map((command, index) => (
          <button
            type="button"
            tabIndex={-1}
            key={command.id}
            id={`${id}-${index}`}
            className={styles['option']}
            role="option"
            aria-selected={index === active}
            aria-disabled={command.reason !== null || undefined}
            // The field keeps the focus.
            onMouseDown={(event) => event.preventDefault()}
            onMouseMove={() => setAt(index)}
            onClick={() => choose(command)}
          >
            <span className={styles['name']}>{command.name}</span>
            <span className={styles['detail']}>{command.reason ?? command.detail}</span>
            <span className={styles['kind']}>
              {command.keyId === undefined ? command.kind : <Presses id={command.keyId} />}
            </span>
          </button>
        ))}
      </div>
      <p className={styles['count']} role="status">
        {found.length === 0 ? 'Nothing has that name.' : `${plural(found.length, 'entry', 'entries')}.`}
      </p>
    </Dialog>
  );
}

/** Where a key moves to in a list of `length`; null for other keys. From the end it goes on at the beginning. */
function moved(key: string, at: number, length: number): number | null {
  if (length === 0) return null;
  switch (key) {
    case 'ArrowDown':
      return (at + 1) % length;
    case 'ArrowUp':
      return (at + length - 1) % length;
    case 'PageDown':
      return Math.min(length - 1, at + 8);
    case 'PageUp':
      return Math.max(0, at - 8);
    default:
      return null;
  }
}
