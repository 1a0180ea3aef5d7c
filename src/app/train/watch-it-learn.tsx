import { ChevronsRight } from 'lucide-react';
import { useId, useState } from 'react';
import { formatCount } from '../../base/units.ts';
import { isRight } from '../../distill/score.ts';
import type { OwnAnswer, WatchedMoment, WatchedQuestion } from '../../distill/watched.ts';
import type { RunRecord } from '../../store/records.ts';
import { PinButton } from '../parts/pin-button.tsx';
import { Button } from '../ui/button.tsx';
import { Verdict } from '../ui/verdict.tsx';
import { clipped, plural, shownText } from '../words.ts';
import { answerTrail } from './answer-trail.ts';
import styles from './watch-it-learn.module.css';

/** The same few test questions at each evaluation: the newest answers, or those of an earlier step. */
export function WatchItLearn({ run }: { run: RunRecord }) {
  const { questions, moments } = run.watched ?? { questions: [], moments: [] };
  // Null follows the newest.
  const [chosenStep, setChosenStep] = useState<number | null>(null);
  const id = useId();
  if (moments.length === 0) return null;
  const found = moments.findIndex(({ step }) => step === chosenStep);
  const index = found < 0 ? moments.length - 1 : found;
  const shown = moments[index]!;
  return (
    <section className={styles['watch']} aria-labelledby={id}>
      <header className={styles['head']}>
        <h2 id={id}>Watch it learn</h2>
        <p className={styles['what']}>
          {plural(questions.length, 'test question')}
          {shown.own !== undefined && ` and ${shown.own.length} of your own`}, asked again at each evaluation.
        </p>
        {moments.length > 1 && (
          <div className={styles['steps']}>
            <label className={styles['step']}>
              <span data-testid="watched-step">{stepWords(shown.step)}</span>
              <input
                type="range"
                aria-label="Step of the answers"
                aria-valuetext={stepWords(shown.step)}
                min={0}
                max={moments.length - 1}
                value={index}
                onChange={(event) => {
                  const chosen = moments[Number(event.target.value)]!;
                  setChosenStep(chosen === moments.at(-1) ? null : chosen.step);
                }}
              />
            </label>
            <Button
              kind="quiet"
              small
              icon={ChevronsRight}
              reason={found < 0 ? 'The newest answers are shown.' : null}
              onClick={() => setChosenStep(null)}
            >
              Newest
            </Button>
          </div>
        )}
      </header>
      <ul className={styles['questions']} translate="no">
        {questions.map((question, at) => (
          <QuestionItem
            key={question.row}
            question={question}
            shown={shown}
            before={moments.slice(0, index)}
            at={at}
          />
        ))}
        {shown.own?.map((spoken) => (
          <OwnQuestion key={spoken.question} run={run} spoken={spoken} before={moments.slice(0, index)} />
        ))}
      </ul>
    </section>
  );
}

function stepWords(step: number): string {
  return step === 0 ? 'before training' : `step ${formatCount(step)}`;
}

/** A question of one's own has no true answer: what it says, and what it said. */
function OwnQuestion({
  run,
  spoken,
  before,
}: {
  run: RunRecord;
  spoken: OwnAnswer;
  before: readonly WatchedMoment[];
}) {
  const said = before.flatMap(({ step, own = [] }) => {
    const then = own.find(({ question }) => question === spoken.question);
    return then === undefined ? [] : [{ step, answers: [then] }];
  });
  const earlier = answerTrail(said, 0);
  if (earlier.at(-1)?.answer === spoken.answer) earlier.pop();
  return (
    <li className={styles['question']}>
      <p className={styles['input']}>{clipped(spoken.question)}</p>
      <p className={styles['answer']} data-testid="own-answer">
        {shownText(spoken.answer)}
      </p>
      {spoken.rationale !== null && <p className={styles['rationale']}>{clipped(spoken.rationale)}</p>}
      {earlier.length > 0 && (
        <p className={styles['earlier']}>
          <span className={styles['earlier-name']}>earlier</span>
          {earlier.slice(-4).map(({ step, answer }) => (
            <span key={step} className={styles['mark']} title={`${stepWords(step)}: ${clipped(answer)}`}>
              <span className={styles['mark-answer']}>{shownText(answer)}</span>
              <span className={styles['mark-step']}>{step === 0 ? 'at 0' : `from ${formatCount(step)}`}</span>
            </span>
          ))}
        </p>
      )}
      <PinButton run={run} question={spoken.question} />
    </li>
  );
}

function QuestionItem({
  question,
  shown,
  before,
  at,
}: {
  question: WatchedQuestion;
  shown: WatchedMoment;
  /** Earlier moments. */
  before: readonly WatchedMoment[];
  at: number;
}) {
  const spoken = shown.answers[at];
  if (spoken === undefined) return null;
  const { input, label } = question;
  const right = isRight(spoken.answer, question);
  const earlier = answerTrail(before, at);
  // What it says still is no earlier answer.
  if (earlier.at(-1)?.answer === spoken.answer) earlier.pop();
  return (
    <li className={styles['question']}>
      <p className={styles['input']}>{clipped(input)}</p>
      <p className={styles['answer']} data-testid="watched-answer">
        <Verdict right={right} /> {shownText(spoken.answer)}
        {!right && <span className={styles['label']}>right: {clipped(label)}</span>}
      </p>
      {spoken.rationale !== null && (
        <p className={styles['rationale']}>
          <span className="visually-hidden">because: </span>
          {spoken.rationale === '' ? '(no rationale)' : clipped(spoken.rationale)}
        </p>
      )}
      {earlier.length > 0 && (
        <p className={styles['earlier']}>
          <span className={styles['earlier-name']}>earlier</span>
          {earlier.slice(-4).map(({ step, answer }) => (
            <span key={step} className={styles['mark']} title={`${stepWords(step)}: ${clipped(answer)}`}>
              <Verdict right={isRight(answer, question)} />
              <span className={styles['mark-answer']}>{shownText(answer)}</span>
              <span className={styles['mark-step']}>{step === 0 ? 'at 0' : `from ${formatCount(step)}`}</span>
            </span>
          ))}
        </p>
      )}
    </li>
  );
}
