import { useEffect, useState } from 'react';
import { ArrowLeft, ArrowRight, Pencil, Plus, Trash2, Wand } from 'lucide-react';
import { formatCount } from '../../base/units.ts';
import type { Example } from '../../data/example.ts';
import {
  mostDemonstrations,
  pickDemonstrations,
  promptOf,
  templateProblem,
  type DeskDemonstration,
  type Setup,
} from '../../desk/setup.ts';
import { readExamples } from '../../store/datasets.ts';
import { mostTokens, questionColumns, type Prompt as Asked } from '../../teacher/prompt.ts';
import { useTeacher } from '../state/teacher-store.ts';
import { Button } from '../ui/button.tsx';
import { TextField } from '../ui/field.tsx';
import { teacherDesk } from './teacher-desk.ts';
import styles from './prompt.module.css';

/** What the teacher is shown: worked answers, then the row, exactly as it is sent. */
export function Prompt({ setup, datasetId }: { setup: Setup; datasetId: string }) {
  const rows = useTeacher((state) => state.rows);
  const phase = useTeacher((state) => state.phase);
  const [at, setAt] = useState(0);
  const row = rows[Math.min(at, rows.length - 1)]?.row;
  const blocked = phase === 'ready' ? null : 'The teacher is asked with this prompt now.';
  return (
    <section className={styles['prompt']} aria-label="The prompt">
      <h2>The prompt</h2>
      <Demonstrations setup={setup} datasetId={datasetId} blocked={blocked} />
      <details>
        <summary>Words and template</summary>
        <fieldset className={styles['words']} disabled={blocked !== null}>
          <TextField
            label="Question"
            lines={3}
            meaning={`Composed of ${questionColumns.map((name) => `{${name}}`).join(', ')}; {input} is what the student gets.`}
            error={templateProblem(setup.template)}
            value={setup.template}
            onChange={(template) => teacherDesk.change({ template })}
          />
          <TextField
            label="Instruction"
            lines={4}
            meaning="Empty for the studio’s own words."
            value={setup.instruction}
            onChange={(instruction) => teacherDesk.change({ instruction })}
          />
        </fieldset>
      </details>
      {row && (
        <div className={styles['preview']}>
          <div className={styles['bar']}>
            <h3>
              Row {formatCount(row.row + 1)} <span className="quiet">exactly as it is sent</span>
            </h3>
            <Button
              small
              icon={ArrowLeft}
              label="The row before"
              reason={at === 0 ? 'This is the first row.' : null}
              onClick={() => setAt(at - 1)}
            >
              {''}
            </Button>
            <Button
              small
              icon={ArrowRight}
              label="The next row"
              reason={at >= rows.length - 1 ? 'This is the last row.' : null}
              onClick={() => setAt(at + 1)}
            >
              {''}
            </Button>
          </div>
          <Preview row={row} setup={setup} />
        </div>
      )}
    </section>
  );
}

function Preview({ row, setup }: { row: Example; setup: Setup }) {
  const prompt = promptOf(row, setup, 'first');
  const rows = useTeacher((state) => state.rows);
  const counted = rows.flatMap(({ said }) => said?.answer?.usage ?? []);
  const perRow = counted.reduce((sum, { input }) => sum + input, 0) / counted.length;
  return (
    <>
      <div
        className={styles['text']}
        // It scrolls, and keys have to reach it.
        // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex
        tabIndex={0}
        role="region"
        aria-label="The prompt of this row"
        translate="no"
      >
        {partsOf(prompt).map(({ who, text }, index) => (
          <p key={index}>
            {who !== null && <strong>{who}: </strong>}
            {text}
          </p>
        ))}
      </div>
      <p className={styles['facts']}>
        at most {formatCount(mostTokens(prompt))} tokens in and {formatCount(setup.maxTokens)} out
        {counted.length > 0 && (
          <>; so far {formatCount(Math.round(perRow))} in for each row, by the server’s count</>
        )}
        {prompt.kind === 'text' && (
          <>; stops at {prompt.stop.map((one) => JSON.stringify(one)).join(' and ')}</>
        )}
      </p>
    </>
  );
}

