import { GitCompareArrows } from 'lucide-react';
import { useMemo, useState } from 'react';
import type { RunRecord } from '../../store/records.ts';
import { useStudio } from '../state/studio-store.ts';
import { LinkButton } from '../ui/button.tsx';
import { SelectField } from '../ui/field.tsx';
import styles from './compare-with.module.css';
import { finalOf } from './finals.ts';
import { pairHash } from './pair-address.ts';
import { partnersOf } from './pair.ts';
import { percentWords } from './run-columns.ts';

/** From a run to where it differs from another, in one press; nothing where there is no other that fits. */
export function CompareWith({ run }: { run: RunRecord }) {
  const runs = useStudio((state) => state.runs);
  const partners = useMemo(() => partnersOf(run, runs), [run, runs]);
  const [chosen, setChosen] = useState<string | null>(null);
  const partner = partners.find(({ id }) => id === chosen) ?? partners[0];
  if (partner === undefined) return null;
  return (
    <div className={styles['compare']} role="group" aria-label={`Compare ${run.name} row by row`}>
      <LinkButton icon={GitCompareArrows} href={pairHash([run.id, partner.id])}>
        Compare with {partner.name}
      </LinkButton>
      {partners.length > 1 && (
        <SelectField
          label="The other run"
          options={partners.map((one) => ({
            value: one.id,
            label: `${one.name}, ${percentWords(finalOf(one).distilled?.share ?? null)}`,
          }))}
          value={partner.id}
          onChange={setChosen}
        />
      )}
    </div>
  );
}
