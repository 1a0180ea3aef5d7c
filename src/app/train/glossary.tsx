import styles from './glossary.module.css';

const terms: readonly [term: string, meaning: string][] = [
  [
    'Teacher and student',
    'The teacher is a large model whose answers and reasons are in your files. The student is the small one that learns from them here.',
  ],
  [
    'Rationale',
    'The teacher’s reason for its answer. Learning to write it teaches the student more about each row than the answer alone, so fewer rows can be enough. It costs nothing when answering: then the student is asked for the answer only.',
  ],
  [
    'Answer loss',
    'How surprised the student is by the right answer, a mean over tokens. 0 means not at all.',
  ],
  [
    'Rationale loss',
    'The same for the rationale. It often ends higher: there are many ways to say a reason.',
  ],
  [
    'alpha',
    'How much the answer loss weighs in what is trained on; the rationale loss has the rest. 1 is answers alone.',
  ],
  ['Step', 'One batch of rows read and every weight moved a little.'],
];

/** The words of this screen, folded. */
export function Glossary() {
  return (
    <details className={styles['glossary']}>
      <summary>What do the losses, alpha and rationale mean?</summary>
      <dl className={styles['terms']}>
        {terms.map(([term, meaning]) => (
          <div key={term}>
            <dt>{term}</dt>
            <dd>{meaning}</dd>
          </div>
        ))}
      </dl>
    </details>
  );
}
