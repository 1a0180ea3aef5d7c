import { Download, Image } from 'lucide-react';
import { useMemo, useState } from 'react';
import { findingOf } from '../../experiment/finding.ts';
import { countsOf } from '../../experiment/queue.ts';
import { resultCharts } from '../../experiment/result-charts.ts';
import { parseSpec, type Varied } from '../../experiment/spec.ts';
import { cellsOf, summaryTable } from '../../experiment/summary.ts';
import { variedId, type Result } from '../../experiment/ledger.ts';
import { csvTable, latexTable, markdownTable } from '../../experiment/text-table.ts';
import type { ExperimentRecord } from '../../store/records.ts';
import { saveFile } from '../download.ts';
import { navigate } from '../routes.ts';
import { clearTicks, tick } from '../state/run-actions.ts';
import { studio } from '../state/studio.ts';
import { useStudio } from '../state/studio-store.ts';
import { Button } from '../ui/button.tsx';
import { CopyButton } from '../ui/copy-button.tsx';
import { SelectField } from '../ui/field.tsx';
import styles from './experiments.module.css';
import { PlanSentence } from './plan-sentence.tsx';
import { QueuePanel } from './queue-panel.tsx';
import { ResultChart } from './result-chart.tsx';
import { planOfRecord, shownResults, withNames } from './shown-plan.ts';
import { specFile } from './spec-file.ts';
import { pictureOf } from './svg-picture.ts';
import { labelOf, type VaryKey } from './vary-draft.ts';

/** An experiment: what it trains, what it found, the curve, the table, and its queue. */
export function ExperimentView({ experiment }: { experiment: ExperimentRecord }) {
  const students = useStudio((state) => state.students);
  const dataset = useStudio((state) => state.datasets.find(({ id }) => id === experiment.datasetId) ?? null);
  const plan = useMemo(() => planOfRecord(experiment), [experiment]);
  const metric = useMemo(
    () => parseSpec(experiment.spec, experiment.name).metric ?? null,
    [experiment.spec, experiment.name],
  );
  const results = useMemo(() => shownResults(experiment, students), [experiment, students]);
  const { waiting, atWork } = countsOf(experiment.runs);
  const seeds = new Set(plan.map(({ varied }) => varied['seed'])).size;
  const fileName = experiment.name.replaceAll(/[^\w.+-]+/g, '-');
  const open = (setting: Varied): void => {
    const wanted = variedId(setting);
    const runIds = experiment.runs.flatMap(({ varied, runId, standing }) => {
      const { seed: _, ...rest } = withNames(varied, students);
      return standing.kind === 'ended' && runId !== null && variedId(rest) === wanted ? [runId] : [];
    });
    openRuns(runIds);
  };
  return (
    <div className={styles['columns']}>
      <div className={styles['main']}>
        <PlanSentence
          plan={plan}
          students={students}
          datasetName={experiment.datasetName}
          trainRows={dataset?.splits.train?.rows ?? 0}
          metric={metric}
        />
        <div role="status">
          <h2 className={styles['finding']} data-testid="finding">
            {findingOf(results, waiting + atWork === 0)}
          </h2>
        </div>
        <Charts results={results} fileName={fileName} onOpen={open} />
        {results.length > 0 && <Figures results={results} seeds={seeds} fileName={fileName} />}
        <p className={styles['actions']}>
          <CopyButton text={() => specFile(experiment.spec, dataset, students)}>Copy as a spec</CopyButton>
          <Button
            small
            kind="quiet"
            icon={Download}
            onClick={() =>
              saveFile('sweep.json', specFile(experiment.spec, dataset, students), 'application/json')
            }
          >
            sweep.json
          </Button>
          <span className={styles['note']}>
            for <code>npm run headless -- sweep --spec sweep.json --out DIR</code>
            {dataset?.sample === false && ', with the files and students that it names beside it'}
            {experiment.testRows !== null && '; there all test rows are asked'}
          </span>
        </p>
      </div>
      <QueuePanel experiment={experiment} />
    </div>
  );
}

/** One run is opened; several are laid over each other under Runs. */
function openRuns(runIds: readonly string[]): void {
  const [first] = runIds;
  if (first === undefined) return;
  if (runIds.length === 1) {
    void studio.selectRun(first);
    navigate('train');
    return;
  }
  clearTicks();
  tick(runIds, true);
  navigate('runs');
}

function Charts({
  results,
  fileName,
  onOpen,
}: {
  results: readonly Result[];
  fileName: string;
  onOpen: (setting: Varied) => void;
}) {
  const charts = useMemo(() => resultCharts(results), [results]);
  const [across, setAcross] = useState<string | null>(null);
  const shown = charts.find(({ key }) => key === across) ?? charts[0];
  if (shown === undefined) return null;
  return (
    <section aria-labelledby="experiment-chart">
      <div className={styles['chart-head']}>
        <h3 id="experiment-chart">Accuracy on test rows</h3>
        {charts.length > 1 && (
          <SelectField
            label="across"
            value={shown.key}
            options={charts.map(({ key }) => ({ value: key, label: labelOf(key as VaryKey).toLowerCase() }))}
            onChange={setAcross}
          />
        )}
        <span className={styles['save']} role="group" aria-label="Save the chart">
          <Button
            small
            kind="quiet"
            icon={Image}
            label="Save the chart as PNG"
            onClick={() =>
              void pictureOf(shown.svg).then(
                (picture) => saveFile(`${fileName}-${shown.key}.png`, picture),
                (error: unknown) => studio.fail('run', error),
              )
            }
          >
            PNG
          </Button>
          <Button
            small
            kind="quiet"
            icon={Image}
            label="Save the chart as SVG"
            onClick={() => saveFile(`${fileName}-${shown.key}.svg`, shown.svg, 'image/svg+xml')}
          >
            SVG
          </Button>
        </span>
      </div>
      <ResultChart key={shown.key} chart={shown.chart} onOpen={onOpen} />
    </section>
  );
}

function Figures({
  results,
  seeds,
  fileName,
}: {
  results: readonly Result[];
  seeds: number;
  fileName: string;
}) {
  const table = useMemo(() => summaryTable(cellsOf(results), seeds), [results, seeds]);
  return (
    <section aria-labelledby="experiment-figures">
      <div className={styles['chart-head']}>
        <h3 id="experiment-figures">In figures</h3>
        <span className={styles['note']}>per cent right, mean ± standard deviation over seeds</span>
      </div>
      {/* A table that scrolls sideways takes the focus, so that keys can scroll it. */}
      {/* eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- as above */}
      <div className={styles['scroll']} tabIndex={0} role="group" aria-label="In figures">
        <table className={styles['table']} data-testid="experiment-table">
          <thead>
            <tr>
              {table.heads.map((head) => (
                <th key={head} scope="col">
                  {head}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {table.rows.map((cells, row) => (
              <tr key={row}>
                {cells.map((cell, column) => (
                  <td key={table.heads[column]}>{cell}</td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <p className={styles['actions']}>
        <CopyButton text={() => `${markdownTable(table).join('\n')}\n`}>Markdown</CopyButton>
        <CopyButton text={() => csvTable(table)}>CSV</CopyButton>
        <CopyButton text={() => latexTable(table)}>LaTeX</CopyButton>
        <Button
          small
          kind="quiet"
          icon={Download}
          label="Save the table as CSV"
          onClick={() => saveFile(`${fileName}.csv`, csvTable(table), 'text/csv')}
        >
          Save
        </Button>
      </p>
    </section>
  );
}
