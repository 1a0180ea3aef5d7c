import { LockKeyhole, PackageSearch, Square } from 'lucide-react';
import { useId, type ReactNode, type Ref } from 'react';
import { Button } from '../ui/button.tsx';
import { Icon } from '../ui/icon.tsx';
import { Progress } from '../ui/progress.tsx';
import { hostOf } from './hub-fields.tsx';
import styles from './hub.module.css';

interface HubLookUpProps {
  label: string;
  placeholder: string;
  name: string;
  onName: (name: string) => void;
  /** The hub's address as it was typed. */
  endpoint: string;
  isBusy: boolean;
  onLookUp: () => void;
  /** What a name can say, and what becomes of what is found. */
  meaning: string;
  /** Buttons beside the one that looks it up. */
  children?: ReactNode;
  ref?: Ref<HTMLInputElement>;
}

/** A name on a hub, and the button that asks for it; Enter does as well. */
export function HubLookUp(props: HubLookUpProps) {
  const { label, placeholder, name, onName, endpoint, isBusy, onLookUp, meaning, children, ref } = props;
  const id = useId();
  return (
    <>
      <form
        className={styles['ask']}
        onSubmit={(event) => {
          event.preventDefault();
          if (!isBusy) onLookUp();
        }}
      >
        <label className="visually-hidden" htmlFor={id}>
          {label}
        </label>
        <input
          id={id}
          ref={ref}
          className={styles['name']}
          value={name}
          placeholder={placeholder}
          autoComplete="off"
          autoCapitalize="off"
          spellCheck={false}
          translate="no"
          aria-describedby={`${id}-meaning`}
          onChange={(event) => onName(event.target.value)}
        />
        <Button icon={PackageSearch} reason={isBusy ? busyWords : null} onClick={onLookUp}>
          Look it up
        </Button>
        {children}
      </form>
      <p className={styles['meaning']} id={`${id}-meaning`}>
        <Icon of={LockKeyhole} size={14} /> Nothing is asked of{' '}
        <strong translate="no">{hostOf(endpoint)}</strong> before you press. {meaning}
      </p>
    </>
  );
}

/** Why nothing else can be asked now. */
export const busyWords = 'The hub is being asked.';

interface HubBusyProps {
  label: string;
  done: number;
  total: number;
  onStop: () => void;
  /** What stands below the bar. */
  children?: ReactNode;
}

/** What is under way at a hub, and how to stop it. */
export function HubBusy({ label, done, total, onStop, children }: HubBusyProps) {
  return (
    <div className={styles['busy']}>
      <div>
        <Progress label={label} done={done} total={total} />
        {children}
      </div>
      <Button small icon={Square} onClick={onStop}>
        Stop
      </Button>
    </div>
  );
}
