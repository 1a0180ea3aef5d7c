import { ArrowRight, Download, GitCompareArrows } from 'lucide-react';
import { useEffect, useState, useSyncExternalStore } from 'react';
import { formatCount } from '../../base/units.ts';
import type { Prediction } from '../../distill/run-state.ts';
import { predictionsJsonLines } from '../../export/tables.ts';
import type { Recipe } from '../../distill/recipe.ts';
import { measuredRecipe, type RunRecord } from '../../store/records.ts';
import { saveFile } from '../download.ts';
import { ScreenHead } from '../frame/screen-head.tsx';
import { useRunWords } from '../state/use-run-words.ts';
import { useDroppedPredictions } from '../state/dropped-predictions.ts';
import { hashOf, onHashChange } from '../routes.ts';
import { studio } from '../state/studio.ts';
import { currentRun, studioStore, useStudio } from '../state/studio-store.ts';
import { generationText, generationWords } from '../recipe/generation-draft.ts';
import { NoTestRows } from '../parts/no-test-rows.tsx';
import { readTestRows } from '../recipe/recipe-draft.ts';
import { Button, LinkButton } from '../ui/button.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { EmptyState } from '../ui/empty-state.tsx';
import { ErrorNotice } from '../ui/notice.tsx';
import { Progress } from '../ui/progress.tsx';
import { phaseWords, plural } from '../words.ts';
import { AskIt } from './ask-it.tsx';
import { compareObstacle } from './compare-obstacle.ts';
import styles from './compare-screen.module.css';
import { parseExampleAddress } from './example-address.ts';
import { DroppedComparison } from './dropped-comparison.tsx';
import { EmptyLedger } from './empty-ledger.tsx';
import { Ledger } from './ledger-view.tsx';
import { MetricsTable } from './metrics-table.tsx';
import { replacedComparison, type ReplacedComparison } from './replaced-comparison.ts';
import { ThreeNumbers } from './three-numbers.tsx';
import { usePredictions } from './use-predictions.ts';

/** Base, distilled and teacher on the same rows: three numbers, and the ledger that they come from. */
export function CompareScreen() {
  const dropped = useDroppedPredictions((state) => state.dropped);
  const error = useStudio((state) => state.requests.compare.error);
  if (dropped === null) return <RunComparison />;
  return (
    <>
      <ScreenHead station="Compare" name={dropped.fileName} actions={null} />
      {error && <ErrorNotice error={error} onDismiss={() => studio.dismiss('compare')} />}
      <DroppedComparison dropped={dropped} />
    </>
  );
}

function RunComparison() {
  const run = useStudio(currentRun);
  const request = useStudio((state) => state.requests.compare);
  const predictions = usePredictions(run);
  const { words } = useRunWords(run);
  useAskedRun();
  return (
    <>
      <ScreenHead
        station="Compare"
        name={run?.name ?? null}
        actions={
          run?.comparison && (
            <>
              <LinkButton href={hashOf('train')}>Train again</LinkButton>
              <LinkButton kind="primary" icon={ArrowRight} href={hashOf('take-away')}>
                Take the weights
              </LinkButton>
            </>
          )
        }
      >
        {run && <p>{words}</p>}
      </ScreenHead>
      {request.error && <ErrorNotice error={request.error} onDismiss={() => studio.dismiss('compare')} />}
      {run && <Comparing run={run} />}
      {run?.comparison ? (
        <>
          <ThreeNumbers comparison={run.comparison} recipe={run.recipe} predictions={predictions} />
          <MetricsTable comparison={run.comparison} />
          <div className={styles['now']}>
            <CompareNow run={run} />
            {predictions && predictions.length > 0 && <SavePredictions run={run} predictions={predictions} />}
          </div>
          <AskIt key={run.id} run={run} predictions={predictions} />
          {predictions && predictions.length > 0 && (
            <Ledger key={`${run.id}${run.comparison.step}`} runId={run.id} predictions={predictions} />
          )}
        </>
      ) : (
        <>
          <NoTestRows />
          <NothingYet run={run} />
          {run && <AskIt key={run.id} run={run} predictions={predictions} />}
        </>
      )}
    </>
  );
}

