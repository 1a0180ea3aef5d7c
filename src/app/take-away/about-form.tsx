import { useState } from 'react';
import { InputError, reportError } from '../../base/errors.ts';
import { aboutFields, aboutKeys, readAbout, type CardAbout } from '../../data/about.ts';
import type { RunRecord } from '../../store/records.ts';
import { changeLabels } from '../state/run-actions.ts';
import { TextField } from '../ui/field.tsx';
import styles from './take-away-screen.module.css';

/** What the model card says of licence and data: asked for, never guessed; kept with the run. */
export function AboutForm({ run }: { run: RunRecord }) {
  const { about = {} } = run;
  const [typed, setTyped] = useState<CardAbout>(about);
  const change = (key: keyof CardAbout, text: string): void => {
    const next = { ...typed, [key]: text };
    setTyped(next);
    // What cannot be read is not kept; its field says why.
    if (aboutKeys.every((one) => problemOf(one, next[one]) === null))
      void changeLabels(run.id, { about: readAbout(next) });
  };
  const known = aboutKeys.filter((key) => about[key] !== undefined);
  return (
    <details className={styles['about']}>
      <summary>
        For the model card: licence, data, language (
        {known.length === 0 ? 'nothing said yet' : known.map((key) => about[key]).join(', ')})
      </summary>
      <p className={styles['words']}>
        The card, in every folder that is taken, has this run’s figures. This it cannot know; what stays empty
        is “not said” there.
      </p>
      <div className={styles['fields']}>
        {aboutKeys.map((key) => (
          <TextField
            key={key}
            label={aboutFields[key].label}
            meaning={`As a hub writes it: ${aboutFields[key].example}.`}
            error={problemOf(key, typed[key])}
            value={typed[key] ?? ''}
            onChange={(text) => change(key, text)}
          />
        ))}
      </div>
    </details>
  );
}

function problemOf(key: keyof CardAbout, text: string | undefined): string | null {
  try {
    readAbout({ [key]: text });
    return null;
  } catch (error) {
    if (error instanceof InputError) return reportError(error).message;
    throw error;
  }
}
