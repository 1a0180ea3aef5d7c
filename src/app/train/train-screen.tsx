import { Repeat2 } from 'lucide-react';
import { memo } from 'react';
import { formatDuration } from '../../base/units.ts';
import { recipeIdentity } from '../../distill/recipe.ts';
import type { RunRecord } from '../../store/records.ts';
import { machineWords } from '../frame/machine-words.ts';
import { ScreenHead } from '../frame/screen-head.tsx';
import { useRunWords } from '../state/use-run-words.ts';
import { lastOf } from '../state/last-of.ts';
import { FailedRun } from '../parts/failed-run.tsx';
import { Mirror } from '../parts/mirror.tsx';
import { InterruptedRuns } from '../parts/interrupted-runs.tsx';
import { hashOf } from '../routes.ts';
import { NoTestRows } from '../parts/no-test-rows.tsx';
import { studio } from '../state/studio.ts';
import { currentRun, useStudio, type StudioState, type TrainView } from '../state/studio-store.ts';
import { Button } from '../ui/button.tsx';
import { SegmentedControl } from '../ui/segmented-control.tsx';
import { ErrorNotice, Notice } from '../ui/notice.tsx';
import { plural, recipeWords } from '../words.ts';
import { Curves } from './curves.tsx';
import { AddPieces } from './add-pieces.tsx';
import { foreignRows, lostLabelNote } from './foreign-rows.ts';
import { repeatRun } from '../state/form-source.ts';
import { FormSourceNotice } from './form-source-notice.tsx';
import { Explanations } from './explanations.tsx';
import { ActionButton } from '../actions/action-button.tsx';
import { startObstacle, startTraining } from '../actions/start-training.ts';
import { paceOf } from '../state/pace.ts';
import { PresetDiffList } from './preset-diff-list.tsx';
import { RecipeCopies } from './recipe-copies.tsx';
import { readDraft } from '../recipe/recipe-draft.ts';
import { RecordedRun } from './recorded-run.tsx';
import { RecipeSentence, RunSentence } from './recipe-sentence.tsx';
import { RightNow } from './right-now.tsx';
import { useSettingsOpen } from '../state/settings-open.ts';
import styles from './train-screen.module.css';
import { useRecipeLink } from './use-recipe-link.ts';
import { afterStart, later } from '../ui/later.tsx';

/** The recipe, the two curves, and what the run does now. */
export function TrainScreen() {
  useRecipeLink();
  const run = useStudio(currentRun);
  const liveRunId = useStudio((state) => state.liveRunId);
  const obstacle = useStudio(startObstacle);
  const live = run !== null && run.id === liveRunId;
  const wanted = useStudio((state) => state.trainView);
  const view = run === null ? 'next' : live ? 'run' : wanted;
  const formIsOfRun = useStudio((state) => run !== null && !live && isFormOf(run, state));
  return (
    <>
      <ScreenHead
        station="Train"
        name={view === 'run' ? (run?.name ?? null) : null}
        actions={<ActionButton action={startTraining} kind="primary" />}
      >
        {run && view === 'run' && <RunLine run={run} />}
      </ScreenHead>
      {run === null && (
        <p className={styles['purpose']}>
          Stillroom teaches a small language model to answer like a large one, from the large one’s own
          reasons, in this browser tab.
        </p>
      )}
      <InterruptedRuns />
      {run && <NoRoom run={run} />}
      {run && <FailedRun run={run} />}
      {run && <Mirror run={run} />}
      {run?.state.phase === 'done' && run.state.problem && <ErrorNotice error={run.state.problem} />}
      <FormSourceNotice live={live} />
      {run !== null && !live && <ViewSwitch run={run} view={view} />}
      {view === 'next' && <NoTestRows />}
      <section className={styles['recipe']} aria-label="Recipe">
        {/* One element in both, so that a word keeps the focus while it is changed. */}
        {run === null || view === 'next' || formIsOfRun ? <RecipeSentence /> : <RunSentence run={run} />}
        {view === 'next' && <NextRecipe obstacle={obstacle} />}
      </section>
      {run === null && <NoGpu />}
      {run === null && <RecordedRun />}
      {run !== null && view === 'run' && (
        <>
          {!live && (
            <div className={styles['shown']}>
              <p>
                {recipeWords(run.recipe)}, on {plural(run.trainRows, 'row')} of {run.datasetName}.
              </p>
              <Button
                small
                icon={Repeat2}
                onClick={() => {
                  repeatRun(run);
                  window.scrollTo(0, 0);
                }}
              >
                Repeat with changes
              </Button>
            </div>
          )}
          <div className={styles['columns']}>
            <div className={styles['main']}>
              <Curves key={run.id} run={run} />
              <WatchItLearn key={`${run.id} watched`} run={run} />
            </div>
            <aside className={styles['margin']} aria-label="Figures of the run">
              <RightNow run={run} />
              <TellAtEnd />
              <p className={styles['to-ask']}>
                <a href={hashOf('compare')}>Ask it a question</a>
              </p>
            </aside>
          </div>
        </>
      )}
      <Explanations />
    </>
  );
}

