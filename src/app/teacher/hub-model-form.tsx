import { useEffect, useState } from 'react';
import { Download, Play, Search, Square, Trash2 } from 'lucide-react';
import { formatBytes } from '../../base/units.ts';
import { defaultEndpoint } from '../../hub/hub-name.ts';
import { filesOfVariant, type Precision } from '../../in-tab/model-folder.ts';
import type { TabModelRecord } from '../../store/tab-models.ts';
import { Button } from '../ui/button.tsx';
import { SelectField, TextField } from '../ui/field.tsx';
import { ErrorNotice } from '../ui/notice.tsx';
import { Progress } from '../ui/progress.tsx';
import {
  choosePrecision,
  dismissHubModelError,
  fetchModel,
  lookForKept,
  lookUpModel,
  openKept,
  removeKept,
  stopHubModel,
  useHubModel,
} from './hub-model.ts';
import styles from './setup-form.module.css';

/** A model of a hub: kept in this browser, or fetched into it once. */
export function HubModelForm() {
  const { phase, found, error, kept, gotBytes, totalBytes } = useHubModel();
  const [name, setName] = useState('');
  const [endpoint, setEndpoint] = useState('');
  useEffect(() => {
    void lookForKept();
  }, []);
  const host = URL.canParse(endpoint) ? new URL(endpoint).host : new URL(defaultEndpoint).host;
  return (
    <>
      {kept.length > 0 && (
        <ul className={styles['kept']} aria-label="Models in this browser">
          {kept.map((record) => (
            <Kept key={`${record.name} ${record.precision}`} record={record} />
          ))}
        </ul>
      )}
      <details className={styles['limits']}>
        <summary>Fetch one from a hub</summary>
        <div className={styles['fetch']}>
          <TextField
            label="Name on the hub"
            meaning={`Such as onnx-community/Qwen2.5-1.5B-Instruct. Nothing is asked of ${host} before you press.`}
            value={name}
            onChange={setName}
          />
          <TextField
            label="Address of another hub"
            meaning={`Empty for ${new URL(defaultEndpoint).host}.`}
            value={endpoint}
            onChange={setEndpoint}
          />
          <div>
            <Button
              icon={Search}
              reason={
                phase === 'idle'
                  ? name.trim() === ''
                    ? 'Name a model first.'
                    : null
                  : 'The hub is being asked.'
              }
              onClick={() => void lookUpModel(name, endpoint)}
            >
              Look it up
            </Button>
          </div>
          {found && phase !== 'fetching' && <Found found={found} />}
          {phase !== 'idle' && (
            <div className={styles['fetch']}>
              <Progress
                label={
                  phase === 'asking'
                    ? `asking ${host}`
                    : `fetching, ${formatBytes(gotBytes)} of ${formatBytes(totalBytes)}`
                }
                done={phase === 'asking' ? 0 : gotBytes / Math.max(1, totalBytes)}
                total={phase === 'asking' ? 0 : 1}
              />
              <div>
                <Button small icon={Square} onClick={stopHubModel}>
                  Stop
                </Button>
              </div>
            </div>
          )}
        </div>
      </details>
      {error && <ErrorNotice error={error} onDismiss={dismissHubModelError} />}
    </>
  );
}

function Kept({ record }: { record: TabModelRecord }) {
  const sizeBytes = record.files.reduce((sum, file) => sum + file.sizeBytes, 0);
  return (
    <li>
      <span translate="no">{record.name}</span>, {record.precision}, {formatBytes(sizeBytes)}{' '}
      <Button small icon={Play} onClick={() => void openKept(record)}>
        Open
      </Button>{' '}
      <Button small kind="quiet" icon={Trash2} onClick={() => void removeKept(record)}>
        Remove
      </Button>
    </li>
  );
}

function Found({ found }: { found: NonNullable<ReturnType<typeof useHubModel.getState>['found']> }) {
  const { model, variants, chosen } = found;
  const sizeOf = (precision: Precision): string =>
    formatBytes(filesOfVariant(model.files, precision).reduce((sum, { sizeBytes }) => sum + sizeBytes, 0));
  return (
    <>
      <SelectField
        label={`${model.name}: weights kept as`}
        value={chosen}
        options={variants.map(({ precision }) => ({
          value: precision,
          label: `${precision}, ${sizeOf(precision)}`,
        }))}
        onChange={(precision) => choosePrecision(precision as Precision)}
      />
      <p className={styles['meaning']}>Licence: {model.license ?? 'the model’s card does not say'}</p>
      <div>
        <Button kind="primary" icon={Download} onClick={() => void fetchModel()}>
          Fetch {sizeOf(chosen)}
        </Button>
      </div>
    </>
  );
}
