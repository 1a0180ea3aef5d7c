import { useEffect, useRef, useState } from 'react';
import { ArrowRight, Check, Download, Pause, Play, Square } from 'lucide-react';
import { formatCount } from '../../base/units.ts';
import { countRows } from '../../desk/judge.ts';
import { templateProblem } from '../../desk/setup.ts';
import type { DatasetRecord } from '../../store/records.ts';
import { saveFile } from '../download.ts';
import { ScreenHead } from '../frame/screen-head.tsx';
import { bindingOf } from '../keys/keys.ts';
import { useKeys } from '../keys/use-keys.ts';
import { hashOf } from '../routes.ts';
import { currentDataset, useStudio } from '../state/studio-store.ts';
import { useTeacher } from '../state/teacher-store.ts';
import { studio } from '../state/studio.ts';
import { TellAtEnd } from '../parts/tell-at-end.tsx';
import { Button, LinkButton } from '../ui/button.tsx';
import { EmptyState } from '../ui/empty-state.tsx';
import { ErrorNotice, Notice } from '../ui/notice.tsx';
import { plural } from '../words.ts';
import { Answers } from './answers.tsx';
import { ByFile } from './by-file.tsx';
import { Prompt } from './prompt.tsx';
import { RunFigures } from './run-figures.tsx';
import { SetupForm } from './setup-form.tsx';
import { teacherDesk } from './teacher-desk.ts';
import styles from './teacher.module.css';

/** Rows that are tried before all are asked: enough to see what comes back, and what it costs. */
const tried = 5;

/** Reasons for rows that have none, from a teacher that is asked here. */
export function TeacherScreen() {
  const dataset = useStudio(currentDataset);
  if (dataset?.splits.train) return <DeskOf key={dataset.id} dataset={dataset} />;
  return (
    <>
      <ScreenHead station="Teacher" />
      <EmptyState
        picture={<p className="serif">A kettle boils water, so the answer is kitchen.</p>}
        action={
          <LinkButton kind="primary" icon={ArrowRight} href={hashOf('data')}>
            To the rows
          </LinkButton>
        }
      >
        A teacher is asked for the reasons of training rows, and there are none yet.
      </EmptyState>
    </>
  );
}

function DeskOf({ dataset }: { dataset: DatasetRecord }) {
  const phase = useTeacher((state) => state.phase);
  const setup = useTeacher((state) => state.setup);
  const opened = useTeacher((state) => state.datasetId);
  const error = useTeacher((state) => state.error);
  const ended = useTeacher((state) => state.ended);
  const told = useTeacher((state) => state.told);
  const failed = useStudio((state) => state.requests.data.error);
  const key = useRef<HTMLInputElement>(null);
  const stamp = dataset.splits.train;
  const training = useStudio((state) => state.liveRunId !== null);
  // Records are read again and again; the rows changed only where this did.
  const rowsAre = JSON.stringify([dataset.files.map(({ id }) => id), stamp?.rows, stamp?.rationales]);
  useEffect(() => {
    void teacherDesk.open(dataset.id);
  }, [dataset.id, rowsAre]);

  /** The key, once: from here on it is the frame's. */
  const takeKey = (): string => {
    const typed = key.current?.value ?? '';
    if (key.current !== null) key.current.value = '';
    return typed;
  };
  const isOpen = setup !== null && opened === dataset.id;
  const asking = phase === 'asking' || phase === 'pausing';
  const actions = isOpen && <Actions dataset={dataset} takeKey={takeKey} />;
  useKeys(asking && !training ? { 'pause-asking': () => teacherDesk.pause() } : {});
  return (
    <>
      <ScreenHead station="Teacher" actions={actions}>
        <p>{gist(dataset)}</p>
      </ScreenHead>
      {/* The head belongs to a run that trains meanwhile. */}
      {training && <div className={styles['buttons']}>{actions}</div>}
      {error && <ErrorNotice error={error} onDismiss={() => teacherDesk.dismiss()} />}
      {failed && <ErrorNotice error={failed} onDismiss={() => studio.dismiss('data')} />}
      {ended !== null && (
        <Notice kind="warning">
          <p role="status">{ended}</p>
        </Notice>
      )}
      {told.length > 0 && (
        <ul className={styles['told']} aria-label="Notes">
          {told.map((words, index) => (
            <li key={index}>{words}</li>
          ))}
        </ul>
      )}
      {!isOpen && <p className="quiet">Opening what was asked …</p>}
      {isOpen && !asking && <SetupForm setup={setup} keyField={key} takeKey={takeKey} />}
      {isOpen && !asking && setup.where === 'file' && <ByFile rows={stamp?.rows ?? 0} />}
      {asking && <TellAtEnd />}
      {isOpen && <RunFigures setup={setup} takeKey={takeKey} />}
      {isOpen && (
        <div className={styles['columns']}>
          <Prompt setup={setup} datasetId={dataset.id} />
          <Answers setup={setup} />
        </div>
      )}
    </>
  );
}

