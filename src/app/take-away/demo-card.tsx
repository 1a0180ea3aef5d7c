import { AppWindow } from 'lucide-react';
import { formatBytes } from '../../base/units.ts';
import { demoWarningBytes } from '../../export/demo/warning.ts';
import type { RunRecord } from '../../store/records.ts';
import { saveFile } from '../download.ts';
import { studio } from '../state/studio.ts';
import { Button } from '../ui/button.tsx';
import { useObstacle } from './obstacle.ts';
import { useParameters } from './parameters.ts';
import styles from './take-away-screen.module.css';

/** Half floats as text; the program beside them. */
const bytesOf = (parameters: number): number => (parameters * 2 * 4) / 3 + 400_000;

/** One page with the student inside. */
export function DemoCard({ run }: { run: RunRecord }) {
  const parameters = useParameters(run);
  const reason = useObstacle(run);
  const sizeBytes = parameters === null ? null : bytesOf(parameters);
  const take = async (): Promise<void> => {
    const result = await studio.exportDemo(run.id);
    if (result) saveFile(result.fileName, result.blob, 'text/html');
  };
  return (
    <article className={styles['card']}>
      <h3>One page to show</h3>
      <p className={styles['words']}>
        An HTML file with the student and its engine inside: it opens from the disk in any browser, answers,
        gives its reasons, and asks for nothing from anywhere.
      </p>
      {sizeBytes !== null && <p className={styles['size']}>about {formatBytes(sizeBytes)}</p>}
      {sizeBytes !== null && sizeBytes > demoWarningBytes && (
        <p className={styles['words']}>
          Above {formatBytes(demoWarningBytes)} browsers open it slowly, or not at all. For larger students
          take the ONNX model.
        </p>
      )}
      <Button icon={AppWindow} reason={reason} onClick={() => void take()}>
        Take the page
      </Button>
      {reason !== null && <p className={styles['hint']}>{reason}</p>}
    </article>
  );
}
