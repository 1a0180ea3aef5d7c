import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { useWindowVirtualizer } from '@tanstack/react-virtual';
import { formatCount } from '../../base/units.ts';
import { countRows, doubtsOf, verdictOf, weightOf, type DeskRow } from '../../desk/judge.ts';
import { demonstrationOf, mostDemonstrations, type Setup } from '../../desk/setup.ts';
import { bindingOf, keyWords, type KeyId } from '../keys/keys.ts';
import { useKeys } from '../keys/use-keys.ts';
import { useTeacher } from '../state/teacher-store.ts';
import { SegmentedControl } from '../ui/segmented-control.tsx';
import { plural } from '../words.ts';
import { AnswerRow } from './answer-row.tsx';
import { teacherName } from './servers.ts';
import { teacherDesk } from './teacher-desk.ts';
import styles from './answers.module.css';

type Filter = 'all' | 'right' | 'wrong' | 'unread' | 'marked';
type Order = 'doubtful' | 'rows';

const keys = ['next-answer', 'previous-answer', 'accept-answer', 'reject-answer', 'edit-answer'] as const;

/** What came back, the doubtful first; only the answers in sight are in the page. */
export function Answers({ setup }: { setup: Setup }) {
  const rows = useTeacher((state) => state.rows);
  const version = useTeacher((state) => state.version);
  const arriving = useTeacher((state) => state.arriving);
  const others = useTeacher((state) => state.others);
  const stored = useTeacher((state) => state.stored);
  const [filter, setFilter] = useState<Filter>('all');
  const [order, setOrder] = useState<Order>('doubtful');
  const [active, setActive] = useState<number | null>(null);
  const [editing, setEditing] = useState<number | null>(null);
  const body = useRef<HTMLDivElement>(null);
  const [top, setTop] = useState(0);
  /** While somebody writes, nothing moves under the hand. */
  const held = useRef<DeskRow[]>([]);
  const shown = useMemo(() => {
    if (editing !== null) return held.current;
    held.current = listed(rows, filter, order, setup.votes);
    return held.current;
    // Rows change in place; `version` says when.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [rows, version, filter, order, setup.votes, editing === null]);
  const counts = countRows(rows);
  const virtualizer = useWindowVirtualizer({
    count: shown.length,
    estimateSize: () => 110,
    overscan: 6,
    scrollMargin: top,
    getItemKey: (index) => shown[index]?.row.row ?? index,
  });
  useEffect(() => {
    const measure = (): void => setTop((body.current?.getBoundingClientRect().top ?? 0) + window.scrollY);
    measure();
    addEventListener('resize', measure);
    return () => removeEventListener('resize', measure);
  }, [version]);

  const move = useCallback(
    (by: number) => {
      if (shown.length === 0) return;
      const at = active === null ? -1 : shown.findIndex(({ row }) => row.row === active);
      const next = Math.max(0, Math.min(shown.length - 1, at + by));
      setEditing(null);
      setActive(shown[next]!.row.row);
      virtualizer.scrollToIndex(next, { align: 'auto' });
    },
    [active, shown, virtualizer],
  );
  const inHand = shown.find(({ row }) => row.row === active) ?? null;
  const mark = (kind: 'accepted' | 'rejected'): void => {
    if (inHand === null) return;
    void teacherDesk.mark(inHand.row.row, inHand.mark?.kind === kind ? null : { kind });
  };
  useKeys({
    'next-answer': () => move(1),
    'previous-answer': () => move(-1),
    'accept-answer': () => mark('accepted'),
    'reject-answer': () => mark('rejected'),
    'edit-answer': () => inHand?.said?.answer && setEditing(inHand.row.row),
    'show-as-demonstration': () => inHand !== null && show(inHand, setup),
  });
  if (counts.all === 0 && arriving === null) {
    return (
      <section className={styles['answers']} aria-label="Answers">
        <p className="quiet">
          {stored === 0
            ? 'Answers appear here as they come, the doubtful ones first.'
            : `${plural(stored, 'answer')} to other prompts of this teacher are kept. With this prompt, every row is asked again.`}
        </p>
      </section>
    );
  }
  const filters = [
    { value: 'all', label: 'all', count: counts.all },
    { value: 'right', label: 'right', count: counts.right },
    { value: 'wrong', label: 'wrong', count: counts.wrong },
    { value: 'unread', label: 'not read', count: counts.unread },
    { value: 'marked', label: 'mine', count: counts.accepted + counts.rejected + counts.edited },
  ] as const;
  return (
    <section className={styles['answers']} aria-label="Answers">
      <div className={styles['bar']}>
        <SegmentedControl
          legend="Which answers"
          look="chips"
          segments={filters}
          value={filter}
          onChange={setFilter}
        />
        <SegmentedControl
          legend="In which order"
          segments={[
            { value: 'doubtful', label: 'doubtful first' },
            { value: 'rows', label: 'by row' },
          ]}
          value={order}
          onChange={setOrder}
        />
      </div>
      <p className={styles['keys']} aria-hidden="true">
        {keys.map((id) => (
          <span key={id}>
            <kbd>{keyWords(bindingOf(id))}</kbd> {keyMeanings[id]}
          </span>
        ))}
      </p>
      <p className={styles['arriving']} aria-hidden="true" translate="no">
        {arriving === null ? '' : `${formatCount(arriving.row + 1)} ${arriving.text}`}
      </p>
      <div ref={body} className={styles['body']} style={{ height: virtualizer.getTotalSize() }} role="list">
        {virtualizer.getVirtualItems().map((item) => {
          const one = shown[item.index];
          if (one === undefined) return null;
          const { row } = one;
          return (
            <div
              key={item.key}
              ref={virtualizer.measureElement}
              data-index={item.index}
              role="listitem"
              className={styles['item']}
              style={{ transform: `translateY(${item.start - top}px)` }}
            >
              <AnswerRow
                one={one}
                version={version}
                doubts={doubtsOf(one, setup.votes)}
                votes={setup.votes}
                others={others.flatMap(({ teacherId, labels }) => {
                  const label = labels.get(row.row);
                  return label === undefined ? [] : [{ name: teacherName(teacherId), label }];
                })}
                active={active === row.row}
                editing={editing === row.row}
                onOpen={() => setActive(row.row)}
                onEdit={(open) => {
                  setActive(row.row);
                  setEditing(open ? row.row : null);
                }}
                onNext={() => move(1)}
              />
            </div>
          );
        })}
      </div>
      {shown.length === 0 && <p className="quiet">No answer passes this filter.</p>}
    </section>
  );
}

const keyMeanings: Readonly<Record<(typeof keys)[number] & KeyId, string>> = {
  'next-answer': 'next',
  'previous-answer': 'before',
  'accept-answer': 'accept',
  'reject-answer': 'reject',
  'edit-answer': 'edit',
};

function listed(rows: readonly DeskRow[], filter: Filter, order: Order, votes: number): DeskRow[] {
  const passing = rows.filter((one) => {
    const verdict = verdictOf(one);
    if (verdict === 'none') return false;
    switch (filter) {
      case 'all':
        return true;
      case 'right':
      case 'wrong':
        return verdict === filter;
      case 'unread':
        return verdict === 'unread' || verdict === 'given-up';
      case 'marked':
        return one.mark !== null;
      default:
        return filter satisfies never;
    }
  });
  if (order === 'rows') return passing;
  return passing
    .map((one) => ({ one, weight: weightOf(doubtsOf(one, votes)) }))
    .sort((a, b) => b.weight - a.weight || a.one.row.row - b.one.row.row)
    .map(({ one }) => one);
}

/** The current answer becomes a demonstration, with what a person made of it. */
function show(one: DeskRow, setup: Setup): void {
  const read = one.said?.read?.ok === true ? one.said.read : null;
  const rationale = one.mark?.kind === 'edited' ? one.mark.rationale : (read?.rationale ?? null);
  const label = one.mark?.kind === 'edited' ? one.mark.label : one.row.label;
  const full = setup.demonstrations.length >= mostDemonstrations;
  if (rationale === null || full || setup.demonstrations.some(({ row }) => row === one.row.row)) return;
  teacherDesk.change({
    demonstrations: [...setup.demonstrations, demonstrationOf(one.row, rationale, label)],
  });
}
