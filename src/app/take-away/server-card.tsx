import { Server } from 'lucide-react';
import { useState } from 'react';
import { formatBytes } from '../../base/units.ts';
import type { ServedStorage } from '../../export/server-folder.ts';
import type { RunRecord } from '../../store/records.ts';
import { saveFile } from '../download.ts';
import { studio } from '../state/studio.ts';
import { Button } from '../ui/button.tsx';
import { SelectField } from '../ui/field.tsx';
import { useObstacle } from './obstacle.ts';
import { useParameters } from './parameters.ts';
import styles from './take-away-screen.module.css';

/** How the server keeps weights: words, and bytes of a parameter in it and in `model.safetensors` beside it. */
const storages = {
  f32: { label: 'f32, exact', bytes: 8 },
  f16: { label: 'f16, half the size', bytes: 4 },
  w8: { label: '8 bits, a quarter of the size', bytes: 5 },
} as const satisfies Record<ServedStorage, { label: string; bytes: number }>;

const isStorage = (value: string): value is ServedStorage => value in storages;

/** The distilled student with a server that answers over HTTP, as a zip. */
export function ServerCard({ run }: { run: RunRecord }) {
  const [storage, setStorage] = useState<ServedStorage>('f32');
  const parameters = useParameters(run);
  const reason = useObstacle(run);
  const take = async (): Promise<void> => {
    const result = await studio.exportServer(run.id, storage);
    if (result) saveFile(result.fileName, result.blob);
  };
  return (
    <article className={styles['card']}>
      <h3>A server</h3>
      <p className={styles['words']}>
        A zip with the model as ONNX and for transformers, a server in Python that answers{' '}
        <code translate="no">POST /predict</code>, a Dockerfile, and what puts it on Kubernetes, Cloud Run and
        Vertex AI. Its README says how to start it.
      </p>
      <SelectField
        label="Weights of the server"
        value={storage}
        onChange={(value) => {
          if (isStorage(value)) setStorage(value);
        }}
        options={Object.entries(storages).map(([value, { label }]) => ({ value, label }))}
      />
      {parameters !== null && (
        <p className={styles['size']}>about {formatBytes(parameters * storages[storage].bytes)}</p>
      )}
      <Button icon={Server} reason={reason} onClick={() => void take()}>
        Take the server
      </Button>
      {reason !== null && <p className={styles['hint']}>{reason}</p>}
    </article>
  );
}
