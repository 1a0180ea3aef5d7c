import { ArrowRight, FolderOpen, Square, Trash2 } from 'lucide-react';
import { lazy, Suspense, useId, useState } from 'react';
import { formatBytes, formatCount, formatParameters } from '../../base/units.ts';
import type { StudentRecord } from '../../store/records.ts';
import { ScreenHead } from '../frame/screen-head.tsx';
import { hashOf } from '../routes.ts';
import { Facts } from '../parts/facts.tsx';
import { studio } from '../state/studio.ts';
import { currentStudent, useStudio } from '../state/studio-store.ts';
import { Button, LinkButton } from '../ui/button.tsx';
import { RecipeFit } from '../parts/recipe-fit.tsx';
import { ownerObstacle } from '../held-runs.ts';
import { useAtWork } from '../state/use-at-work.ts';
import { usedByWords } from '../parts/used-by.ts';
import { Dialog } from '../ui/dialog.tsx';
import { FileButton } from '../ui/file-button.tsx';
import { ErrorNotice } from '../ui/notice.tsx';
import { Progress } from '../ui/progress.tsx';
import { plural } from '../words.ts';
import { MemoryTable } from './memory-table.tsx';
import { FreezeForm } from './freeze-form.tsx';
import { ReduceForm } from './reduce-form.tsx';
import { ReductionTable } from './reduction-table.tsx';
import { StudentPicture } from './student-picture.tsx';
import styles from './student-screen.module.css';

// Few bring a student from the hub: its code comes when this screen is shown.
const HubForm = lazy(() => import('./hub-form.tsx').then((module) => ({ default: module.HubForm })));

/** Which student is distilled: its picture, its figures, what training it takes, and the way to bring another. */
export function StudentScreen() {
  const student = useStudio(currentStudent);
  const students = useStudio((state) => state.students);
  const request = useStudio((state) => state.requests.student);
  return (
    <>
      <ScreenHead
        station="Student"
        name={student?.name ?? null}
        actions={
          student && (
            <LinkButton kind="primary" icon={ArrowRight} href={hashOf('train')}>
              To training
            </LinkButton>
          )
        }
      >
        {student && (
          <p>
            {sourceWords(student)} · {formatParameters(student.parameters)} parameters
          </p>
        )}
      </ScreenHead>
      {request.error && <ErrorNotice error={request.error} onDismiss={() => studio.dismiss('student')} />}
      {request.busy && (
        <>
          <Progress
            label={request.progress?.what ?? 'reading the student'}
            done={request.progress?.done ?? 0}
            total={request.progress?.total ?? 0}
          />
          {student && (
            <p>
              <Button small kind="quiet" icon={Square} onClick={() => studio.cancel('student')}>
                Stop reading
              </Button>
            </p>
          )}
        </>
      )}
      <section className={styles['choose']} aria-label="Choose a student">
        <h2>Students</h2>
        <div className={styles['cards']}>
          <fieldset className={styles['group']}>
            <legend className="visually-hidden">Student to distil</legend>
            {students.map((one) => (
              <StudentCard key={one.id} student={one} chosen={one.id === student?.id} />
            ))}
          </fieldset>
          <div className={styles['bring']}>
            <FileButton
              icon={FolderOpen}
              look="zone"
              folder
              testId="student-files"
              onFiles={(files) => void studio.importStudent(files)}
            >
              <span className={styles['bringWords']}>
                <strong>Drop a Hugging Face T5 folder, or pick one</strong>
                <span>
                  <code>config.json</code>, <code>model.safetensors</code> or <code>pytorch_model.bin</code>{' '}
                  (also sharded), <code>tokenizer.json</code> or <code>spiece.model</code>,{' '}
                  <code>tokenizer_config.json</code>
                </span>
              </span>
            </FileButton>
          </div>
        </div>
      </section>
      <RecipeFit />
      {student && (
        <div className={styles['columns']}>
          <section className={styles['main']} aria-label="The student">
            <StudentPicture student={student} />
            <StudentFacts student={student} />
            {student.notes.length > 0 && (
              <ul className={styles['notes']}>
                {student.notes.map((note) => (
                  <li key={note}>{note}</li>
                ))}
              </ul>
            )}
            {student.reduction && <ReductionTable student={student} reduction={student.reduction} />}
          </section>
          <aside className={styles['margin']} aria-label="Memory for training">
            <MemoryTable student={student} />
          </aside>
        </div>
      )}
      {student === null && !request.busy && (
        <p className="quiet">
          No student yet: choose one above, or bring a Hugging Face T5 folder. Reload the page to fetch the
          bundled one again.
        </p>
      )}
      {student && <ReduceForm key={student.id} student={student} />}
      {student && <FreezeForm />}
      <Suspense fallback={null}>
        <HubForm />
      </Suspense>
    </>
  );
}

