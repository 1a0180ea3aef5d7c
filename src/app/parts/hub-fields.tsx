import type { Ref } from 'react';
import { useId } from 'react';
import { defaultEndpoint } from '../../hub/hub-name.ts';
import styles from './hub.module.css';

/** Whom a hub is asked as, and which hub. The token stays in its field and in the frame's memory. */
export function HubFields({
  token,
  tokenMeaning,
  endpoint,
  onEndpoint,
}: {
  token: Ref<HTMLInputElement>;
  /** What the token is for, in a sentence. */
  tokenMeaning: string;
  endpoint: string;
  onEndpoint: (endpoint: string) => void;
}) {
  const id = useId();
  return (
    <div className={styles['fields']}>
      <div>
        <label htmlFor={`${id}-token`}>Access token</label>
        <input
          id={`${id}-token`}
          ref={token}
          type="password"
          autoComplete="off"
          spellCheck={false}
          aria-describedby={`${id}-token-meaning`}
        />
        <p className={styles['meaning']} id={`${id}-token-meaning`}>
          {tokenMeaning} Held in the memory of one closed frame; never stored, gone with this page.
        </p>
      </div>
      <div>
        <label htmlFor={`${id}-endpoint`}>Address of another hub</label>
        <input
          id={`${id}-endpoint`}
          value={endpoint}
          placeholder={defaultEndpoint}
          autoComplete="off"
          spellCheck={false}
          onChange={(event) => onEndpoint(event.target.value)}
        />
      </div>
    </div>
  );
}

/** The hub's host, as words have it. */
export function hostOf(endpoint: string): string {
  return URL.canParse(endpoint) ? new URL(endpoint).host : new URL(defaultEndpoint).host;
}
