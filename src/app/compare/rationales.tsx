import { useEffect, useState } from 'react';
import type { Prediction } from '../../distill/run-state.ts';
import type { MarkedTexts, Piece } from './rationale-diff.ts';
import { clipped } from '../words.ts';
import styles from './rationales.module.css';

/** The teacher's rationale and the student's side by side, the words that only one of them has marked. */
export function Rationales({ prediction }: { prediction: Prediction }) {
  const [teacher, student] = [shown(prediction.teacherRationale), shown(prediction.rationale)];
  const marked = useMarked(teacher, student);
  return (
    <>
      <dl className={styles['rationales']}>
        <div>
          <dt className={styles['teacher']}>teacher</dt>
          <dd>
            {teacher === null ? (
              <span className={styles['nothing']}>wrote no rationale</span>
            ) : (
              <Marked text={teacher} pieces={marked?.first} className={styles['of-teacher']} />
            )}
          </dd>
        </div>
        <div>
          <dt className={styles['student']}>distilled student</dt>
          <dd>
            {student === null ? (
              <span className={styles['nothing']}>was not taught to explain</span>
            ) : student === '' ? (
              <span className={styles['nothing']}>(empty)</span>
            ) : (
              <Marked text={student} pieces={marked?.second} className={styles['of-student']} />
            )}
          </dd>
        </div>
      </dl>
      {marked && <p className={styles['said']}>{differenceWords(marked)}</p>}
      {student !== null && (
        <p className={styles['said']}>
          The student is asked for its answer and for its reasons apart: the two may disagree.
        </p>
      )}
    </>
  );
}

function shown(text: string | null): string | null {
  return text === null ? null : clipped(text);
}

function differenceWords({ firstWords, secondWords }: MarkedTexts): string {
  if (firstWords + secondWords === 0) return 'The same words.';
  const words = (count: number): string => `${count} ${count === 1 ? 'word' : 'words'}`;
  return `Marked: ${words(firstWords)} only the teacher has, ${words(secondWords)} only the student has.`;
}

function Marked({
  text,
  pieces,
  className,
}: {
  text: string;
  pieces: readonly Piece[] | undefined;
  className: string | undefined;
}) {
  if (pieces === undefined) return <span translate="no">{text}</span>;
  return (
    <span translate="no">
      {pieces.map((piece, index) =>
        piece.differs ? (
          // Pieces never change places: they are made again with their text.
          <mark key={index} className={className}>
            {piece.text}
          </mark>
        ) : (
          piece.text
        ),
      )}
    </span>
  );
}

/** Null until the comparison of texts was loaded, and where there are not two texts. */
function useMarked(first: string | null, second: string | null): MarkedTexts | null {
  const [marked, setMarked] = useState<MarkedTexts | null>(null);
  useEffect(() => {
    if (first === null || second === null || second === '') return;
    let current = true;
    import('./rationale-diff.ts').then(
      ({ markDifferences }) => {
        if (current) setMarked(markDifferences(first, second));
      },
      // Without it the texts still stand side by side.
      () => undefined,
    );
    return () => {
      current = false;
    };
  }, [first, second]);
  return marked;
}
