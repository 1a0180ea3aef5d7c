import { Download, Search } from 'lucide-react';
import { useEffect, useRef, useState } from 'react';
import { formatBytes, formatCount, formatDuration, formatParameters } from '../../base/units.ts';
import type { SearchedModel } from '../../hub/hub-client.ts';
import { fittingPreset } from '../../distill/fitting.ts';
import { countParameters } from '../../student/parameters.ts';
import { draftOf, readDraft } from '../recipe/recipe-draft.ts';
import { useRunMemory } from '../state/use-run-memory.ts';
import { studio } from '../state/studio.ts';
import { useStudio } from '../state/studio-store.ts';
import { useWanted } from '../state/wanted-from-hub.ts';
import { Button } from '../ui/button.tsx';
import { CopyButton } from '../ui/copy-button.tsx';
import { ErrorNotice } from '../ui/notice.tsx';
import { plural } from '../words.ts';
import { KnownStudents } from './known-students.tsx';
import { Facts } from '../parts/facts.tsx';
import { HubFields, hostOf } from '../parts/hub-fields.tsx';
import { busyWords, HubBusy, HubLookUp } from '../parts/hub-look-up.tsx';
import styles from '../parts/hub.module.css';
import { freeBytes } from '../state/hub-fetch.ts';
import {
  dismissHubError,
  fetchFound,
  lookUp,
  searchHub,
  stopHub,
  useHub,
  type FoundStudent,
} from './hub-store.ts';

/** A student by its name on the hub: looked up, weighed, fetched. */
export function HubForm() {
  const { phase, found, searched, error, isUnreachable } = useHub();
  const [name, setName] = useState(useWanted((state) => state.student));
  const [endpoint, setEndpoint] = useState('');
  const token = useRef<HTMLInputElement>(null);
  const field = useRef<HTMLInputElement>(null);
  const isBusy = phase !== 'idle' && phase !== 'found';
  const wish = (of: string) => ({ name: of, endpoint, token: token.current?.value ?? '' });
  const ask = (): void => void lookUp(wish(name));
  const choose = (chosen: string): void => {
    setName(chosen);
    field.current?.focus();
  };
  return (
    <section className={styles['hub']} aria-label="A student from the hub">
      <h2>From the hub, by name</h2>
      <HubLookUp
        ref={field}
        label="Name on the hub"
        placeholder="google/flan-t5-small"
        name={name}
        onName={setName}
        endpoint={endpoint}
        isBusy={isBusy}
        onLookUp={ask}
        meaning="A revision follows an @. Afterwards the student lies in this browser and works offline."
      >
        <Button
          icon={Search}
          reason={isBusy ? busyWords : name.trim() === '' ? 'Type a word of its name first.' : null}
          onClick={() => void searchHub(wish(name))}
        >
          Search T5s
        </Button>
      </HubLookUp>
      <details className={styles['more']}>
        <summary>A private one, another hub, or no network</summary>
        <HubFields
          token={token}
          tokenMeaning="For private models."
          endpoint={endpoint}
          onEndpoint={setEndpoint}
        />
        <Command name={name} />
      </details>
      {error && (
        <>
          <ErrorNotice error={error} onDismiss={dismissHubError} />
          {isUnreachable && <Command name={name} />}
        </>
      )}
      {phase === 'asking' && (
        <HubBusy label={`asking ${hostOf(endpoint)}`} done={0} total={0} onStop={stopHub} />
      )}
      {searched !== null && !found && <Searched {...searched} onChoose={choose} />}
      {found && <Found found={found} />}
      <KnownStudents onChoose={choose} />
    </section>
  );
}

