import { Download } from 'lucide-react';
import { useRef, useState } from 'react';
import { formatBytes, formatDuration } from '../../base/units.ts';
import type { HubDataset } from '../../hub/hub-client.ts';
import { HubFields, hostOf } from '../parts/hub-fields.tsx';
import { HubBusy, HubLookUp } from '../parts/hub-look-up.tsx';
import styles from '../parts/hub.module.css';
import { useWanted } from '../state/wanted-from-hub.ts';
import { Button } from '../ui/button.tsx';
import { ChecksField } from '../ui/check-field.tsx';
import { SelectField } from '../ui/field.tsx';
import { ErrorNotice } from '../ui/notice.tsx';
import { plural } from '../words.ts';
import { dismissHubRowsError, fetchRows, lookUpRows, stopHubRows, useHubRows } from './hub-rows-store.ts';

/** Rows by their name on the hub. Folded: most bring files. */
export function HubRows() {
  const { phase, found, error } = useHubRows();
  const wanted = useWanted((state) => state.data);
  const [name, setName] = useState(wanted);
  const [endpoint, setEndpoint] = useState('');
  const token = useRef<HTMLInputElement>(null);
  const isBusy = phase !== 'idle' && phase !== 'found';
  const ask = (): void => void lookUpRows(name, { endpoint, token: token.current?.value ?? '' });
  return (
    <details className={styles['more']} open={wanted !== '' || undefined}>
      <summary>Rows from the hub, by name</summary>
      <section className={styles['room']} aria-label="Rows from the hub">
        <HubLookUp
          label="Name of a dataset on the hub"
          placeholder="cos_e:v1.11"
          name={name}
          onName={setName}
          endpoint={endpoint}
          isBusy={isBusy}
          onLookUp={ask}
          meaning="A configuration follows a colon, a revision an @. It is read as dropped files are."
        />
        <HubFields
          token={token}
          tokenMeaning="For private rows."
          endpoint={endpoint}
          onEndpoint={setEndpoint}
        />
        {error && <ErrorNotice error={error} onDismiss={dismissHubRowsError} />}
        {phase === 'asking' && (
          <HubBusy label={`asking ${hostOf(endpoint)}`} done={0} total={0} onStop={stopHubRows} />
        )}
        {found && <Found key={`${found.name}${found.commit}`} found={found} />}
      </section>
    </details>
  );
}

function Found({ found }: { found: HubDataset }) {
  const { phase, gotBytes, totalBytes, leftMs, wantedConfig } = useHubRows();
  const configs = [...new Set(found.parts.map(({ config }) => config))];
  const [config, setConfig] = useState(
    wantedConfig !== null && configs.includes(wantedConfig) ? wantedConfig : (configs[0] ?? ''),
  );
  const parts = found.parts.filter((part) => part.config === config);
  const [left, setLeft] = useState<readonly string[]>([]);
  const chosen = parts.filter(({ split }) => !left.includes(split));
  const chosenBytes = chosen.flatMap(({ files }) => files).reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  const bytesOf = (split: string): number =>
    parts.find((part) => part.split === split)!.files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  return (
    <div className={styles['found']}>
      <h3 translate="no">{found.name}</h3>
      <p className={styles['meaning']}>
        {found.revision === found.commit ? 'commit' : `${found.revision} is`}{' '}
        <code>{found.commit.slice(0, 7)}</code>, licence {found.license ?? 'not said by its card'}
      </p>
      {configs.length === 0 ? (
        <p>It has no files of rows that are read here.</p>
      ) : (
        <>
          {configs.length > 1 && (
            <SelectField
              label="Configuration"
              options={configs.map((value) => ({ value, label: value }))}
              value={config}
              onChange={(next) => {
                setConfig(next);
                setLeft([]);
              }}
            />
          )}
          <ChecksField
            label="Splits"
            options={parts.map(({ split }) => ({
              value: split,
              label: `${split}, ${formatBytes(bytesOf(split))}`,
            }))}
            values={chosen.map(({ split }) => split)}
            onChange={(values) =>
              setLeft(parts.flatMap(({ split }) => (values.includes(split) ? [] : [split])))
            }
          />
        </>
      )}
      {phase === 'fetching' && (
        <HubBusy
          label={leftMs === null ? 'fetching' : `fetching, ${formatDuration(leftMs)} left`}
          done={gotBytes / Math.max(1, totalBytes)}
          total={1}
          onStop={stopHubRows}
        />
      )}
      {phase === 'reading' && (
        <p className={styles['meaning']}>All of it is here and checked; it is being read.</p>
      )}
      {phase === 'found' && configs.length > 0 && (
        <div>
          <Button
            icon={Download}
            reason={chosen.length === 0 ? 'Choose a split.' : null}
            onClick={() => void fetchRows(chosen)}
          >
            Fetch {plural(chosen.flatMap(({ files }) => files).length, 'file')}, {formatBytes(chosenBytes)}
          </Button>
        </div>
      )}
    </div>
  );
}