/** One of the two at a time: else whose curves and whose recipe these are takes a second look. */
function ViewSwitch({ run, view }: { run: RunRecord; view: TrainView }) {
  return (
    <div className={styles['view']}>
      <SegmentedControl
        legend="What is shown"
        segments={[
          { value: 'run', label: run.name },
          { value: 'next', label: 'The next run' },
        ]}
        value={view}
        onChange={(next) => studio.setTrainView(next)}
      />
    </div>
  );
}

/** Whether the form says what this run was trained with: its sentence can be changed where it is then. */
function isFormOf(run: RunRecord, { draft, datasetId, studentId }: StudioState): boolean {
  if (run.datasetId !== datasetId || run.studentId !== studentId) return false;
  const { recipe } = readDraft(draft);
  return recipe !== null && recipeIdentity(recipe) === recipeIdentity(run.recipe);
}

function RunLine({ run }: { run: RunRecord }) {
  const metrics = useStudio((state) => state.metrics);
  const { hold, words } = useRunWords(run);
  const points = metrics.runId === run.id ? metrics.points : [];
  const elapsedMs = lastOf(points)?.elapsedMs ?? 0;
  const pace = paceOf(points, run.recipe.steps);
  const asked = useStudio((state) => state.asked);
  const going = hold === 'here' && asked === null && run.state.phase === 'training';
  return (
    <p data-testid="run-state">
      {hold === 'here' && <span className={styles['dot']} aria-hidden="true" />}
      {words}
      {elapsedMs > 0 && ` · ${formatDuration(elapsedMs)}`}
      {going && (pace ? `, ${formatDuration(pace.leftMs)} to go` : <TimeLeft run={run} />)}
    </p>
  );
}

const ForecastLines = afterStart(() => import('./forecast-lines.tsx').then((module) => module.ForecastLines));
const TellAtEnd = later(() => import('../parts/tell-at-end.tsx').then((module) => module.TellAtEnd));
const TimeLeft = later(() => import('./time-left.tsx').then((module) => module.TimeLeft));
const RecipeForm = later(() => import('./recipe-form.tsx').then((module) => module.RecipeForm));
const WatchItLearn = later(() => import('./watch-it-learn.tsx').then((module) => module.WatchItLearn));
const NoRoom = later(() => import('../parts/no-room.tsx').then((module) => module.NoRoom));

/** What is said of the recipe of the run to come, and all of its settings. The steps of a run change nothing of it. */
const NextRecipe = memo(function NextRecipe({ obstacle }: { obstacle: string | null }) {
  // What is wrong with the recipe is at the sentence already.
  const valid = useStudio((state) => readDraft(state.draft).recipe !== null);
  const foreign = useStudio(foreignRows);
  const lostLabels = useStudio(lostLabelNote);
  const [settingsOpen, openSettings] = useSettingsOpen();
  return (
    <>
      <PresetDiffList />
      <ForecastLines />
      <RecipeCopies />
      {obstacle !== null && valid && <p className={styles['hint']}>{obstacle}</p>}
      {foreign !== null && (
        <Notice kind="warning">
          <p data-testid="foreign-rows">{foreign}</p>
        </Notice>
      )}
      {lostLabels !== null && (
        <Notice kind="warning">
          <p data-testid="lost-labels">{lostLabels}</p>
          <AddPieces />
        </Notice>
      )}
      <details
        className={styles['settings']}
        open={settingsOpen}
        onToggle={(event) => openSettings(event.currentTarget.open)}
      >
        <summary>All settings</summary>
        {settingsOpen && <RecipeForm />}
      </details>
    </>
  );
});

/** Calm: training works without a GPU, only slower. */
function NoGpu() {
  const machine = useStudio((state) => state.machine);
  const chosen = useStudio((state) => state.backend);
  if (machine === null || machine.gpu.kind === 'hardware' || chosen !== null) return null;
  return (
    <Notice kind="info">
      <p>{machineWords(machine)} A small student trains well on it; a large one takes a GPU.</p>
    </Notice>
  );
}
