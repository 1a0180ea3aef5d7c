import { Boxes } from 'lucide-react';
import { useState } from 'react';
import { formatBytes } from '../../base/units.ts';
import type { OnnxStorage } from '../../export/onnx/matrices.ts';
import type { RunRecord } from '../../store/records.ts';
import { saveFile } from '../download.ts';
import { studio } from '../state/studio.ts';
import { Button } from '../ui/button.tsx';
import { CheckField } from '../ui/check-field.tsx';
import { SelectField } from '../ui/field.tsx';
import { useObstacle } from './obstacle.ts';
import styles from './take-away-screen.module.css';
import { useParameters } from './parameters.ts';

/** How the graphs keep weights: words, and bytes of a parameter. */
const storages = {
  f32: { label: 'f32, exact', bytes: 4 },
  f16: { label: 'f16, half the size', bytes: 2 },
  w8: { label: 'w8, 8-bit weights, a quarter of the size', bytes: 1 },
  q8: { label: 'q8, computed in 8 bits', bytes: 1 },
} as const satisfies Record<OnnxStorage, { label: string; bytes: number }>;

const isStorage = (value: string): value is OnnxStorage => value in storages;

/** The distilled student for ONNX runtimes and transformers.js, as a zip. */
export function OnnxCard({ run }: { run: RunRecord }) {
  const [storage, setStorage] = useState<OnnxStorage>('f32');
  const [withPast, setWithPast] = useState(false);
  const parameters = useParameters(run);
  const reason = useObstacle(run);
  const take = async (): Promise<void> => {
    const result = await studio.exportOnnx(run.id, { storage, withPast });
    if (result) saveFile(result.fileName, result.blob);
  };
  return (
    <article className={styles['card']}>
      <h3>ONNX, for other runtimes</h3>
      <p className={styles['words']}>
        A zip for transformers.js (Node and browsers), onnxruntime and optimum: encoder and decoder as graphs,
        configuration, tokenizer, <code>run.json</code> and the model card.
      </p>
      <SelectField
        label="Weights of the graphs"
        meaning={
          storage === 'q8' ? 'Fast, not exact; an answer may depend on its neighbours in a batch.' : undefined
        }
        value={storage}
        onChange={(value) => {
          if (isStorage(value)) setStorage(value);
        }}
        options={Object.entries(storages).map(([value, { label }]) => ({ value, label }))}
      />
      <CheckField
        label="Also decoders with and without past"
        meaning="Two files more, for older programs; all others need one decoder."
        checked={withPast}
        onChange={setWithPast}
      />
      {parameters !== null && (
        <p className={styles['size']}>
          {/* The decoders beside the first hold the most of the weights again. */}
          about {formatBytes(parameters * storages[storage].bytes * (withPast ? 2.6 : 1.2))}
        </p>
      )}
      <Button icon={Boxes} reason={reason} onClick={() => void take()}>
        Take the ONNX model
      </Button>
      {reason !== null && <p className={styles['hint']}>{reason}</p>}
    </article>
  );
}
