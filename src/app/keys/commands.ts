/** What the palette offers: the screens, what can be done now, and the runs. Pure but for what each does when chosen. */
import { presets } from '../../distill/recipe.ts';
import { openPanel } from '../state/panels.ts';
import { nameOfRoute, navigate, routes } from '../routes.ts';
import { currentDataset, liveRun, type StudioState } from '../state/studio-store.ts';
import { studio } from '../state/studio.ts';
import { applyTheme, themes } from '../theme.ts';
import { pauseObstacle, startObstacle, stopObstacle } from '../state/obstacles.ts';
import { draftOf } from '../recipe/recipe-draft.ts';
import { recipeWords, stateWords } from '../words.ts';
import type { KeyId } from './keys.ts';

export interface Command {
  id: string;
  kind: 'screen' | 'action' | 'run';
  name: string;
  /** What tells it from its like. */
  detail?: string;
  /** The key that does the same. */
  keyId?: KeyId;
  /** Why it cannot be done now; null where it can. */
  reason: string | null;
  act: () => void;
}

export function commandsOf(state: StudioState): Command[] {
  return [...screenCommands(), ...runUnderWay(state), ...actions(state), ...runCommands(state)];
}

/** As `commandsOf`, and the very same list again while nothing that it shows has changed. */
export function steadyCommands(): (state: StudioState) => Command[] {
  let last: Command[] = [];
  return (state) => {
    const next = commandsOf(state);
    // What a command does follows from what is shown of it; functions have no text here.
    if (JSON.stringify(next) !== JSON.stringify(last)) last = next;
    return last;
  };
}

function screenCommands(): Command[] {
  return routes.map((route) => ({
    id: `screen-${route}`,
    kind: 'screen',
    name: nameOfRoute(route),
    keyId: `go-${route}`,
    reason: null,
    act: () => navigate(route),
  }));
}

/** What can be asked of the run under way, or the beginning of one. */
function runUnderWay(state: StudioState): Command[] {
  const run = liveRun(state);
  if (run === null) {
    return [
      {
        id: 'start',
        kind: 'action',
        name: (currentDataset(state)?.sample ?? true) ? 'Train on the sample' : 'Start training',
        reason: startObstacle(state),
        act: () => {
          navigate('train');
          void studio.startRun();
        },
      },
    ];
  }
  const paused = run.state.phase === 'paused';
  const commands: Command[] = [
    {
      id: 'pause',
      kind: 'action',
      name: paused ? 'Resume' : 'Pause',
      detail: run.name,
      keyId: 'pause',
      reason: paused ? null : pauseObstacle(run.state),
      act: () => (paused ? studio.resume() : studio.pause()),
    },
    {
      id: 'stop',
      kind: 'action',
      name: 'Stop and keep',
      detail: run.name,
      reason: stopObstacle(run.state),
      act: () => studio.stop(),
    },
  ];
  if (run.state.phase === 'evaluating') {
    commands.push({
      id: 'skip',
      kind: 'action',
      name: 'Skip this measurement',
      detail: run.name,
      reason: null,
      act: () => studio.skipEvaluation(),
    });
  }
  return commands;
}

function actions(state: StudioState): Command[] {
  return [
    ...presets.map((preset): Command => ({
      id: `preset-${preset.name}`,
      kind: 'action',
      name: `Take the ${preset.title} preset`,
      detail: recipeWords(preset.recipe),
      reason: null,
      act: () => {
        studio.setDraft(draftOf(preset.recipe));
        navigate('train');
      },
    })),
    {
      id: 'sample',
      kind: 'action',
      name: 'Use the sample',
      reason: state.requests.data.busy ? 'Rows are still being read.' : null,
      act: () => {
        navigate('data');
        void studio.useSample();
      },
    },
    ...themes.map(({ value, label }): Command => ({
      id: `theme-${value}`,
      kind: 'action',
      name: value === 'system' ? 'Theme as the system has it' : `${label} theme`,
      reason: null,
      act: () => applyTheme(value),
    })),
    {
      id: 'machine',
      kind: 'action',
      name: 'This machine',
      reason: null,
      act: () => openPanel('machine'),
    },
    {
      id: 'keys',
      kind: 'action',
      name: 'Show all keys',
      keyId: 'show-keys',
      reason: null,
      act: () => openPanel('keys'),
    },
  ];
}

function runCommands(state: StudioState): Command[] {
  return state.runs.map((run) => ({
    id: `run-${run.id}`,
    kind: 'run',
    name: run.name,
    detail: `${recipeWords(run.recipe)}, ${stateWords(run.state)}`,
    reason: null,
    act: () => {
      void studio.selectRun(run.id);
      navigate('train');
    },
  }));
}

/** Commands that hold every word typed; those whose name begins with what was typed come first. */
export function findCommands(commands: readonly Command[], typed: string): Command[] {
  const text = typed.trim().toLowerCase();
  if (text === '') return [...commands];
  const words = text.split(/\s+/);
  const rank = ({ name }: Command): number => {
    const lower = name.toLowerCase();
    if (lower.startsWith(text)) return 0;
    return words.every((word) => lower.includes(word)) ? 1 : 2;
  };
  return commands
    .filter(({ kind, name, detail = '' }) => {
      const whole = `${name} ${detail} ${kind}`.toLowerCase();
      return words.every((word) => whole.includes(word));
    })
    .toSorted((a, b) => rank(a) - rank(b));
}
