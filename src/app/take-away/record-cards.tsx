import { Download } from 'lucide-react';
import { formatRecipe } from '../../distill/recipe.ts';
import { metricsCsv, predictionsJsonLines } from '../../export/tables.ts';
import type { RunRecord } from '../../store/records.ts';
import { readMetrics, readPredictions } from '../../store/runs.ts';
import { saveFile } from '../download.ts';
import { studio } from '../state/studio.ts';
import { Button } from '../ui/button.tsx';
import { plural } from '../words.ts';
import styles from './take-away-screen.module.css';

/** The run itself as files: curves, answers, recipe. */
export function RecordCards({ run }: { run: RunRecord }) {
  const save = (read: () => Promise<void>): void => {
    read().catch((error: unknown) => studio.fail('export', error));
  };
  return (
    <>
      <article className={styles['card']}>
        <h3>Metrics</h3>
        <p className={styles['words']}>
          {plural(run.step, 'step')}: losses, learning rate, gradient norm, tokens, time. CSV.
        </p>
        <Button
          icon={Download}
          reason={run.step === 0 ? 'No step has been taken yet.' : null}
          onClick={() =>
            save(async () =>
              saveFile(`${run.name}-metrics.csv`, metricsCsv(await readMetrics(run.id)), 'text/csv'),
            )
          }
        >
          Save metrics
        </Button>
      </article>
      <article className={styles['card']}>
        <h3>Predictions</h3>
        <p className={styles['words']}>
          {run.comparison ? plural(run.comparison.distilled.total, 'test row') : 'Every test row'}: input,
          label, and everybody’s answer. JSON Lines.
        </p>
        <Button
          icon={Download}
          reason={run.comparison === null ? 'Nothing was compared yet.' : null}
          onClick={() =>
            save(async () =>
              saveFile(
                `${run.name}-predictions.jsonl`,
                predictionsJsonLines(await readPredictions(run.id)),
                'application/jsonl',
              ),
            )
          }
        >
          Save predictions
        </Button>
      </article>
      <article className={styles['card']}>
        <h3>Recipe</h3>
        <p className={styles['words']}>
          <code>run.json</code>, to train the same way again, here or in a terminal.
        </p>
        <Button
          icon={Download}
          onClick={() =>
            saveFile('run.json', formatRecipe(run.recipe, run.reading ?? null), 'application/json')
          }
        >
          Save run.json
        </Button>
      </article>
    </>
  );
}