const cardSource = {
  bundled: 'bundled',
  folder: 'your folder',
  reduced: 'reduced',
  extended: 'with more pieces',
} as const;

function sourceWords({ source, reduction }: StudentRecord): string {
  switch (source) {
    case 'bundled':
      return 'comes with the studio';
    case 'folder':
      return 'from your folder';
    case 'reduced':
      return `made from ${reduction?.fromName ?? 'a larger student'}`;
    case 'extended':
      return 'with pieces for your labels';
    default:
      return source satisfies never;
  }
}

function StudentFacts({ student }: { student: StudentRecord }) {
  const { config } = student;
  const facts: [string, string][] = [
    ['parameters', formatCount(student.parameters)],
    ['layers', `${config.num_layers} encoder, ${config.num_decoder_layers} decoder`],
    ['vocabulary', plural(config.vocab_size, 'token')],
    ['width', `${formatCount(config.d_model)}, ${plural(config.num_heads, 'head')} of ${config.d_kv}`],
    ['feed-forward', `${formatCount(config.d_ff)}, ${config.feed_forward_proj}`],
    ['embeddings', config.tie_word_embeddings ? 'tied (T5 v1.0)' : 'untied (T5 v1.1, flan)'],
    ['stored as', `${student.storedDtype}, ${formatBytes(student.sizeBytes)}`],
  ];
  return <Facts facts={facts} />;
}

function StudentCard({ student, chosen }: { student: StudentRecord; chosen: boolean }) {
  const atWork = useAtWork();
  const runs = useStudio((state) => state.runs);
  const [asking, setAsking] = useState(false);
  const id = useId();
  return (
    <div className={styles['card']}>
      <label className={styles['pick']} htmlFor={id}>
        <input
          id={id}
          type="radio"
          name="student"
          checked={chosen}
          onChange={() => studio.selectStudent(student.id)}
        />
        <strong>{student.name}</strong>
        <span className={styles['gist']}>
          {formatParameters(student.parameters)} parameters · {formatBytes(student.sizeBytes)} ·{' '}
          {cardSource[student.source]}
        </span>
      </label>
      {student.source !== 'bundled' && (
        <Button
          small
          kind="quiet"
          icon={Trash2}
          label={`Remove ${student.name}`}
          reason={ownerObstacle('studentId', student.id, atWork)}
          onClick={() => setAsking(true)}
        >
          Remove
        </Button>
      )}
      {asking && (
        <Dialog
          title={`Remove ${student.name}?`}
          onClose={() => setAsking(false)}
          confirm={{ label: 'Remove it', act: () => void studio.removeStudent(student.id) }}
        >
          <p>
            {student.source === 'reduced' || student.source === 'extended'
              ? 'It is removed from this browser; the student that it was made from stays.'
              : 'The copy in this browser is removed; your folder stays where it is.'}{' '}
            {usedByWords('student', student.id, runs)}
          </p>
        </Dialog>
      )}
    </div>
  );
}
