import { ListChecks, Send } from 'lucide-react';
import { useRef, useState } from 'react';
import { formatBytes, formatDuration } from '../../base/units.ts';
import { onnxStorages, type OnnxStorage } from '../../export/onnx/matrices.ts';
import { writtenFloats, type WrittenFloat } from '../../formats/safetensors-writer.ts';
import type { ToldPlan } from '../../frames/hub.ts';
import type { RunRecord } from '../../store/records.ts';
import { HubFields, hostOf } from '../parts/hub-fields.tsx';
import { HubBusy } from '../parts/hub-look-up.tsx';
import hub from '../parts/hub.module.css';
import { studio } from '../state/studio.ts';
import { useStudio } from '../state/studio-store.ts';
import { Button } from '../ui/button.tsx';
import { CheckField } from '../ui/check-field.tsx';
import { SelectField, TextField } from '../ui/field.tsx';
import { ErrorNotice } from '../ui/notice.tsx';
import { plural } from '../words.ts';
import { useObstacle } from './obstacle.ts';
import {
  dismissPublishError,
  planPublish,
  sendPublish,
  stopPublish,
  usePublish,
  type Publishing,
} from './publish-store.ts';
import styles from './publish.module.css';

const floatWords = {
  f32: 'f32, exact',
  f16: 'f16, half the size',
  bf16: 'bf16, half the size',
} as const satisfies Record<WrittenFloat, string>;
const onnxWords = {
  f32: 'f32, exact',
  f16: 'f16, half the size',
  w8: 'w8, a quarter of the size',
  q8: 'q8, fast, not exact',
} as const satisfies Record<OnnxStorage, string>;

/** The student as a repository on a hub: listed first, sent when a person says so. */
export function PublishForm({ run }: { run: RunRecord }) {
  const [name, setName] = useState('');
  const [dtype, setDtype] = useState<WrittenFloat>('f32');
  const [storage, setStorage] = useState<OnnxStorage | null>(null);
  const [isPrivate, setPrivate] = useState(true);
  const [endpoint, setEndpoint] = useState('');
  const token = useRef<HTMLInputElement>(null);
  const { runId, now, error } = usePublish();
  const packing = useStudio((state) => state.requests.publish);
  const obstacle = useObstacle(run);
  const isMine = runId === run.id;
  const isBusy = now.phase === 'packing' || now.phase === 'asking' || now.phase === 'sending';
  const busyWords = isMine ? 'It is under way.' : 'Another run’s student is on its way.';
  const reason = isBusy ? busyWords : (obstacle ?? (name.trim() === '' ? 'Name a repository first.' : null));
  const list = (): void =>
    void planPublish({ runId: run.id, dtype, storage, name, endpoint, token: token.current?.value ?? '' });
  return (
    <div className={styles['publish']}>
      <p className={styles['words']}>
        The folder with its card, the recipe and examples, as one commit; with ONNX beside it if you wish. A
        repository that is not there is made. What would be sent is listed first, and nothing is sent before
        you say so.
      </p>
      <div className={styles['fields']}>
        {/* A form of one field, so that Enter lists. */}
        <form
          onSubmit={(event) => {
            event.preventDefault();
            if (reason === null) list();
          }}
        >
          <TextField
            label="Repository"
            meaning={`OWNER/NAME on ${hostOf(endpoint)}, the owner being you or an organisation of yours.`}
            value={name}
            onChange={setName}
          />
        </form>
        <SelectField
          label="Weights"
          options={writtenFloats.map((value) => ({ value, label: floatWords[value] }))}
          value={dtype}
          onChange={(value) => setDtype(value as WrittenFloat)}
        />
        <SelectField
          label="ONNX beside them"
          options={[
            { value: '', label: 'none' },
            ...onnxStorages.map((value) => ({ value, label: onnxWords[value] })),
          ]}
          value={storage ?? ''}
          onChange={(value) => setStorage(value === '' ? null : (value as OnnxStorage))}
        />
      </div>
      <HubFields
        token={token}
        tokenMeaning="One that may write there."
        endpoint={endpoint}
        onEndpoint={setEndpoint}
      />
      <div>
        <Button icon={ListChecks} reason={reason} onClick={list}>
          List what would be sent
        </Button>
      </div>
      {isMine && error && <ErrorNotice error={error} onDismiss={dismissPublishError} />}
      {isMine && packing.error && (
        <ErrorNotice error={packing.error} onDismiss={() => studio.dismiss('publish')} />
      )}
      {isMine && <Course now={now} packing={packing.progress} isPrivate={isPrivate} onPrivate={setPrivate} />}
    </div>
  );
}

