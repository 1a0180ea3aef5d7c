import { X } from 'lucide-react';
import type { RunRecord } from '../../store/records.ts';
import { ScreenHead } from '../frame/screen-head.tsx';
import { useRunWords } from '../state/use-run-words.ts';
import { hashOf } from '../routes.ts';
import { studio } from '../state/studio.ts';
import { currentRun, useStudio } from '../state/studio-store.ts';
import { NoTestRows } from '../parts/no-test-rows.tsx';
import { Button, LinkButton } from '../ui/button.tsx';
import { EmptyState } from '../ui/empty-state.tsx';
import { ErrorNotice } from '../ui/notice.tsx';
import { Progress } from '../ui/progress.tsx';
import { AboutForm } from './about-form.tsx';
import { DemoCard } from './demo-card.tsx';
import { EmptyPackage } from './empty-package.tsx';
import { ModelCard } from './model-card.tsx';
import { ProjectCard } from './project-card.tsx';
import { OnnxCard } from './onnx-card.tsx';
import { RecordCards } from './record-cards.tsx';
import styles from './take-away-screen.module.css';
import { ServerCard } from './server-card.tsx';
import { UseIt } from './use-it.tsx';
import { later } from '../ui/later.tsx';

const PublishForm = later<{ run: RunRecord }>(() =>
  import('./publish-form.tsx').then((module) => module.PublishForm),
);

/** What a run leaves behind, as files: the student itself, its curves, its answers, its recipe. */
export function TakeAwayScreen() {
  const run = useStudio(currentRun);
  const { words } = useRunWords(run);
  const request = useStudio((state) => state.requests.export);
  return (
    <>
      <ScreenHead station="Take away" name={run?.name ?? null}>
        {run && <p>{words}</p>}
      </ScreenHead>
      {request.error && <ErrorNotice error={request.error} onDismiss={() => studio.dismiss('export')} />}
      {request.busy && (
        <div className={styles['packing']}>
          <Progress
            label={request.progress?.what ?? 'packing the model'}
            done={request.progress?.done ?? 0}
            total={request.progress?.total ?? 0}
          />
          <Button small icon={X} onClick={() => studio.cancel('export')}>
            Cancel
          </Button>
        </div>
      )}
      {(run?.comparison ?? null) === null && <NoTestRows />}
      {run === null ? (
        <EmptyState
          picture={<EmptyPackage />}
          action={
            <LinkButton kind="primary" href={hashOf('train')}>
              To training
            </LinkButton>
          }
        >
          After training, the distilled student is taken away from here as a Hugging Face folder.
        </EmptyState>
      ) : (
        <Cards run={run} />
      )}
    </>
  );
}

function Cards({ run }: { run: RunRecord }) {
  return (
    <>
      <section className={styles['section']} aria-label="The model">
        <h2>The model</h2>
        <div className={styles['cards']}>
          <ModelCard
            run={run}
            dtype="f32"
            title="Full precision (f32)"
            words="The weights exactly as they were trained. Right for training on."
          />
          <ModelCard
            run={run}
            dtype="f16"
            title="Half precision (f16)"
            words="Half the size on disk; answers may differ in rare cases. For storage: compute in f32 or bf16, since T5’s activations overflow in f16."
          />
          <ModelCard
            run={run}
            dtype="bf16"
            title="Brain float (bf16)"
            words="Half the size and any magnitude, with three digits of precision. Right where f16 overflows."
          />
        </div>
        <UseIt run={run} />
        <AboutForm key={run.id} run={run} />
      </section>
      <section className={styles['section']} aria-label="Where it answers">
        <h2>Where it answers</h2>
        <div className={styles['cards']}>
          <OnnxCard run={run} />
          <DemoCard run={run} />
          <ServerCard run={run} />
        </div>
      </section>
      <section className={styles['section']} aria-label="On a hub">
        <h2>On a hub</h2>
        <PublishForm key={run.id} run={run} />
      </section>
      <section className={styles['section']} aria-label="The run">
        <h2>The run</h2>
        <div className={styles['cards']}>
          <ProjectCard run={run} />
          <RecordCards run={run} />
        </div>
      </section>
    </>
  );
}
