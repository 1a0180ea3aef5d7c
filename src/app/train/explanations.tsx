import styles from './explanations.module.css';

/** The studio's words, each in a sentence; in the order of the work. */
const glossary: readonly { word: string; meaning: string }[] = [
  { word: 'Distilling', meaning: 'Teaching a small model what a large one knows of one task.' },
  { word: 'Teacher', meaning: 'The large model that wrote the rationales. It does not run here.' },
  { word: 'Student', meaning: 'The small model that learns: a T5, which reads a text and writes one.' },
  { word: 'Row', meaning: 'One example: an input, its label and, where the teacher wrote one, a rationale.' },
  { word: 'Label', meaning: 'The answer of a row: gold where it is known to be true, or by the teacher.' },
  { word: 'Rationale', meaning: 'What the teacher wrote to explain its answer.' },
  { word: 'Token', meaning: 'A piece of a word; the student reads and writes these.' },
  { word: 'Step', meaning: 'One look at a batch of rows, after which all weights change a little.' },
  { word: 'Batch', meaning: 'The rows of one step.' },
  {
    word: 'Loss',
    meaning: 'How wrong the student is about the next token: the mean of −ln p. Lower is better.',
  },
  { word: 'Alpha', meaning: 'The share of the answer’s loss; the rationale’s has the rest.' },
  { word: 'Learning rate', meaning: 'How far the weights may move in a step.' },
  { word: 'Accuracy', meaning: 'The share of test rows that are answered exactly as their label.' },
  { word: 'Base', meaning: 'The student before distilling.' },
  { word: 'Recipe', meaning: 'Every setting of a run. The same recipe, seed and rows make the same run.' },
  { word: 'Checkpoint', meaning: 'The weights as they were at a step, kept so that a run can resume.' },
];

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
