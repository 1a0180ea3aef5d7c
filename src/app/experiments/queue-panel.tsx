import {
  ArrowDown,
  ArrowUp,
  Check,
  Circle,
  Pause,
  Play,
  RotateCcw,
  Square,
  Trash2,
  TriangleAlert,
  X,
} from 'lucide-react';
import { useEffect, useRef, useState } from 'react';
import { formatCount, formatDuration, formatPercent } from '../../base/units.ts';
import { shareOf } from '../../distill/score.ts';
import { countsOf, leftMs, type QueuedRun } from '../../experiment/queue.ts';
import type { ExperimentRecord } from '../../store/records.ts';
import { navigate } from '../routes.ts';
import { pauseObstacle } from '../actions/run-under-way.ts';
import { busyObstacle } from '../actions/start-training.ts';
import { studio } from '../state/studio.ts';
import { liveRun, useStudio } from '../state/studio-store.ts';
import { useRunWords } from '../state/use-run-words.ts';
import { Button } from '../ui/button.tsx';
import { classes } from '../ui/classes.ts';
import { Dialog } from '../ui/dialog.tsx';
import { Icon } from '../ui/icon.tsx';
import { Notice } from '../ui/notice.tsx';
import { Progress } from '../ui/progress.tsx';
import styles from './experiments.module.css';
import {
  haltExperiment,
  leaveOut,
  moveRun,
  removeExperiment,
  resumeExperiment,
  tryAgain,
  useLab,
} from './lab-store.ts';
import { variedWords } from './shown-plan.ts';
import { courseOf, type Course } from './standing.ts';

/** Waiting runs that are shown before somebody asks for all of them. */
const mostShown = 12;

/** What is trained now, what waits and what has ended. */
export function QueuePanel({ experiment }: { experiment: ExperimentRecord }) {
  const { id, runs, problem } = experiment;
  const live = useStudio(liveRun);
  const held = useLab((state) => state.held);
  const course = courseOf(experiment, live, held);
  const counts = countsOf(runs);
  const share = useShare(experiment);
  const left = leftMs(runs, share);
  return (
    <section className={styles['queue']} aria-labelledby="experiment-queue">
      <div className={styles['queue-head']}>
        <h2 id="experiment-queue">Queue</h2>
        <span className={styles['note']} data-testid="queue-counts">
          {formatCount(counts.ended)} done, {formatCount(counts.waiting + counts.atWork)} to go
          {counts.failed > 0 && `, ${formatCount(counts.failed)} failed`}
        </span>
      </div>
      <Progress
        label="Runs that have ended"
        worded={false}
        done={counts.ended + share}
        total={counts.total}
      />
      <p className={styles['note']} role="status" data-testid="experiment-course">
        {courseWords(course, left)}
      </p>
      {problem !== undefined && (
        <Notice kind="warning" title="The experiment waits">
          <p>{problem}</p>
        </Notice>
      )}
      <Controls experiment={experiment} course={course} />
      <Runs id={id} runs={runs} />
    </section>
  );
}

/** How much of the run at work is done, by its steps. */
function useShare({ id, runs }: ExperimentRecord): number {
  const atWork = runs.find(({ standing }) => standing.kind === 'at work')?.runId ?? null;
  return useStudio((state) => {
    const run = state.runs.find((one) => one.id === atWork);
    return run === undefined || run.experimentId !== id ? 0 : run.step / (run.recipe.steps + 1);
  });
}

function courseWords(course: Course, left: number | null): string {
  const time = left === null || left === 0 ? '' : `, about ${formatDuration(left)} to go`;
  switch (course.kind) {
    case 'here':
      if (course.paused) return 'Paused. It resumes where it is.';
      return course.ending
        ? 'It ends after this run; what is left can be resumed later.'
        : `At work${time}. It continues after a reload.`;
    case 'elsewhere':
      return `At work${time}, in another tab; this one watches.`;
    case 'unsure':
      return 'Looking whether it is still at work.';
    case 'paused':
      return 'Paused. What has ended is kept.';
    case 'broken off':
      return 'It was interrupted. The current run resumes from its last checkpoint.';
    case 'done':
      return 'All of its runs have ended.';
    default:
      return course satisfies never;
  }
}

function Controls({ experiment: { id, name }, course }: { experiment: ExperimentRecord; course: Course }) {
  const live = useStudio(liveRun);
  const busy = useStudio(busyObstacle);
  const [asks, setAsks] = useState(false);
  const resumes =
    course.kind === 'paused' || course.kind === 'broken off' || (course.kind === 'here' && course.paused);
  const isHere = course.kind === 'here';
  return (
    <div className={styles['actions']}>
      {(resumes || isHere) && (
        // One button under two names, so that it keeps the focus.
        <Button
          kind={resumes ? 'primary' : 'plain'}
          icon={resumes ? Play : Pause}
          reason={isHere ? (resumes || live === null ? null : pauseObstacle(live.state)) : busy}
          onClick={() => void (resumes ? resumeExperiment(id) : haltExperiment(id, 'pause'))}
        >
          {resumes ? 'Resume the experiment' : 'Pause the experiment'}
        </Button>
      )}
      {isHere && !course.paused && (
        <Button
          icon={course.ending ? Play : Square}
          onClick={() => void (course.ending ? resumeExperiment(id) : haltExperiment(id, 'after this run'))}
        >
          {course.ending ? 'Go on after this run' : 'Stop after this run'}
        </Button>
      )}
      {!isHere && course.kind !== 'elsewhere' && course.kind !== 'unsure' && (
        <Button small kind="quiet" icon={Trash2} onClick={() => setAsks(true)}>
          Remove
        </Button>
      )}
      {asks && (
        <Dialog
          title={`Remove ${name}?`}
          onClose={() => setAsks(false)}
          confirm={{ label: 'Remove it', act: () => void removeExperiment(id) }}
        >
          <p>Its queue and its results go, and that cannot be undone. Its runs stay under Runs.</p>
        </Dialog>
      )}
    </div>
  );
}