function gist(dataset: DatasetRecord): string {
  const { rows = 0, rationales = 0 } = dataset.splits.train ?? {};
  const without = rows - rationales;
  return without === 0
    ? `all ${plural(rows, 'training row')} have a reason: no teacher is needed`
    : `${formatCount(without)} of ${plural(rows, 'training row')} have no reason`;
}

/** What can be done now, the likeliest last and in copper. */
function Actions({ dataset, takeKey }: { dataset: DatasetRecord; takeKey: () => string }) {
  const phase = useTeacher((state) => state.phase);
  const setup = useTeacher((state) => state.setup);
  const stored = useTeacher((state) => state.stored);
  const tab = useTeacher((state) => state.tab.phase);
  const [taken, setTaken] = useState(-1);
  const all = dataset.splits.train?.rows ?? 0;
  const counts = countRows(useTeacher((state) => state.rows));
  const version = useTeacher((state) => state.version);
  if (phase === 'asking' || phase === 'pausing') {
    return (
      <>
        <Button
          icon={Pause}
          shortcut={bindingOf('pause-asking')}
          reason={phase === 'pausing' ? 'It waits for the answers in flight.' : null}
          onClick={() => teacherDesk.pause()}
        >
          {phase === 'pausing' ? 'Pausing …' : 'Pause'}
        </Button>
        <Button icon={Square} onClick={() => teacherDesk.stop()}>
          Stop and keep
        </Button>
      </>
    );
  }
  const open = teacherDesk.openRows({ pass: 'first', rows: all });
  const openTried = teacherDesk.openRows({ pass: 'first', rows: tried });
  const unasked = setup === null ? null : templateProblem(setup.template);
  const isClosed = setup?.where === 'tab' && tab !== 'open';
  const busy =
    phase !== 'ready'
      ? 'The teacher is being looked up.'
      : isClosed
        ? 'Choose the model’s folder first.'
        : unasked === null
          ? null
          : `The question’s template: ${unasked}`;
  const usable = counts.all > 0;
  // The rows came with reasons: the way leads on, and asking again is a choice.
  const came = !usable && stored === 0 && all > 0 && (dataset.splits.train?.rationales ?? 0) >= all;
  return (
    <>
      {usable && (
        <Button
          icon={Download}
          onClick={() => saveFile('rationales_train.json', teacherDesk.authorsFile(), 'application/jsonl')}
        >
          Save the reasons
        </Button>
      )}
      {setup?.where !== 'file' && openTried > 0 && all > tried && (
        <Button
          icon={Play}
          reason={busy}
          onClick={() => void teacherDesk.ask({ pass: 'first', rows: tried }, takeKey())}
        >
          Try {tried} rows
        </Button>
      )}
      {usable && (
        <Button
          icon={Check}
          kind={open === 0 || setup?.where === 'file' ? 'primary' : 'plain'}
          reason={taken === version ? 'The dataset has them.' : busy}
          onClick={() => void teacherDesk.useReasons().then(() => setTaken(version))}
        >
          Use these reasons
        </Button>
      )}
      {setup?.where !== 'file' && open > 0 && (
        <Button
          icon={ArrowRight}
          kind={came ? 'plain' : 'primary'}
          reason={busy}
          onClick={() => void teacherDesk.ask({ pass: 'first', rows: all }, takeKey())}
        >
          {stored > 0 && open < all
            ? `Continue with ${formatCount(open)} rows`
            : `Ask ${plural(open, 'row')}${came ? ' again' : ''}`}
        </Button>
      )}
      {came && (
        <LinkButton kind="primary" icon={ArrowRight} href={hashOf('student')}>
          To the student
        </LinkButton>
      )}
    </>
  );
}
