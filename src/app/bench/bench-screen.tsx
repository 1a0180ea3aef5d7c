import { Copy, Gauge, Square } from 'lucide-react';
import { useState } from 'react';
import { EngineError } from '../../base/errors.ts';
import type { BenchReport } from '../../worker/protocol.ts';
import { ScreenHead } from '../frame/screen-head.tsx';
import { studio } from '../state/studio.ts';
import { liveRun, useStudio } from '../state/studio-store.ts';
import { Button } from '../ui/button.tsx';
import { ErrorNotice, Notice } from '../ui/notice.tsx';
import { Progress } from '../ui/progress.tsx';
import { benchMarkdown, engineNames, machineLine } from './bench-words.ts';
import styles from './bench-screen.module.css';
import { BenchTable } from './bench-table.tsx';
import { benchIssue } from './bench-issue.ts';

/** How fast each engine of this browser trains and generates; a table to take along. */
export function BenchScreen() {
  const report = useStudio((state) => state.bench);
  const machine = useStudio((state) => state.machine);
  const { busy, progress, error } = useStudio((state) => state.requests.bench);
  const live = useStudio((state) => liveRun(state) !== null);
  const reason = live
    ? 'A run is at work: stop it, or wait for its end.'
    : busy
      ? 'A measurement is under way.'
      : null;
  return (
    <>
      <ScreenHead station="Benchmark" />
      {error && <ErrorNotice error={error} onDismiss={() => studio.dismiss('bench')} />}
      <div className={styles['page']}>
        <p className={styles['words']}>
          One training step on two tasks, and greedy generation of 64 rows, timed on every engine that this
          browser has, with students of random weights.
        </p>
        <p className="small quiet">
          nano (width 64, 2 + 2 layers) takes about half a minute, small (width 256, 4 + 4 layers) some
          minutes. Leave this tab in front; other work on the machine slows what is measured.
        </p>
        {machine && <p className="small">Machine: {machineLine(machine)}.</p>}
        <div className={styles['actions']}>
          <Button kind="primary" icon={Gauge} reason={reason} onClick={() => void studio.bench('nano')}>
            Measure nano
          </Button>
          <Button icon={Gauge} reason={reason} onClick={() => void studio.bench('small')}>
            Measure small
          </Button>
        </div>
        {live && <p className="small quiet">{reason}</p>}
        {busy && (
          <>
            <Progress
              label={progress?.what ?? 'Getting ready'}
              done={progress?.done ?? 0}
              total={progress?.total ?? 0}
            />
            <div className={styles['actions']}>
              <Button icon={Square} onClick={() => studio.cancel('bench')}>
                Stop
              </Button>
            </div>
          </>
        )}
        {report && <Measured report={report} />}
        <p className="visually-hidden" role="status">
          {busy ? 'Measuring' : report ? `${report.model} is measured` : ''}
        </p>
      </div>
    </>
  );
}

function Measured({ report }: { report: BenchReport }) {
  const machine = useStudio((state) => state.machine);
  const [copied, setCopied] = useState(false);
  const copy = async () => {
    setCopied(false);
    try {
      await navigator.clipboard.writeText(benchMarkdown(report, machine, navigator.userAgent));
      setCopied(true);
    } catch {
      studio.fail(
        'bench',
        new EngineError(
          'The browser did not let the page copy.',
          'Allow it, or select the table and copy it.',
        ),
      );
    }
  };
  return (
    <>
      <BenchTable report={report} />
      {report.leftOut.map(({ engine, why }) => (
        <Notice key={engine} kind="warning" title={`${engineNames[engine]} could not be measured.`}>
          <p>{why}</p>
        </Notice>
      ))}
      <p className="small quiet">
        Ratio: a step against the first row. The roof: the matrix products of a step alone, on one thread;
        where other work disturbs the machine, a step can seem to pass it. Made ready: from the weights to the
        end of the first step, less a step.
      </p>
      <div className={styles['actions']}>
        <Button icon={Copy} onClick={() => void copy()}>
          Copy the table
        </Button>
        <p className="small" role="status">
          {copied ? 'Copied, as Markdown.' : ''}
        </p>
      </div>
      <Share table={benchMarkdown(report, machine, navigator.userAgent)} />
    </>
  );
}

/** Where the table can be left for others. Nothing is sent before a person sends the form. */
function Share({ table }: { table: string }) {
  const address = benchIssue(import.meta.env.VITE_REPOSITORY, table);
  return (
    <p className="small quiet">
      {address === null ? (
        'A table of another machine helps others. This copy of the studio does not say where it is developed, so there is no form to send the table with: copy it.'
      ) : (
        <>
          A table of another machine helps others:{' '}
          <a href={address} target="_blank" rel="noreferrer">
            send this table with a form
          </a>
          . It opens in a new tab, filled in, and nothing is sent before you send it.
        </>
      )}
    </p>
  );
}
