import { formatCount } from '../../base/units.ts';
import type { Example } from '../../data/example.ts';
import { isCorrect } from '../../distill/score.ts';
import { Verdict } from '../ui/verdict.tsx';
import { clipped } from '../words.ts';
import styles from './example-card.module.css';

/** One row: what is asked, what is true, and what the teacher said and why. */
export function ExampleCard({ example }: { example: Example }) {
  const { choices, label } = example;
  return (
    <article className={styles['card']} aria-label={`Row ${formatCount(example.row + 1)}`}>
      <p className={styles['head']}>
        <span className={styles['number']}>{formatCount(example.row + 1)}</span>
        {example.teacherLabel !== null && <TeacherLabel teacherLabel={example.teacherLabel} label={label} />}
      </p>
      <p className={styles['question']}>{clipped(example.question ?? example.input)}</p>
      {choices === null ? (
        <p className={styles['choices']}>
          <span>true answer: </span>
          <strong className={styles['true']}>{clipped(label)}</strong>
        </p>
      ) : (
        <Choices choices={choices} label={label} />
      )}
      {example.rationale !== null && <p className={styles['rationale']}>{clipped(example.rationale)}</p>}
    </article>
  );
}

function TeacherLabel({ teacherLabel, label }: { teacherLabel: string; label: string }) {
  const right = isCorrect(teacherLabel, label);
  const caseOnly = !right && teacherLabel.toLowerCase() === label.toLowerCase();
  return (
    <span>
      <Verdict right={right} />
      {teacherLabel.trim() === '' ? 'teacher says nothing' : `teacher says ${clipped(teacherLabel)}`}
      {caseOnly && ' (right but for upper and lower case)'}
    </span>
  );
}

function Choices({ choices, label }: { choices: readonly string[]; label: string }) {
  return (
    <p className={styles['choices']}>
      {choices.map((choice, index) => (
        <span key={index}>
          {index > 0 && <span aria-hidden="true"> · </span>}
          {choice === label ? (
            <strong className={styles['true']}>
              <span className="visually-hidden">true answer: </span>
              {clipped(choice)}
            </strong>
          ) : (
            clipped(choice)
          )}
        </span>
      ))}
      {!choices.includes(label) && (
        <span>
          {' '}
          · true answer: <strong className={styles['true']}>{clipped(label)}</strong>
        </span>
      )}
    </p>
  );
}
