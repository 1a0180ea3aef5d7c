import { RotateCcw } from 'lucide-react';
import { useState } from 'react';
import { studio } from '../state/studio.ts';
import { useStudio } from '../state/studio-store.ts';
import { Button } from '../ui/button.tsx';
import { plural } from '../words.ts';
import { nearestPreset, type Difference } from './preset-diff.ts';
import { fieldOf, valueWords } from '../recipe/recipe-fields.ts';
import styles from './preset-diff-list.module.css';

/** So many are a glance; more would fill a phone's first screen. */
const shownAtFirst = 4;

/** What the recipe has otherwise than the preset that it is nearest to; each field can be set back alone. */
export function PresetDiffList() {
  const draft = useStudio((state) => state.draft);
  const { preset, differences } = nearestPreset(draft);
  const count = differences.length;
  const [all, showAll] = useState(false);
  const shown = all || count <= shownAtFirst + 1 ? differences : differences.slice(0, shownAtFirst);
  return (
    <div className={styles['diff']}>
      <p className={styles['line']}>
        {count === 0
          ? `All as the ${preset.title} preset has it.`
          : `${plural(count, 'setting')} ${count === 1 ? 'is' : 'are'} not as the ${preset.title} preset has ${count === 1 ? 'it' : 'them'}:`}
      </p>
      {count > 0 && (
        <ul className={styles['list']} aria-label={`Not as the ${preset.title} preset`}>
          {shown.map((difference) => (
            <DifferenceItem key={difference.key} difference={difference} />
          ))}
        </ul>
      )}
      {count > shownAtFirst + 1 && (
        <Button kind="quiet" small onClick={() => showAll(!all)}>
          {all ? 'Show fewer' : `Show ${count - shownAtFirst} more`}
        </Button>
      )}
    </div>
  );
}

function DifferenceItem({ difference: { key, text, presetText } }: { difference: Difference }) {
  const { label } = fieldOf(key);
  const before = valueWords(key, presetText);
  return (
    <li className={styles['item']}>
      <span>
        {label} <strong className={styles['value']}>{valueWords(key, text)}</strong>{' '}
        <span className={styles['preset']}>preset {before}</span>
      </span>
      <Button
        kind="quiet"
        small
        icon={RotateCcw}
        label={`Reset ${label} to ${before}`}
        onClick={() => studio.setField(key, presetText)}
      >
        Reset
      </Button>
    </li>
  );
}
