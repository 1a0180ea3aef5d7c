import { glossary } from './glossary.ts';
import styles from './explanations.module.css';

/** Under the curves: what they are of, what alpha does to them, why a rationale helps, and the words that are used. */
export function Explanations() {
  return (
    <section className={styles['explanations']} aria-label="What this means">
      <div className={styles['columns']}>
        <div>
          <h2 className={styles['title']}>The two losses</h2>
          <p>
            The student learns two tasks from each row: to give the <em>answer</em>, and to write the
            teacher’s <em>rationale</em>. Each loss says how surprised it still is by the right next token:
            lower is better, 0 is certain. Falling curves mean that it learns.
          </p>
        </div>
        <div>
          <h2 className={styles['title']}>Alpha</h2>
          <p>
            Alpha weighs them: loss = alpha × answer + (1 − alpha) × rationale. At 1 only answers count; at 0
            only rationales. Rationales are long and answers short, so that a low alpha is often right.
          </p>
        </div>
        <div>
          <h2 className={styles['title']}>Why a rationale helps</h2>
          <p>
            A label says what is right, a rationale says why. Learning both, a small student needs fewer rows
            for the same accuracy. Later it is asked for the answer alone, which costs nothing more.
          </p>
        </div>
      </div>
      <details className={styles['glossary']}>
        <summary>Glossary</summary>
        <dl className={styles['words']}>
          {glossary.map(({ word, meaning }) => (
            <div key={word}>
              <dt>{word}</dt>
              <dd>{meaning}</dd>
            </div>
          ))}
        </dl>
      </details>
    </section>
  );
}
