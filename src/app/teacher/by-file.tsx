import { Download, Upload } from 'lucide-react';
import { formatCount } from '../../base/units.ts';
import { templateProblem } from '../../desk/setup.ts';
import { saveFile } from '../download.ts';
import { useTeacher } from '../state/teacher-store.ts';
import { Button } from '../ui/button.tsx';
import { FileButton } from '../ui/file-button.tsx';
import { teacherDesk } from './teacher-desk.ts';
import styles from './teacher.module.css';

/** A teacher without a connection: prompts go out as a file, answers come back as one. */
export function ByFile({ rows }: { rows: number }) {
  const model = useTeacher((state) => state.setup?.model ?? '');
  const unasked = useTeacher((state) => templateProblem(state.setup?.template ?? '{input}'));
  useTeacher((state) => state.version);
  const open = teacherDesk.openRows({ pass: 'first', rows });
  const save = (): void => {
    teacherDesk
      .prompts()
      .then((text) => saveFile('prompts.jsonl', text, 'application/jsonl'))
      .catch((error: unknown) => teacherDesk.fail(error));
  };
  return (
    <section className={styles['by-file']} aria-label="By file">
      <p>
        One line for each prompt, as batch interfaces take them. Answers are the interface’s own results, or
        lines of <code translate="no">{'{"custom_id": …, "text": …}'}</code>; they find their rows in any
        order.
      </p>
      <div className={styles['buttons']}>
        <Button
          icon={Download}
          reason={
            unasked ??
            (model === '' ? 'Name the model first.' : open === 0 ? 'Every prompt has its answer.' : null)
          }
          onClick={save}
        >
          Save {formatCount(open)} prompts
        </Button>
        <FileButton
          icon={Upload}
          single
          accept=".jsonl,.json,.txt"
          testId="answers-file"
          onFiles={([first]) => first && void teacherDesk.takeAnswers(first.file)}
        >
          Bring answers
        </FileButton>
      </div>
    </section>
  );
}
