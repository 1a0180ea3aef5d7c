import { Package } from 'lucide-react';
import { formatBytes, formatCount } from '../../base/units.ts';
import { weightsStep, type RunRecord } from '../../store/records.ts';
import type { WrittenFloat } from '../../formats/safetensors-writer.ts';
import { saveFile } from '../download.ts';
import { studio } from '../state/studio.ts';
import { Button } from '../ui/button.tsx';
import { useObstacle } from './obstacle.ts';
import { useParameters } from './parameters.ts';
import styles from './take-away-screen.module.css';

interface ModelCardProps {
  run: RunRecord;
  dtype: WrittenFloat;
  title: string;
  words: string;
}

/** The distilled student as a zip, in one precision. */
export function ModelCard({ run, dtype, title, words }: ModelCardProps) {
  const parameters = useParameters(run);
  const step = weightsStep(run);
  const reason = useObstacle(run);
  const take = async (): Promise<void> => {
    const result = await studio.exportModel(run.id, dtype);
    if (result) saveFile(result.fileName, result.blob);
  };
  return (
    <article className={styles['card']}>
      <h3>{title}</h3>
      <p className={styles['words']}>
        {words} A zip with <code>model.safetensors</code>, configuration, tokenizer, <code>run.json</code> and
        a model card with this run’s figures
        {step === null ? '' : `; weights of step ${formatCount(step)}`}.
      </p>
      {parameters !== null && (
        <p className={styles['size']}>about {formatBytes(parameters * (dtype === 'f32' ? 4 : 2))}</p>
      )}
      <Button
        kind={dtype === 'f32' ? 'primary' : 'plain'}
        icon={Package}
        reason={reason}
        onClick={() => void take()}
      >
        Take the {dtype} model
      </Button>
      {reason !== null && <p className={styles['hint']}>{reason}</p>}
    </article>
  );
}
