import { formatCount } from '../../base/units.ts';
import type { Asking } from '../../distill/ask.ts';
import type { RunRecord } from '../../store/records.ts';
import { useStudio } from '../state/studio-store.ts';
import { CheckField } from '../ui/check-field.tsx';
import { SelectField } from '../ui/field.tsx';

/** How a person wants a question asked. */
export interface AskingDraft {
  numBeams: string;
  /** Empty: as trained. */
  maxNewTokens: string;
  rationale: boolean;
  /** Empty: no other run. */
  otherId: string;
}

export const usualAsking: AskingDraft = { numBeams: '1', maxNewTokens: '', rationale: true, otherId: '' };

export function readAsking({ numBeams, maxNewTokens, rationale }: AskingDraft): Asking {
  return {
    numBeams: Number(numBeams),
    maxNewTokens: maxNewTokens === '' ? null : Number(maxNewTokens),
    rationale,
    base: true,
  };
}

const beams = [
  { value: '1', label: 'greedy' },
  ...[2, 4, 8].map((count) => ({ value: String(count), label: `${count} beams` })),
];
const lengths = [8, 16, 32, 64, 128, 256];

/** Beams, length, rationale, and which other run answers too. */
export function AskingForm({
  run,
  draft,
  onChange,
  usualTokens,
}: {
  run: RunRecord;
  draft: AskingDraft;
  onChange: (draft: AskingDraft) => void;
  usualTokens: number;
}) {
  const runs = useStudio((state) => state.runs);
  const others = runs.filter(({ id, savedStep }) => id !== run.id && savedStep !== null);
  return (
    <>
      <SelectField
        label="Search"
        options={beams}
        value={draft.numBeams}
        onChange={(numBeams) => onChange({ ...draft, numBeams })}
      />
      <SelectField
        label="Length"
        options={[
          { value: '', label: `up to ${formatCount(usualTokens)} tokens, as trained` },
          ...lengths.map((count) => ({ value: String(count), label: `up to ${formatCount(count)} tokens` })),
        ]}
        value={draft.maxNewTokens}
        onChange={(maxNewTokens) => onChange({ ...draft, maxNewTokens })}
      />
      {others.length > 0 && (
        <SelectField
          label="Beside it"
          options={[
            { value: '', label: 'no other run' },
            ...others.map(({ id, name }) => ({ value: id, label: name })),
          ]}
          value={others.some(({ id }) => id === draft.otherId) ? draft.otherId : ''}
          onChange={(otherId) => onChange({ ...draft, otherId })}
        />
      )}
      <CheckField
        label="rationale"
        checked={draft.rationale}
        onChange={(rationale) => onChange({ ...draft, rationale })}
      />
    </>
  );
}
