import { useEffect, useRef, useState } from 'react';
import { formatCount, formatDuration } from '../../base/units.ts';
import { verdictOf, type DeskRow, type Doubt } from '../../desk/judge.ts';
import { choicesOf } from '../../teacher/prompt.ts';
import { Button } from '../ui/button.tsx';
import { classes } from '../ui/classes.ts';
import { SelectField, TextField } from '../ui/field.tsx';
import { Verdict } from '../ui/verdict.tsx';
import { teacherDesk } from './teacher-desk.ts';
import { clipped } from '../words.ts';
import styles from './answer-row.module.css';

const doubtWords: Readonly<Record<Doubt, string>> = {
  unread: '',
  wrong: '',
  'no-reason': 'gives no reason',
  'two-choices': 'its reason names two choices',
  'few-shared-words': 'shares no word with its question',
  'split-vote': 'its answers disagree',
  long: 'long',
  short: 'short',
};

interface Props {
  one: DeskRow;
  /** Rows change in place; this says when. */
  version: number;
  doubts: readonly Doubt[];
  votes: number;
  /** What other teachers said. */
  others: readonly { name: string; label: string }[];
  active: boolean;
  editing: boolean;
  onOpen: () => void;
  onEdit: (open: boolean) => void;
  onNext: () => void;
}

/** One answer: what is asked, what is true, what the teacher said and why, and what a person made of it. */
export function AnswerRow({ one, doubts, votes, others, active, editing, onOpen, onEdit, onNext }: Props) {
  const { row, said, given, mark } = one;
  const read = said?.read?.ok === true ? said.read : null;
  const rationale = mark?.kind === 'edited' ? mark.rationale : (read?.rationale ?? null);
  const why = said?.givenUp ?? (said?.read?.ok === false ? said.read.why : null);
  const more = doubts.map((doubt) => doubtWords[doubt]).filter((words) => words !== '');
  const number = formatCount(row.row + 1);
  return (
    <article
      className={classes(styles['row'], active && styles['active'])}
      aria-label={`Row ${number}`}
      aria-current={active || undefined}
    >
      <p className={styles['head']}>
        <button
          type="button"
          className={styles['number']}
          onClick={onOpen}
          aria-label={`Choose row ${number}`}
        >
          {number}
        </button>
        {read !== null && (
          <span>
            <Verdict right={verdictOf(one) === 'right'} /> says {clipped(read.label)}
          </span>
        )}
        {why !== null && <span className={styles['unread']}>not read: {why}</span>}
        {votes > 1 && read !== null && (
          <span>
            {formatCount(said!.agreeing)} of {formatCount(votes)}
          </span>
        )}
        {more.map((words) => (
          <span key={words}>{words}</span>
        ))}
        {others.map(({ name, label }) => (
          <span key={name} className={styles['other']}>
            {name} says {label}
          </span>
        ))}
        {mark !== null && <strong>{mark.kind}</strong>}
        {said?.answer && (
          <span className={styles['facts']}>
            {said.answer.usage && `${formatCount(said.answer.usage.output)} tokens · `}
            {formatDuration(said.answer.elapsedMs)}
          </span>
        )}
      </p>
      <div translate="no">
        <p className={styles['question']}>{row.question ?? row.input}</p>
        <p className={styles['true']}>
          true answer: <strong>{row.label}</strong>
        </p>
        {editing ? (
          <Edit one={one} onEdit={onEdit} onNext={onNext} />
        ) : (
          rationale !== null && <p className={styles['rationale']}>{clipped(rationale)}</p>
        )}
        {why !== null && said?.answer && <p className={styles['raw']}>{said.answer.text.slice(0, 600)}</p>}
        {given?.read?.ok && (
          <p className={styles['rationale']}>
            <span className={styles['marked']}>with the label given: </span>
            {clipped(given.read.rationale ?? '')}
          </p>
        )}
        {mark?.kind === 'edited' && !editing && said?.answer && (
          <p className={styles['raw']}>The teacher said: “{said.answer.text.slice(0, 300)}”</p>
        )}
      </div>
      {active && !editing && said?.answer && (
        <p className={styles['buttons']}>
          <MarkButton one={one} kind="accepted" words="Accept" />
          <MarkButton one={one} kind="rejected" words="Reject" />
          <Button small onClick={() => onEdit(true)}>
            Edit
          </Button>
        </p>
      )}
    </article>
  );
}

function MarkButton({
  one: { row, mark },
  kind,
  words,
}: {
  one: DeskRow;
  kind: 'accepted' | 'rejected';
  words: string;
}) {
  const isMarked = mark?.kind === kind;
  return (
    <Button small onClick={() => void teacherDesk.mark(row.row, isMarked ? null : { kind })}>
      {isMarked ? `Take back: ${kind}` : words}
    </Button>
  );
}

/** The reason by hand. The teacher's own words are kept beside it. */
function Edit({
  one: { row, said, mark },
  onEdit,
  onNext,
}: {
  one: DeskRow;
  onEdit: (open: boolean) => void;
  onNext: () => void;
}) {
  const read = said?.read?.ok === true ? said.read : null;
  const [rationale, setRationale] = useState(
    mark?.kind === 'edited' ? mark.rationale : (read?.rationale ?? ''),
  );
  const [label, setLabel] = useState(mark?.kind === 'edited' ? mark.label : row.label);
  const form = useRef<HTMLDivElement>(null);
  const choices = choicesOf(row);
  useEffect(() => {
    form.current?.querySelector('textarea')?.focus();
  }, []);
  const keep = (): void => {
    if (rationale.trim() === '') return;
    void teacherDesk.mark(row.row, { kind: 'edited', label, rationale: rationale.trim() });
    onEdit(false);
  };
  return (
    // Keys of the fields inside: Ctrl+Enter keeps, Escape leaves.
    // eslint-disable-next-line jsx-a11y/no-static-element-interactions
    <div
      ref={form}
      className={styles['edit']}
      onKeyDown={(event) => {
        if (event.key === 'Escape') onEdit(false);
        else if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) {
          keep();
          onNext();
        } else return;
        event.stopPropagation();
      }}
    >
      <TextField label="Reason" lines={3} value={rationale} onChange={setRationale} />
      {choices === null ? (
        <TextField label="Label" value={label} onChange={setLabel} />
      ) : (
        <SelectField
          label="Label"
          value={label}
          options={[...new Set([...choices, label])].map((choice) => ({ value: choice, label: choice }))}
          onChange={setLabel}
        />
      )}
      <p className={styles['buttons']}>
        <Button
          small
          kind="primary"
          reason={rationale.trim() === '' ? 'Write a reason first.' : null}
          onClick={keep}
        >
          Keep mine
        </Button>
        <Button small onClick={() => onEdit(false)}>
          Leave it
        </Button>
      </p>
    </div>
  );
}