function partsOf(prompt: Asked): { who: string | null; text: string }[] {
  if (prompt.kind === 'text') return [{ who: null, text: prompt.text }];
  return [
    ...(prompt.system === null ? [] : [{ who: 'system', text: prompt.system }]),
    ...prompt.turns.map(({ role, content }) => ({ who: role, text: content })),
  ];
}

/** Worked answers: picked from right rows, or written; each can be edited in place. */
function Demonstrations({
  setup,
  datasetId,
  blocked,
}: {
  setup: Setup;
  datasetId: string;
  blocked: string | null;
}) {
  const { demonstrations } = setup;
  const [open, setOpen] = useState<number | null>(null);
  const [withReasons, setWithReasons] = useState<readonly Example[]>([]);
  const rows = useTeacher((state) => state.rows);
  useEffect(() => {
    let current = true;
    readExamples(datasetId, 'train')
      .then((examples) => {
        if (current) setWithReasons(examples.filter(({ rationale }) => rationale !== null));
      })
      .catch((error: unknown) => teacherDesk.fail(error));
    return () => {
      current = false;
    };
  }, [datasetId]);
  const write = (next: DeskDemonstration[]): void => teacherDesk.change({ demonstrations: next });
  const right = rows.flatMap(({ row, said }): Example[] =>
    said?.read?.ok === true && said.read.label === row.label && said.read.rationale !== null
      ? [{ ...row, rationale: said.read.rationale, teacherLabel: row.label }]
      : [],
  );
  const pool = withReasons.length > 0 ? withReasons : right;
  const add = (): void => {
    const shown = new Set(demonstrations.map(({ row }) => row));
    const next = rows.find(({ row }) => !shown.has(row.row))?.row;
    if (next === undefined) return;
    const { input, question, choices, label } = next;
    write([
      ...demonstrations,
      {
        row: next.row,
        input,
        question,
        choices: choices === null ? null : [...choices],
        label,
        rationale: '',
      },
    ]);
    setOpen(demonstrations.length);
  };
  const full = demonstrations.length >= mostDemonstrations ? 'A prompt shows up to ten.' : blocked;
  return (
    <>
      <ol className={styles['demonstrations']}>
        {demonstrations.map((one, index) => (
          <li key={index}>
            <button
              type="button"
              className={styles['demonstration']}
              aria-expanded={open === index}
              onClick={() => setOpen(open === index ? null : index)}
            >
              <span className={styles['question']}>{one.question ?? one.input}</span>
              <strong>{one.label}</strong>
              <Pencil size={14} aria-hidden="true" />
            </button>
            {open === index && (
              <fieldset className={styles['edit']} disabled={blocked !== null}>
                <TextField
                  label="Question that is shown"
                  lines={2}
                  value={one.input}
                  onChange={(input) => write(demonstrations.with(index, { ...one, input, question: null }))}
                />
                <TextField
                  label="Reason that is shown"
                  lines={3}
                  error={one.rationale.trim() === '' ? 'Write the reason that leads to the label.' : null}
                  value={one.rationale}
                  onChange={(rationale) => write(demonstrations.with(index, { ...one, rationale }))}
                />
                <TextField
                  label="Label that is shown"
                  value={one.label}
                  onChange={(label) => write(demonstrations.with(index, { ...one, label }))}
                />
                <Button
                  small
                  kind="danger"
                  icon={Trash2}
                  reason={blocked}
                  onClick={() => {
                    setOpen(null);
                    write(demonstrations.toSpliced(index, 1));
                  }}
                >
                  Leave it out
                </Button>
              </fieldset>
            )}
          </li>
        ))}
      </ol>
      <p className={styles['facts']}>
        {demonstrations.length === 0
          ? 'No demonstrations yet; two to ten help most.'
          : `${formatCount(demonstrations.length)} of up to ${mostDemonstrations}; a row is never shown to itself.`}
      </p>
      <div className={styles['bar']}>
        <Button
          small
          icon={Wand}
          reason={blocked ?? (pool.length === 0 ? 'No row has a reason that led to its label yet.' : null)}
          onClick={() => write(pickDemonstrations(pool, 5))}
        >
          Pick 5 right rows
        </Button>
        <Button small icon={Plus} reason={full} onClick={add}>
          Write one
        </Button>
      </div>
    </>
  );
}
