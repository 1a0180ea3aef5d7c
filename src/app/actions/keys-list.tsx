import { useState } from 'react';
import { keepChoice } from '../state/choices.ts';
import { Dialog } from '../ui/dialog.tsx';
import { CheckField } from '../ui/check-field.tsx';
import { isMac, isSingleSign, keyPlaces, pressWords, type KeyBinding } from '../keys/keys.ts';
import styles from './keys-list.module.css';
import { singleSigns } from '../keys/use-keys.ts';
import { bindingsOf } from './anywhere.ts';

/** All keys that there are, by where they work; letters and signs alone can be turned off. */
export function KeysList({ onClose }: { onClose: () => void }) {
  const [single, setSingle] = useState(singleSigns);
  return (
    <Dialog title="Keys" onClose={onClose} wide>
      <div className={styles['places']}>
        {keyPlaces.map((place) => (
          <section key={place} className={styles['place']} aria-label={place}>
            <h3>{place}</h3>
            <dl className={styles['keys']}>
              {bindingsOf(place).map((binding) => (
                <div
                  key={binding.does}
                  className={styles['key']}
                  data-off={!single && isSingleSign(binding) ? '' : undefined}
                >
                  <dt>{binding.does}</dt>
                  <dd>
                    <Presses of={binding} />
                  </dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
      </div>
      <CheckField
        label="Letters and signs alone are keys"
        meaning="Turn this off where they are pressed by accident, as with speech input. The other keys stay."
        checked={single}
        onChange={(on) => {
          keepChoice('single-keys', on ? null : 'off');
          setSingle(on);
        }}
      />
    </Dialog>
  );
}

/** The presses of a key, each as a cap. */
export function Presses({ of: { presses } }: { of: KeyBinding }) {
  const mac = isMac();
  return presses.map((press, index) => (
    <span key={press}>
      {index > 0 && <span className={styles['then']}> then </span>}
      <kbd className={styles['cap']}>{pressWords(press, mac)}</kbd>
    </span>
  ));
}