/** What a search found; a press fills the field, without a request. */
function Searched({
  words,
  models,
  onChoose,
}: {
  words: string;
  models: readonly SearchedModel[];
  onChoose: (name: string) => void;
}) {
  return (
    <div role="status">
      <p className={styles['meaning']}>
        {models.length === 0 ? 'No T5 has' : `${plural(models.length, 'T5')} with`} “{words}” in the name
        {models.length > 0 && ', the most fetched first'}.
      </p>
      <ul className={styles['searched']} translate="no">
        {models.map(({ name, parameters, downloads, isClosed }) => (
          <li key={name}>
            <Button small kind="quiet" onClick={() => onChoose(name)}>
              {name}
            </Button>{' '}
            <span className={styles['meaning']}>
              {parameters === null ? 'size not said' : `${formatParameters(parameters)} parameters`},{' '}
              {formatCount(downloads)} downloads{isClosed && ', needs a token'}
            </span>
          </li>
        ))}
      </ul>
    </div>
  );
}

/** The one command that fetches the folder elsewhere. */
function Command({ name }: { name: string }) {
  const model = name.trim() === '' ? 'google/flan-t5-small' : name.trim();
  const command = `npm run headless -- download ${model} --out student`;
  return (
    <p className={styles['command']}>
      Where there is a network, this fetches the folder, to be dropped below: <code>{command}</code>{' '}
      <CopyButton text={() => command}>Copy</CopyButton>
    </p>
  );
}

function Found({ found }: { found: FoundStudent }) {
  const { phase, gotBytes, leftMs } = useHub();
  const { model, config, totalBytes } = found;
  const draft = useStudio((state) => state.draft);
  const { recipe } = readDraft(draft);
  const lengths = recipe && { inputTokens: recipe.maxInputTokens, targetTokens: recipe.maxTargetTokens };
  const [memory] = useRunMemory([config], recipe, lengths) ?? [];
  const [free, setFree] = useState<number | null>(null);
  useEffect(() => {
    void freeBytes().then(setFree);
  }, [found]);
  const preset = fittingPreset(countParameters(config));
  const { num_layers: encoder, num_decoder_layers: decoder, vocab_size: pieces } = config;
  const trainingWords =
    memory === undefined
      ? 'counting …'
      : [formatBytes(memory.steadyBytes), ...(memory.problem === null ? [] : [memory.problem])].join('. ');
  const facts: [string, string][] = [
    ['parameters', formatParameters(countParameters(config))],
    ['layers', `${encoder} and ${decoder}`],
    ['vocabulary', plural(pieces, 'token')],
    ['to fetch', `${formatBytes(totalBytes)}, ${plural(model.files.length, 'file')}`],
    ['free for the studio', free === null ? 'not said' : formatBytes(free)],
    ['to train, with this recipe', trainingWords],
    ['preset to begin with', `${preset.title}, ${preset.recipe.learningRate.toExponential()}`],
    ['licence', model.license ?? 'the model’s card does not say'],
  ];
  const words = leftMs === null ? 'fetching' : `fetching, ${formatDuration(leftMs)} left`;
  return (
    <div className={styles['found']}>
      <h3 translate="no">{model.name}</h3>
      <p className={styles['meaning']}>
        {model.revision === model.commit ? 'commit' : `${model.revision} is`}{' '}
        <code>{model.commit.slice(0, 7)}</code>
      </p>
      <Facts facts={facts} />
      {phase === 'fetching' && (
        <HubBusy label={words} done={gotBytes / totalBytes} total={1} onStop={stopHub}>
          <p className={styles['meaning']}>
            {formatBytes(gotBytes)} of {formatBytes(totalBytes)}
          </p>
        </HubBusy>
      )}
      {phase === 'checking' && (
        <p className={styles['meaning']}>All of it is here and checked; it is being read.</p>
      )}
      {phase === 'found' && (
        <div>
          <Button kind="primary" icon={Download} onClick={() => void fetchFound()}>
            Fetch {formatBytes(totalBytes)} and use it
          </Button>
          <Button kind="quiet" onClick={() => studio.setDraft(draftOf(preset.recipe))}>
            Take its preset too
          </Button>
          <p className={styles['meaning']}>
            {gotBytes > 0 && gotBytes < totalBytes
              ? `${formatBytes(gotBytes)} are here; it resumes from there.`
              : `Goes on where it broke off; checked by the hub’s hashes. ${formatCount(model.files.length)} files that a student needs, and no other.`}
          </p>
        </div>
      )}
    </div>
  );
}
