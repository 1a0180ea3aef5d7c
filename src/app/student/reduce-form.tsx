import { Minimize2, Square } from 'lucide-react';
import { useState } from 'react';
import { formatBytes, formatCount, formatParameters, formatPercent } from '../../base/units.ts';
import type { StudentRecord } from '../../store/records.ts';
import type { T5Config } from '../../student/config.ts';
import type { ReductionWishes } from '../../worker/protocol.ts';
import { studio } from '../state/studio.ts';
import { currentDataset, liveRun, useStudio } from '../state/studio-store.ts';
import { Button } from '../ui/button.tsx';
import { CheckField } from '../ui/check-field.tsx';
import { NumberField, SelectField } from '../ui/field.tsx';
import { ErrorNotice } from '../ui/notice.tsx';
import { Progress } from '../ui/progress.tsx';
import {
  emptyReduction,
  hasLargeVocabulary,
  offeredReduction,
  readReduction,
  reducedSize,
  type ReductionDraft,
} from './reduction-draft.ts';
import styles from './reduce.module.css';

const precisions: readonly { value: ReductionDraft['dtype']; label: string }[] = [
  { value: '', label: 'as it is stored' },
  { value: 'f32', label: 'f32, full' },
  { value: 'f16', label: 'f16, half' },
  { value: 'bf16', label: 'bf16, half, any magnitude' },
];

/** What to leave out of the student. The whole student stays as it is. */
export function ReduceForm({ student }: { student: StudentRecord }) {
  const [draft, setDraft] = useState(() => offeredReduction(student));
  const dataset = useStudio(currentDataset);
  const live = useStudio(liveRun);
  const request = useStudio((state) => state.requests.reduce);
  const hasRows = dataset?.splits.train !== null && dataset !== null;
  const { wishes, errors, obstacle } = readReduction(draft, student, hasRows);
  const change = (part: Partial<ReductionDraft>) => setDraft({ ...draft, ...part });
  const { num_layers, num_decoder_layers, vocab_size } = student.config;
  const busy = request.busy ? 'A student is being reduced.' : null;
  const training = live === null ? null : 'A run is at work: stop it, or wait for its end.';
  return (
    <section className={styles['reduce']} aria-label="Reduce the student">
      <h2>Reduce</h2>
      <p className={styles['words']}>
        Most of a small T5 is rows for words that a task never uses. A smaller copy is made and taken into
        use; {student.name} stays as it is.
      </p>
      {hasLargeVocabulary(student) && (
        <p className={styles['words']} data-testid="large-vocabulary">
          This one has {formatCount(vocab_size)} pieces, for many languages: its embeddings alone are{' '}
          {formatPercent(embeddingShare(student.config, student.parameters), 0)} of its parameters. With the
          pieces that your rows use it can be trained here.
        </p>
      )}
      <div className={styles['fields']}>
        <CheckField
          label="Fewer pieces"
          meaning="Keeps what the rows use, special pieces and single characters."
          checked={draft.vocabulary}
          onChange={(vocabulary) => change({ vocabulary })}
        />
        {draft.vocabulary && (
          <>
            <NumberField
              label="Vocabulary size"
              meaning={`Filled up with the most frequent; of ${formatCount(vocab_size)}. Empty: only what is needed.`}
              unit="pieces"
              placeholder="needed"
              error={errors.size}
              value={draft.size}
              onChange={(size) => change({ size })}
            />
            <CheckField
              label="Drop rare pieces"
              meaning="The size wins over the rows: their rarest words are spelled with shorter pieces."
              checked={draft.dropRare}
              onChange={(dropRare) => change({ dropRare })}
            />
          </>
        )}
        <NumberField
          label="Encoder layers"
          meaning="How many, evenly spaced with the first and the last, or which (0,2,5)."
          unit={`of ${num_layers}`}
          placeholder="all"
          error={errors.encoder}
          value={draft.encoder}
          onChange={(encoder) => change({ encoder })}
        />
        <NumberField
          label="Decoder layers"
          meaning="Likewise."
          unit={`of ${num_decoder_layers}`}
          placeholder="all"
          error={errors.decoder}
          value={draft.decoder}
          onChange={(decoder) => change({ decoder })}
        />
        <SelectField
          label="Precision"
          meaning="Of the stored weights; training is always in f32."
          options={precisions}
          value={draft.dtype}
          onChange={(value) => change({ dtype: precisions.find((one) => one.value === value)?.value ?? '' })}
        />
      </div>
      {wishes !== null && <ReducedSize student={student} wishes={wishes} />}
      <div className={styles['actions']}>
        <Button
          icon={Minimize2}
          reason={busy ?? training ?? obstacle}
          onClick={() => {
            if (wishes === null) return;
            setDraft(emptyReduction);
            void studio.reduceStudent(wishes);
          }}
        >
          Make the smaller student
        </Button>
        {(busy ?? training ?? obstacle) !== null && !request.busy && (
          <p className={styles['obstacle']}>{training ?? obstacle}</p>
        )}
        {request.busy && (
          <Button icon={Square} onClick={() => studio.cancel('reduce')}>
            Stop
          </Button>
        )}
      </div>
      {request.busy && (
        <Progress
          label={request.progress?.what ?? 'opening the student'}
          done={request.progress?.done ?? 0}
          total={request.progress?.total ?? 0}
        />
      )}
      {request.error && <ErrorNotice error={request.error} onDismiss={() => studio.dismiss('reduce')} />}
    </section>
  );
}

/** What will come of it, before it is made. */
function ReducedSize({ student, wishes }: { student: StudentRecord; wishes: ReductionWishes }) {
  const { parameters, sizeBytes, isAtMost } = reducedSize(student, wishes);
  if (!isAtMost && parameters === student.parameters && sizeBytes === student.sizeBytes) return null;
  return (
    <p className={styles['words']} data-testid="reduced-size">
      Now {formatParameters(student.parameters)} parameters, {formatBytes(student.sizeBytes)}. The smaller
      student has {isAtMost && 'at most '}
      <strong>
        {formatParameters(parameters)} parameters, {formatBytes(sizeBytes)}
      </strong>
      {isAtMost && ': how many pieces the rows need is counted when it is made'}.
    </p>
  );
}

/** Of all parameters, those in rows for pieces. */
function embeddingShare({ vocab_size, d_model, tie_word_embeddings }: T5Config, parameters: number): number {
  return (vocab_size * d_model * (tie_word_embeddings ? 1 : 2)) / parameters;
}