interface CourseProps {
  now: Publishing;
  packing: { what: string; done: number; total: number } | null;
  isPrivate: boolean;
  onPrivate: (isPrivate: boolean) => void;
}

/** What is under way, or what would be. */
function Course({ now, packing, isPrivate, onPrivate }: CourseProps) {
  switch (now.phase) {
    case 'idle':
      return null;
    case 'packing':
      return (
        <HubBusy
          onStop={stopPublish}
          label={packing?.what ?? 'packing'}
          done={packing?.done ?? 0}
          total={packing?.total ?? 0}
        />
      );
    case 'asking':
      return <HubBusy onStop={stopPublish} label="asking what is there" done={0} total={0} />;
    case 'planned':
      return (
        <div className={hub['found']}>
          <Plan plan={now.plan} address={now.address} />
          {now.plan.commit === null && (
            <CheckField
              label="Private"
              meaning="Read by you, or by your organisation, alone; the hub’s settings change it later."
              checked={isPrivate}
              onChange={onPrivate}
            />
          )}
          <Say plan={now.plan} isPrivate={isPrivate} />
        </div>
      );
    case 'sending': {
      const { progress, leftMs } = now;
      const words = progress?.what ?? 'sending';
      return (
        <div className={hub['found']}>
          <Plan plan={now.plan} address={now.address} />
          <HubBusy
            onStop={stopPublish}
            label={leftMs === null ? words : `${words}, ${formatDuration(leftMs)} left`}
            done={progress?.doneBytes ?? 0}
            total={progress?.totalBytes ?? 0}
          >
            {progress !== null && (
              <p className={styles['hint']}>
                {formatBytes(progress.doneBytes)} of {formatBytes(progress.totalBytes)}
              </p>
            )}
          </HubBusy>
        </div>
      );
    }
    case 'sent':
      return (
        <p role="status">
          It is there:{' '}
          <a href={now.address} target="_blank" rel="noreferrer" translate="no">
            {now.address}
          </a>
          , commit <code>{now.commit.slice(0, 7)}</code>.
        </p>
      );
    default:
      return now satisfies never;
  }
}

const fateWords = { new: 'new', changed: 'changed', same: 'there already' } as const;

function Plan({ plan, address }: { plan: ToldPlan; address: string }) {
  return (
    <>
      <h3 translate="no">{plan.name}</h3>
      <p className={styles['hint']}>
        {plan.commit === null ? (
          <>There is no {address}: it is to be made.</>
        ) : (
          <>
            {address} is at <code>{plan.commit.slice(0, 7)}</code>.
          </>
        )}
      </p>
      <table className={styles['files']}>
        <thead>
          <tr>
            <th scope="col">file</th>
            <th scope="col">size</th>
            <th scope="col">there</th>
          </tr>
        </thead>
        <tbody translate="no">
          {plan.files.map(({ path, sizeBytes, fate }) => (
            <tr key={path} className={fate === 'same' ? styles['same'] : undefined}>
              <th scope="row">{path}</th>
              <td>{formatBytes(sizeBytes)}</td>
              <td>{fateWords[fate]}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {plan.kept.length > 0 && (
        <p className={styles['hint']}>
          Left as {plan.kept.length === 1 ? 'it is' : 'they are'} there: {plan.kept.join(', ')}.
        </p>
      )}
    </>
  );
}

/** The word that sends. */
function Say({ plan, isPrivate }: { plan: ToldPlan; isPrivate: boolean }) {
  const sent = plan.files.filter(({ fate }) => fate !== 'same');
  if (plan.commit !== null && sent.length === 0)
    return <p>There is nothing to send: all of it is there already.</p>;
  const bytes = sent.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  const how = plan.commit !== null ? '' : isPrivate ? ', private' : ', for everybody to read';
  return (
    <div>
      <Button kind="primary" icon={Send} onClick={() => void sendPublish(isPrivate)}>
        Send {plural(sent.length, 'file')}, {formatBytes(bytes)}
        {how}
      </Button>
    </div>
  );
}
