import { Boxes, Braces, Link, SquareTerminal } from 'lucide-react';
import { pythonRecipe } from '../../export/python-recipe.ts';
import { trainCommand } from '../../export/train-command.ts';
import type { TrainJob } from '../../export/train-job.ts';
import { ProjectProgress } from '../parts/project-progress.tsx';
import { newRun } from '../state/new-run.ts';
import { saveProject } from '../state/project-actions.ts';
import { currentDataset, currentStudent, studioStore, useStudio } from '../state/studio-store.ts';
import { Button } from '../ui/button.tsx';
import { CopyButton } from '../ui/copy-button.tsx';
import { readDraft } from '../recipe/recipe-draft.ts';
import { hubPrefix } from '../../hub/hub-name.ts';
import { bundledStudentId, sampleDatasetId } from '../../worker/protocol.ts';
import { recipeHash } from '../recipe/recipe-link.ts';
import styles from './recipe-copies.module.css';
import { readJob } from './train-job.ts';

/** The run to come, to be done elsewhere: as a command, as Python, as a project, as a link. */
export function RecipeCopies() {
  const obstacle = useStudio((state) => readJob(state).obstacle);
  const packing = useStudio((state) => (state.requests.project.busy ? 'A project is being packed.' : null));
  const invalid = useStudio((state) => readDraft(state.draft).recipe === null);
  return (
    <div className={styles['copies']} role="group" aria-label="Take this recipe elsewhere">
      <CopyButton icon={SquareTerminal} reason={obstacle} text={() => jobAs(trainCommand)}>
        Copy as command
      </CopyButton>
      <CopyButton icon={Braces} reason={obstacle} text={() => jobAs(pythonRecipe)}>
        Copy as Python
      </CopyButton>
      <Button small kind="quiet" icon={Boxes} reason={obstacle ?? packing} onClick={takeProject}>
        Copy as project
      </Button>{' '}
      <CopyButton icon={Link} reason={invalid ? 'Fix the recipe first.' : null} text={linkToRecipe}>
        Copy link to recipe
      </CopyButton>
      <ProjectProgress />
    </div>
  );
}

/** Recipe, rows, student and a loop in PyTorch for more machines than one, as a zip. */
function takeProject(): void {
  const run = newRun(studioStore.getState());
  if (run !== null) void saveProject({ run });
}

function jobAs(words: (job: TrainJob) => string): string {
  const { job } = readJob(studioStore.getState());
  return job === null ? '' : words(job);
}

/** Recipe, seed, and the places of student and rows that everybody can have; never anything of this machine. */
function linkToRecipe(): string {
  const state = studioStore.getState();
  const { recipe } = readDraft(state.draft);
  if (recipe === null) return location.href;
  const [student, dataset] = [currentStudent(state), currentDataset(state)];
  const places = {
    student: student?.hub === undefined ? bundled(student, bundledStudentId) : hubPrefix + student.hub,
    data: dataset?.hub === undefined ? bundled(dataset, sampleDatasetId) : hubPrefix + dataset.hub,
  };
  return new URL(recipeHash(recipe, places), location.href).href;
}

/** The id of what comes with the studio; null of what is this person's own. */
function bundled(record: { id: string } | null, id: string): string | null {
  return record?.id === id ? id : null;
}
