import { TriangleAlert } from 'lucide-react';
import { useEffect, useState } from 'react';
import { formatCount, formatPercent } from '../../base/units.ts';
import type { Alignment } from '../../data/alignment.ts';
import type { Example } from '../../data/example.ts';
import type { AlarmDecision } from '../../data/reading.ts';
import type { AskedAlarm, WayOut } from '../../data/rejoin.ts';
import { readExamplePage } from '../../store/datasets.ts';
import type { DatasetRecord, Split } from '../../store/records.ts';
import { studio } from '../state/studio.ts';
import { useStudio } from '../state/studio-store.ts';
import { Button } from '../ui/button.tsx';
import { Icon } from '../ui/icon.tsx';
import { splitWords } from '../words.ts';
import styles from './alarm-panel.module.css';

/** Rows shown as evidence. */
const shown = 3;

interface Way {
  decision: AlarmDecision;
  title: string;
  means: string;
  action: string;
  alignment: Alignment | null;
  corrects: boolean;
}

/** Rationales that seem to belong to other rows: what was counted, and what can be done. Nothing is trained before. */
export function AlarmPanel({
  dataset,
  split,
  alarm,
}: {
  dataset: DatasetRecord;
  split: Split;
  alarm: AskedAlarm;
}) {
  const busy = useStudio((state) => state.requests.data.busy);
  const decide = (decision: AlarmDecision): void =>
    void studio.changeReading({ alarms: { ...dataset.reading?.alarms, [split]: decision } });
  const ways: Way[] = [
    ...alarm.ways.map(wayWords),
    {
      decision: { kind: 'leave-out' },
      title: 'Continue without rationales',
      means: 'The rows stay. A teacher can be asked for new ones, or answers alone be learned.',
      action: 'Leave them out',
      alignment: null,
      corrects: false,
    },
    {
      decision: { kind: 'keep' },
      title: 'Keep them as they are',
      means: 'For files whose rationales share no words with the questions, as in another language.',
      action: 'They belong together',
      alignment: alarm,
      corrects: false,
    },
  ];
  return (
    <section className={styles['alarm']} aria-label={`Rationales of the ${splitWords[split]} rows`}>
      <div className={styles['notice']} role="alert">
        <span className={styles['icon']}>
          <Icon of={TriangleAlert} size={22} />
        </span>
        <div>
          <h2 className={styles['title']}>These rationales seem to belong to other rows.</h2>
          <p>
            <code>{alarm.dataset}</code> and <code>{alarm.rationales}</code> were joined row by row.
          </p>
          <dl className={styles['counts']}>
            {alarm.choices !== null && (
              <div>
                <dd className={styles['figure']}>{formatPercent(alarm.choices.fit / alarm.choices.of, 1)}</dd>
                <dt>
                  of the teacher’s labels are a choice of their own row ({formatCount(alarm.choices.fit)} of{' '}
                  {formatCount(alarm.choices.of)}); in well joined files more than 90 %
                </dt>
              </div>
            )}
            {alarm.overlap !== null && (
              <div>
                <dd className={styles['figure']}>{formatPercent(alarm.overlap.own, 1)}</dd>
                <dt>
                  of a rationale’s telling words are in its own input,{' '}
                  {formatPercent(alarm.overlap.distant, 1)} in a distant one; in well joined files at least 8
                  times as many
                </dt>
              </div>
            )}
          </dl>
        </div>
      </div>
      <h3>What can be done</h3>
      <ul className={styles['ways']}>
        {ways.map((way, index) => (
          <li
            key={way.title}
            className={styles['way']}
            data-best={(index === 0 && way.corrects) || undefined}
          >
            <div>
              <p className={styles['name']}>{way.title}</p>
              <p className={styles['means']}>{way.means}</p>
            </div>
            <p className={styles['means']}>{sharesWords(way.alignment)}</p>
            <Button
              kind={index === 0 && way.corrects ? 'primary' : 'plain'}
              reason={busy ? 'The files are being read.' : null}
              onClick={() => decide(way.decision)}
            >
              {way.action}
            </Button>
          </li>
        ))}
      </ul>
      <Evidence dataset={dataset} split={split} />
    </section>
  );
}

function wayWords({ decision, alignment }: WayOut): Way {
  const shared = { decision, alignment, corrects: true };
  if (decision.kind === 'shift') {
    const rows = Math.abs(decision.by) === 1 ? 'one row' : `${Math.abs(decision.by)} rows`;
    return {
      ...shared,
      title: `Move the answers by ${rows}`,
      means: `Each then belongs to the row ${rows} ${decision.by > 0 ? 'further down' : 'further up'}.`,
      action: 'Move them',
    };
  }
  const [mine, theirs] = decision.kind === 'columns' ? [decision.mine, decision.theirs] : ['', ''];
  return {
    ...shared,
    title: `Join by ${mine} and ${theirs}`,
    means: 'These columns of both files hold the same values.',
    action: 'Join by these',
  };
}

function sharesWords(alignment: Alignment | null): string {
  if (alignment === null) return '–';
  const { choices, overlap } = alignment;
  return [
    choices === null ? null : `${formatPercent(choices.fit / choices.of, 1)} of labels are choices`,
    overlap === null
      ? null
      : `${formatPercent(overlap.own, 1)} own words, ${formatPercent(overlap.distant, 1)} distant`,
  ]
    .filter((part) => part !== null)
    .join('; ');
}

/** The first rows with what stands beside them now. */
function Evidence({ dataset, split }: { dataset: DatasetRecord; split: Split }) {
  const [rows, setRows] = useState<readonly Example[]>([]);
  useEffect(() => {
    let current = true;
    readExamplePage(dataset.id, split, 0, shown)
      .then((page) => {
        if (current) setRows(page);
      })
      .catch((error: unknown) => studio.fail('data', error));
    return () => {
      current = false;
    };
  }, [dataset.id, split, dataset.files]);
  return (
    <table className={styles['evidence']} translate="no">
      <thead>
        <tr>
          <th scope="col">See for yourself: the question</th>
          <th scope="col">The rationale that now stands beside it</th>
        </tr>
      </thead>
      <tbody>
        {rows.map(({ row, question, input, rationale, teacherLabel }) => (
          <tr key={row}>
            <td>{question ?? input}</td>
            <td className={styles['rationale']}>{rationale ?? teacherLabel}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
