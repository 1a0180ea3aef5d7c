/** What each station says of itself in the rail: together they are a status board. */
import { shareOf } from '../../distill/score.ts';
import { formatCount, formatParameters, formatPercent } from '../../base/units.ts';
import {
  currentDataset,
  currentRun,
  currentStudent,
  liveRun,
  type StudioState,
} from '../state/studio-store.ts';
import { alarmed } from '../state/alarmed.ts';
import { lastOf } from '../state/last-of.ts';
import { weightsStep } from '../../store/records.ts';
import type { Route } from '../routes.ts';
import { plural, rowWords } from '../words.ts';

export interface StationLine {
  words: string;
  /** True once there is something at the station. */
  reached: boolean;
}

const notYet = (words: string): StationLine => ({ words, reached: false });
const reached = (words: string): StationLine => ({ words, reached: true });

export function stationLine(route: Route, state: StudioState): StationLine {
  const run = liveRun(state) ?? currentRun(state);
  switch (route) {
    case 'data': {
      const dataset = currentDataset(state);
      if (state.requests.data.busy) return notYet('reading …');
      if (dataset === null) return notYet('drop your files');
      if (dataset.files.some((file) => file.unread !== undefined)) return notYet('which column is what?');
      if (alarmed(dataset)) return notYet('check the join');
      return dataset.problems.length > 0 ? notYet('needs a look') : reached(rowWords(dataset));
    }
    case 'teacher': {
      const train = currentDataset(state)?.splits.train ?? null;
      if (train === null) return notYet('after the rows');
      if (train.rationales === 0) return notYet('no reasons yet');
      return reached(
        train.rationales === train.rows
          ? 'every row has a reason'
          : `${formatCount(train.rationales)} of ${formatCount(train.rows)} have one`,
      );
    }
    case 'student': {
      const student = currentStudent(state);
      return student === null
        ? notYet('choose one')
        : reached(`${student.name} · ${formatParameters(student.parameters)}`);
    }
    case 'train':
      if (run === null) return notYet('not yet');
      return reached(
        run.id === state.liveRunId
          ? `step ${formatCount(run.step)} of ${formatCount(run.recipe.steps)}`
          : plural(run.step, 'step'),
      );
    case 'compare': {
      const share = distilledShare(state);
      if (share === null) return notYet('after training');
      const teacher = run?.comparison?.teacher ?? null;
      const words = formatPercent(share, 0);
      return reached(
        teacher === null ? words : `${words} · teacher ${formatPercent(teacher.correct / teacher.total, 0)}`,
      );
    }
    case 'take-away': {
      const step = run === null ? null : weightsStep(run);
      return step === null ? notYet('after training') : reached(`weights of step ${formatCount(step)}`);
    }
    case 'runs':
    case 'experiments':
    case 'storage':
      return { words: formatCount(state.runs.length), reached: state.runs.length > 0 };
    case 'bench':
      return state.bench === null ? notYet('not yet') : reached(`${state.bench.model} measured`);
    default:
      return route satisfies never;
  }
}

/** The distilled student's latest accuracy: compared, else measured on the way. */
function distilledShare(state: StudioState): number | null {
  const run = liveRun(state) ?? currentRun(state);
  const score = run === null ? null : (run.comparison?.distilled ?? lastOf(run.evaluations) ?? null);
  return score === null || score.total === 0 ? null : shareOf(score);
}