/** An address that names an example of another run shows that run. */
function useAskedRun(): void {
  const hash = useSyncExternalStore(onHashChange, () => location.hash);
  const asked = parseExampleAddress(hash)?.runId ?? null;
  const runs = useStudio((state) => state.runs);
  const known = asked !== null && runs.some((run) => run.id === asked);
  useEffect(() => {
    if (known && studioStore.getState().runId !== asked) void studio.selectRun(asked);
  }, [asked, known]);
}

/** How far a comparison under way is. */
function Comparing({ run }: { run: RunRecord }) {
  const live = useStudio((state) => state.liveRunId === run.id);
  const { state } = run;
  if (!live || state.phase !== 'evaluating') return null;
  return <Progress label={phaseWords(state)} done={state.done} total={state.total} />;
}

function CompareNow({ run }: { run: RunRecord }) {
  const [text, setText] = useState('');
  const rows = readTestRows(text);
  const obstacle = useStudio((state) => compareObstacle(state, run, rows));
  const [replaced, setReplaced] = useState<ReplacedComparison | null>(null);
  const choices = useGenerations(run);
  const [chosen, setChosen] = useState<string | null>(null);
  const generation = choices.find(({ text }) => text === chosen) ?? choices[0]!;
  const compare = (): void => {
    if (rows !== undefined) void studio.compare(run.id, rows, generation.settings);
  };
  return (
    <div className={styles['ask']}>
      <label className={styles['rows']}>
        Test rows
        <input
          className={styles['input']}
          type="text"
          inputMode="numeric"
          placeholder="all"
          aria-invalid={rows === undefined || undefined}
          value={text}
          onChange={(event) => setText(event.target.value)}
        />
      </label>
      {choices.length > 1 && (
        <label className={styles['rows']}>
          Answers
          <select
            className={styles['input']}
            value={generation.text}
            onChange={(event) => setChosen(event.target.value)}
          >
            {choices.map((one) => (
              <option key={one.text} value={one.text}>
                {generationWords(one.text)}
              </option>
            ))}
          </select>
        </label>
      )}
      <Button
        icon={GitCompareArrows}
        reason={obstacle}
        onClick={() => {
          const larger = rows === undefined ? null : replacedComparison(studioStore.getState(), run, rows);
          if (larger === null) compare();
          else setReplaced(larger);
        }}
      >
        Compare now
      </Button>
      {replaced !== null && (
        <Dialog
          title={`Replace a comparison on ${plural(replaced.before, 'row')}?`}
          onClose={() => setReplaced(null)}
          confirm={{ label: `Compare on ${plural(replaced.after, 'row')}`, act: compare }}
        >
          <p>
            A run keeps one comparison. The new one, on {plural(replaced.after, 'row')}, takes the place of
            the one that is shown, with its answers and their test. That cannot be undone; save its
            predictions first, or leave the field empty to compare on all test rows.
          </p>
        </Dialog>
      )}
      {obstacle !== null && <p className={styles['hint']}>{obstacle}</p>}
    </div>
  );
}

/** How answers may be chosen: as they were measured, first; greedily; as the student's own folder asks. */
function useGenerations(run: RunRecord): { text: string; settings: Recipe['generation'] }[] {
  const own = useStudio((state) => state.students.find(({ id }) => id === run.studentId)?.ownGeneration);
  const measured = measuredRecipe(run).generation ?? null;
  const all = [measured, run.recipe.generation ?? null, null, own ?? null];
  return [...new Map(all.map((settings) => [generationText(settings), settings]))].map(
    ([text, settings]) => ({
      text,
      settings,
    }),
  );
}

function SavePredictions({ run, predictions }: { run: RunRecord; predictions: readonly Prediction[] }) {
  return (
    <Button
      icon={Download}
      onClick={() =>
        saveFile(`${run.name}-predictions.jsonl`, predictionsJsonLines(predictions), 'application/jsonl')
      }
    >
      Save {formatCount(predictions.length)} predictions
    </Button>
  );
}

function NothingYet({ run }: { run: RunRecord | null }) {
  return (
    <EmptyState
      picture={<EmptyLedger />}
      action={
        run === null ? (
          <LinkButton kind="primary" href={hashOf('train')}>
            To training
          </LinkButton>
        ) : (
          <CompareNow run={run} />
        )
      }
    >
      {run === null
        ? 'After training, base, distilled and teacher stand here side by side, question by question.'
        : 'When the run ends, base, distilled and teacher are compared; a paused run can be compared at once.'}
    </EmptyState>
  );
}