function Runs({ id, runs }: { id: string; runs: readonly QueuedRun[] }) {
  const [all, setAll] = useState(false);
  // What was moved keeps the focus, wherever it went.
  const list = useRef<HTMLDivElement>(null);
  const [movedTo, setMovedTo] = useState<{ name: string; button: string } | null>(null);
  useEffect(() => {
    if (movedTo === null) return;
    const row = [...(list.current?.querySelectorAll('li') ?? [])].find(
      (one) => one.dataset['name'] === movedTo.name,
    );
    row?.querySelector<HTMLElement>(`[aria-label^="${movedTo.button}"]`)?.focus();
  }, [movedTo, runs]);
  const open = runs.filter(({ standing }) => standing.kind === 'at work' || standing.kind === 'waiting');
  const ended = runs.filter(({ standing }) => standing.kind === 'ended' || standing.kind === 'failed');
  const shown = all ? open : open.slice(0, mostShown);
  const move = (name: string, by: number): void => {
    void moveRun(id, name, by).then(() => setMovedTo({ name, button: by < 0 ? 'Move up' : 'Move down' }));
  };
  return (
    <div ref={list}>
      {ended.length > 0 && (
        <ul className={styles['runs']} aria-label="Ended">
          {ended.map((run) => (
            <RunLine key={run.name} id={id} run={run} onMove={move} />
          ))}
        </ul>
      )}
      {shown.length > 0 && (
        <ul className={styles['runs']} aria-label="To go">
          {shown.map((run) => (
            <RunLine key={run.name} id={id} run={run} onMove={move} />
          ))}
        </ul>
      )}
      {shown.length < open.length && (
        <Button small kind="quiet" onClick={() => setAll(true)}>
          {`${formatCount(open.length - shown.length)} more wait`}
        </Button>
      )}
    </div>
  );
}

const marks = { ended: Check, failed: TriangleAlert, 'at work': Circle, waiting: null } as const;

function RunLine({
  id,
  run: { name, varied, runId, standing },
  onMove,
}: {
  id: string;
  run: QueuedRun;
  onMove: (name: string, by: number) => void;
}) {
  const students = useStudio((state) => state.students);
  const record = useStudio((state) => state.runs.find((run) => run.id === runId) ?? null);
  const { words: stateWords } = useRunWords(standing.kind === 'at work' ? record : null);
  const words = variedWords(varied, students);
  const mark = marks[standing.kind];
  return (
    <li className={classes(styles['run'], styles[standing.kind.replace(' ', '-')])} data-name={name}>
      <span className={styles['mark']}>{mark !== null && <Icon of={mark} size={14} />}</span>
      {record === null ? (
        <span className={styles['words']}>{words}</span>
      ) : (
        <button
          type="button"
          className={classes(styles['words'], styles['open'])}
          onClick={() => {
            void studio.selectRun(record.id);
            navigate('train');
          }}
        >
          {words}
        </button>
      )}
      {standing.kind === 'ended' && (
        <span className={styles['share']}>{formatPercent(shareOf(standing.accuracy.distilled), 1)}</span>
      )}
      {standing.kind === 'at work' && <span className={styles['quiet']}>{stateWords || 'next'}</span>}
      {standing.kind === 'waiting' && (
        <span className={styles['buttons']}>
          <IconButton of={ArrowUp} label={`Move up: ${words}`} act={() => onMove(name, -1)} />
          <IconButton of={ArrowDown} label={`Move down: ${words}`} act={() => onMove(name, 1)} />
          <IconButton of={X} label={`Leave out: ${words}`} act={() => void leaveOut(id, name)} />
        </span>
      )}
      {standing.kind === 'failed' && (
        <>
          <span className={styles['buttons']}>
            <IconButton of={RotateCcw} label={`Try again: ${words}`} act={() => void tryAgain(id, name)} />
            <IconButton of={X} label={`Leave out: ${words}`} act={() => void leaveOut(id, name)} />
          </span>
          <span className={styles['failure']}>
            It failed: {standing.words}
            {standing.beginsAgain && ' Trying again begins another run with step 1. This one stays in Runs.'}
          </span>
        </>
      )}
    </li>
  );
}

function IconButton({ of, label, act }: { of: typeof X; label: string; act: () => void }) {
  return (
    <button type="button" className={styles['icon-button']} aria-label={label} title={label} onClick={act}>
      <Icon of={of} size={14} />
    </button>
  );
}
